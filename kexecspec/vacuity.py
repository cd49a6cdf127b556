"""Whether the verdicts are about anything: each handoff of the file has to be one that some run takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kexecspec.findings import Finding, Taken
from kexecspec.handoff_runs import straight_run, taking
from kexecspec.ir.moves import moves_of
from kexecspec.ir.nodes import TRUE
from kexecspec.ir.system import Mode, Place, Property, Rule, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Judgement, Proof, Verdict
from kexecspec.platform.facts import Edge, Platform

HANDOFF = "handoff"


def runs(platform: Platform, system: TransitionSystem) -> dict[str, Trace]:
    """Runs that take handoffs of the file, by the names of these, as far as they are found without a search."""
    moves = moves_of(system)
    found = {e.name: straight_run(system, moves, platform.edges, e, platform.first) for e in platform.edges}
    return {name: run for name, run in found.items() if run is not None}


def questions(platform: Platform, system: TransitionSystem, known: Mapping[str, Trace]) -> tuple[Property, ...]:
    """For each other handoff that a rule of `system` can take: that some run reaches it."""
    made = ((edge, taking(system, edge)) for edge in platform.edges if edge.name not in known)
    return tuple(_wanted(edge, rule) for edge, rule in made if rule is not None)


def taken(platform: Platform, known: Mapping[str, Trace], judgements: Mapping[str, Judgement]) -> tuple[Taken, ...]:
    """What the runs that are known and the answers to the questions say of each handoff of the file; one without
    either is never taken."""
    return tuple(_taken(e, known.get(e.name), judgements.get(_question(e))) for e in platform.edges)


def emptied(findings: Sequence[Finding], found: Sequence[Taken]) -> list[Finding]:
    """The findings; a proof about a kind of handoff of which none is ever taken is vacuous."""
    there: dict[str, list[Taken]] = {}
    for one in found:
        there.setdefault(one.kind, []).append(one)
    never = {kind: all(one.verdict is Verdict.REFUTED for one in of_kind) for kind, of_kind in there.items()}
    return [_emptied(finding, never.get(finding.property.handoff, False)) for finding in findings]


def _question(edge: Edge) -> str:
    return f"{HANDOFF}/{edge.name}@{edge.kind}"


def _wanted(edge: Edge, rule: Rule) -> Property:
    says = "the handoff is taken"
    return Property(HANDOFF, edge.name, edge.kind, rule.enabled, TRUE, "", mode=Mode.SOMETIMES, says=says)


def _taken(edge: Edge, run: Trace | None, judgement: Judgement | None) -> Taken:
    place = Place(edge.span.path, edge.span.line, edge.span.column) if edge.span else None
    if run is None and judgement is not None and isinstance(judgement.evidence, Proof):
        run = judgement.evidence.witness
    if run is not None:
        return Taken(edge.name, edge.kind, place, Verdict.PROVED, len(run.steps) + 1, run)
    return Taken(edge.name, edge.kind, place, Verdict.REFUTED if judgement is None else judgement.verdict)


def _emptied(finding: Finding, never: bool) -> Finding:
    if not never or finding.vacuous or finding.verdict is not Verdict.PROVED:
        return finding
    return replace(finding, vacuous=True, why=f"no {finding.property.handoff} is ever taken")
