"""Judgements as findings: steps with sentences, reasons, and what follows from one finding for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kexecspec.findings import Finding, StepShown
from kexecspec.ir.nodes import FALSE, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Counterexample, Exhausted, Judgement, Proof, Verdict
from kexecspec.platform.facts import Platform

ANY, SECURE = "machine", "tee_driver"
NOT_MODELLED = (
    (SECURE, "fragmentation of the secure heap; the arithmetic counts bytes"),
    (SECURE, "sessions of user space in the secure heap"),
    (SECURE, "the 32 MiB window of the secure world's virtual addresses"),
    (SECURE, "registrations that a client's driver makes and drops within one operation, and over SMC the page of the "
             "enumeration's list: the first client that registers is refused in its place"),
    (SECURE, "on which of the secure threads a dead kernel's cached argument sits: any call may meet it"),
    ("smmu", "translation faults between a stream's attachment and the reset of its device"),
    ("smmu", "page tables that an SMMU still walks in memory reused by the next kernel, but for its masters' own work"),
    (ANY, "GICs apart from their LPI tables, remote processors, TPM state, EFI runtime services"),
    (ANY, "CPU hotplug and PSCI: every CPU is taken to stop"),
    ("device", "power domains and clocks of SMMUs and masters"),
)
"""What is left out, each with the kind of part that a platform must have for it to matter."""


def finding(system: TransitionSystem, prop: Property, judgement: Judgement | None) -> Finding:
    """The finding about `prop`; without a judgement it is NOT_JUDGED, for its premise is not there."""
    if judgement is None:
        assert same(prop.companion, FALSE)
        return Finding(prop, Verdict.NOT_JUDGED, prop.severity, None, why=prop.absent)
    made = Finding(prop, judgement.verdict, prop.severity, judgement.evidence, why=prop.says)
    match judgement.evidence:
        case Proof() as proof:
            vacuous = proof.witness is None
            why = "its premise can never happen" if vacuous else proof.method
            return replace(made, why=why, vacuous=vacuous)
        case Counterexample() as counterexample:
            return replace(
                made,
                steps=steps(system, counterexample.trace),
                trace=counterexample.trace,
                handoffs=counterexample.handoffs,
                decided_by=counterexample.decided_by,
            )
        case Exhausted(reason, depth):
            return replace(made, why=reason, bound=depth)


def steps(system: TransitionSystem, trace: Trace) -> tuple[StepShown, ...]:
    """The steps of `trace` with what each says and changes."""
    rules = {rule.name: rule for rule in system.rules}
    shown, before, generation = [], trace.initial, 1
    for number, step in enumerate(trace.steps, 1):
        rule = rules[step.rule]
        changed = {name: (before[name], value) for name, value in step.state.items() if before[name] != value}
        place = rule.place
        shown.append(
            StepShown(
                number,
                generation,
                rule.actor,
                rule.name,
                rule.says or rule.name,
                changed,
                place.path if place else None,
                place.line if place else None,
                rule.operation,
            )
        )
        generation += rule.handoff
        before = step.state
    return tuple(shown)


def not_modelled(platform: Platform) -> tuple[str, ...]:
    """What is left out that a platform with these parts has."""
    return tuple(topic for kind, topic in NOT_MODELLED if kind == ANY or platform.of_kind(kind))


def summary(platform: Platform) -> Mapping[str, int]:
    """What the platform has, in numbers."""
    return {
        "drivers": len({e.driver for e in platform.of_kind("walker")}),
        "TEE clients": sum("tee_driver" not in e.kinds for e in platform.of_kind("client")),
        "SMMUs": len(platform.of_kind("smmu")),
        "DMA masters": len(platform.of_kind("device")),
        "kernels": len(platform.kernels),
        "handoffs": len(platform.edges),
    }
