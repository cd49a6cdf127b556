"""Nothing is believed on one party's word: proofs are re-checked, refutations replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kexecspec.findings import Finding
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.platform.facts import Platform
from kexecspec.replay.replay import confirm
from kexecspec.solve.recheck import recheck

Findings = list[Finding]


def proofs(system: TransitionSystem, findings: Sequence[Finding]) -> tuple[Findings, tuple[str, ...]]:
    """Re-checks the invariants of all proofs, conjoined, on the unsliced system with a fresh solver.

    Returns the findings and what the second look objects to; a proof with an objection becomes UNKNOWN.
    """
    proved = [f for f in findings if f.verdict is Verdict.PROVED and isinstance(f.evidence, Proof)]
    if not proved:
        return list(findings), ()
    invariants = conjoined(proved)
    objections = recheck(system, invariants, tuple(f.property for f in proved))
    if not objections:
        return list(findings), ()
    return [_doubted(f, objections) for f in findings], objections


def refutations(
    platform: Platform, system: TransitionSystem, findings: Sequence[Finding]
) -> tuple[Findings, tuple[str, ...]]:
    """Replays every refutation on the executable model. One that does not end in the harm becomes UNKNOWN."""
    checked = [_replayed(platform, system, f) if f.verdict is Verdict.REFUTED else f for f in findings]
    disagreements = tuple(
        f"{f.property.id}: replay {f.replay.outcome}: {f.replay.why}"
        for f in checked
        if f.replay is not None and f.replay.outcome != "CONFIRMED"
    )
    return checked, disagreements


def conjoined(proved: Sequence[Finding]) -> tuple[Invariant, ...]:
    """The invariants of all proofs, each once."""
    named: dict[str, Invariant] = {}
    for found in proved:
        if isinstance(found.evidence, Proof):
            for invariant in found.evidence.invariants:
                named.setdefault(f"{invariant.name} {invariant.holds!r}", invariant)
    return tuple(named.values())


def _doubted(found: Finding, objections: tuple[str, ...]) -> Finding:
    if found.verdict is not Verdict.PROVED:
        return found
    return replace(found, verdict=Verdict.UNKNOWN, why=f"its proof was not confirmed: {objections[0]}")


def _replayed(platform: Platform, system: TransitionSystem, found: Finding) -> Finding:
    assert found.trace is not None
    outcome = confirm(platform, system, found.property, found.trace)
    if outcome.outcome == "CONFIRMED":
        return replace(found, replay=outcome)
    why = f"the executable model does not confirm it: {outcome.outcome}: {outcome.why}"
    return replace(found, verdict=Verdict.UNKNOWN, why=why, replay=outcome)
