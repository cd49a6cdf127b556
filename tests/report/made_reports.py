"""Reports made by hand, so that the formats are tested without any engine."""

from __future__ import annotations

from dataclasses import replace

from kexecspec.diagnostics import Span
from kexecspec.findings import Becomes, Finding, Harmed, Hashes, Report, StepShown, Unmet
from kexecspec.ir.expr import equal
from kexecspec.ir.nodes import FALSE, TRUE, Const, Ref
from kexecspec.ir.system import Lifetime, Place, Property, Rule, Var
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.ir.verdict import Counterexample, Exhausted, Lap, Proof, Verdict
from kexecspec.platform.facts import Expectation, Reliance

SHA = "0123456789abcdef" * 4
VARIABLES = {
    "kernel": Var("kernel", EnumSort(("prod",)), Const("prod"), Lifetime.KERNEL),
    "phase": Var("phase", EnumSort(("boot", "up")), Const("boot"), Lifetime.KERNEL),
    "bnxt.held": Var("bnxt.held", BOOL, FALSE, Lifetime.KERNEL),
    "tee.stale": Var("tee.stale", IntSort(0, 2**60), Const(0), Lifetime.PLATFORM),
}
RULES = (
    Rule(
        "bnxt.probe",
        "bnxt",
        TRUE,
        {"bnxt.held": TRUE},
        says="bnxt registers 4 MiB",
        operation=("bnxt", "probe"),
        place=Place("specs/drivers/tee_bnxt_fw.yaml", 17),
    ),
    Rule("kexec", "kernel", TRUE, {"bnxt.held": FALSE}, says="the jump to prod", handoff=True),
)


def prop(code: str, instance: str = "bnxt", handoff: str = "kexec", severity: str = "error") -> Property:
    return Property(
        code,
        instance,
        handoff,
        equal(Ref("phase"), Const("boot")),
        TRUE,
        "EXHAUSTION",
        severity,
        f"{instance} cannot do what it needs",
        place=Place("boards/acme.yaml", 7, 3),
    )


def run(rounds: int) -> tuple[Trace, tuple[StepShown, ...]]:
    """Probe and kexec, `rounds` times."""
    state = {"kernel": "prod", "phase": "boot", "bnxt.held": False, "tee.stale": 0}
    steps: list[Step] = []
    shown: list[StepShown] = []
    first = dict(state)
    for generation in range(1, rounds + 1):
        for rule in RULES:
            before = dict(state)
            state |= {"bnxt.held": True} if not rule.handoff else {"bnxt.held": False, "tee.stale": generation * 96}
            steps.append(Step(rule.name, dict(state)))
            changed = {n: (before[n], state[n]) for n in state if before[n] != state[n]}
            place = rule.place
            shown.append(
                StepShown(
                    len(steps),
                    generation,
                    rule.actor,
                    rule.name,
                    rule.says,
                    changed,
                    place.path if place else None,
                    place.line if place else None,
                    rule.operation,
                )
            )
    return Trace(first, tuple(steps)), tuple(shown)


def proved(code: str = "KX101", **more: object) -> Finding:
    return replace(
        Finding(prop(code), Verdict.PROVED, "error", Proof((), "inductive", run(1)[0]), why="inductive"),
        **more,
    )


def refuted(code: str = "KX103", rounds: int = 4, lap: Lap | None = None, **more: object) -> Finding:
    trace, steps = run(rounds)
    log = ("tee_bnxt_fw: probe of optee-clnt0 failed with error -22",)
    found = Finding(
        prop(code),
        Verdict.REFUTED,
        "error",
        Counterexample(trace, rounds, True, lap),
        why="",
        steps=steps,
        trace=trace,
        handoffs=rounds,
        replay=Harmed("CONFIRMED", "EXHAUSTION", "tee_bnxt_fw", log),
    )
    return replace(found, **more)


def unknown(bound: int | None = 12) -> Finding:
    return Finding(
        prop("KX301", "eth0"),
        Verdict.UNKNOWN,
        "error",
        Exhausted("rlimit 40000000", 12),
        "rlimit 40000000",
        bound=bound,
    )


def not_judged() -> Finding:
    return Finding(prop("KX201", "optee"), Verdict.NOT_JUDGED, "error", None, "there is no such part")


def vacuous() -> Finding:
    return proved("KX106", vacuous=True, why="vacuous: its premise can never happen")


def leak() -> Finding:
    return refuted("KX102", 1, becomes=Becomes("KX103", 4))


def disagreeing() -> Finding:
    found = refuted("KX104", 1)
    return replace(found, verdict=Verdict.UNKNOWN, replay=Harmed("DIVERGED", None, "step 2", (), "the pages differ"))


def unmet() -> Unmet:
    return Unmet(Expectation("KX103/bnxt", "REFUTED", 4, "EXHAUSTION", Span("boards/acme.yaml", 30, 3)), "PROVED")


def report(*findings: Finding, **more: object) -> Report:
    made = Report(
        platform="acme-r1",
        path="boards/acme.yaml",
        summary={"drivers": 2, "TEE clients": 1, "SMMUs": 0, "handoffs": 1},
        findings=findings,
        assumptions=(Reliance("the fabric drains", "default"),),
        reliances=(Reliance("threads: 2", "the board is not known", "secure_world"),),
        not_modelled=("GIC state", "CPU hotplug"),
        unmet=(),
        met=0,
        objections=(),
        hashes=Hashes(SHA, SHA, SHA, "5.4.0"),
        variables=VARIABLES,
        rules=RULES,
    )
    return replace(made, **more)
