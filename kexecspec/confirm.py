"""Nothing is believed on one party's word: proofs are re-checked, refutations replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from kexecspec.findings import Finding
from kexecspec.ir.moves import Row
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Invariant, Property, TransitionSystem
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.library import Library, library
from kexecspec.platform.facts import Platform
from kexecspec.replay.replay import confirmed
from kexecspec.replay.stage import House
from kexecspec.solve import closed
from kexecspec.solve.aside import SolverDied, aside
from kexecspec.solve.budget import OutOfBudget

Findings = list[Finding]
T = TypeVar("T")


def proofs(
    system: TransitionSystem, full: Callable[[], TransitionSystem], findings: Sequence[Finding], inside: bool = False
) -> tuple[Findings, tuple[str, ...]]:
    """Re-checks the invariants of all proofs, conjoined, on the unsliced system with a fresh solver, in a process of
    its own unless `inside`; and the lists of states.

    Returns the findings and what the second look objects to; a proof with an objection becomes UNKNOWN, and so does
    one at which nobody could look. Where all that is objected to is that a number might leave its range, that is judged
    too, and what shows it becomes part of the proofs; `full` gives the system with all that is known of it for that.
    """
    proved = [f for f in findings if f.verdict is Verdict.PROVED and isinstance(f.evidence, Proof)]
    listed = _listed(system, proved)
    if listed:
        return [_doubted(f, listed[0]) for f in findings], listed
    proved = [f for f in proved if not _states(f)]
    if not proved:
        return list(findings), ()
    invariants, properties = conjoined(proved), tuple(f.property for f in proved)
    objections, died = _rechecked(system, invariants, properties, inside)
    more: tuple[Invariant, ...] = ()
    if objections:
        from kexecspec.solve.ranged import in_range

        more, _ = _aside(in_range, more, inside, full(), invariants)
    if more:
        objections, died = _rechecked(system, (*invariants, *more), properties, inside)
    if not objections and died is None:
        return [_with(f, more) for f in findings], ()
    return [_doubted(f, died or objections[0]) for f in findings], objections


def _listed(system: TransitionSystem, proved: Sequence[Finding]) -> tuple[str, ...]:
    """What is wrong with those proofs that are a list of all states."""
    lists: dict[tuple[Row, ...], list[Property]] = {}
    for found in proved:
        if rows := _states(found):
            lists.setdefault(rows, []).append(found.property)
    return tuple(said for rows, properties in lists.items() for said in closed.objections(system, rows, properties))


def _states(found: Finding) -> tuple[Row, ...]:
    return found.evidence.reached if isinstance(found.evidence, Proof) else ()


def _with(found: Finding, more: Sequence[Invariant]) -> Finding:
    if not more or found.verdict is not Verdict.PROVED or not isinstance(found.evidence, Proof):
        return found
    return replace(found, evidence=replace(found.evidence, invariants=(*found.evidence.invariants, *more)))


def _rechecked(
    system: TransitionSystem, invariants: Sequence[Invariant], properties: Sequence[Property], inside: bool
) -> tuple[tuple[str, ...], str | None]:
    """The objections, or why there is no answer."""
    from kexecspec.solve.recheck import recheck

    return _aside(recheck, (), inside, system, invariants, properties)


def _aside(function: Callable[..., T], otherwise: T, inside: bool, *arguments: object) -> tuple[T, str | None]:
    """What a process of its own says, or `otherwise` and why that has no answer: its budget, or how it died, twice."""
    why = None
    for _ in range(2):
        try:
            return aside(function, *arguments, inside=inside), None
        except OutOfBudget as reason:
            return otherwise, str(reason)
        except SolverDied as death:
            why = str(death)
    return otherwise, why


def refutations(
    platform: Platform, system: TransitionSystem, findings: Sequence[Finding], specs: Library | None = None
) -> tuple[Findings, tuple[str, ...]]:
    """Replays every refutation on the executable model. One that does not end in the harm becomes UNKNOWN."""
    if not any(found.verdict is Verdict.REFUTED for found in findings):
        return list(findings), ()
    house = House(platform, specs or library())
    checked = [_replayed(house, system, f) if f.verdict is Verdict.REFUTED else f for f in findings]
    disagreements = tuple(
        f"{f.property.id}: replay {f.replay.outcome}: {f.replay.why}"
        for f in checked
        if f.replay is not None and f.replay.outcome != "CONFIRMED"
    )
    return checked, disagreements


def conjoined(proved: Sequence[Finding]) -> tuple[Invariant, ...]:
    """The invariants of all proofs, each once."""
    named: dict[tuple[str, Expr], Invariant] = {}
    for found in proved:
        if isinstance(found.evidence, Proof):
            for invariant in found.evidence.invariants:
                named.setdefault((invariant.name, invariant.holds), invariant)
    return tuple(named.values())


def _doubted(found: Finding, why: str) -> Finding:
    if found.verdict is not Verdict.PROVED:
        return found
    return replace(found, verdict=Verdict.UNKNOWN, why=f"its proof was not confirmed: {why}")


def _replayed(house: House, system: TransitionSystem, found: Finding) -> Finding:
    assert found.trace is not None
    outcome = confirmed(house, system, found.property, found.trace)
    if outcome.outcome == "CONFIRMED":
        return replace(found, replay=outcome)
    why = f"the executable model does not confirm it: {outcome.outcome}: {outcome.why}"
    return replace(found, verdict=Verdict.UNKNOWN, why=why, replay=outcome)
