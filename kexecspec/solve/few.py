"""Judging a system that has few states as a whole: all of them are looked at once, and every answer is read off them.

No slice, no invariant and no solver is needed for that. A run found so takes the fewest handoffs and then the fewest
steps; where no state is wrong, the states themselves are the proof (`closed.py` looks at it again).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kexecspec.explore import Sweep
from kexecspec.ir.evaluate import OutOfRange, compiled
from kexecspec.ir.expr import negate
from kexecspec.ir.nodes import Expr
from kexecspec.ir.slice import cone, roots
from kexecspec.ir.system import Mode, Property, TransitionSystem
from kexecspec.ir.trace import Runs, Trace, handoffs
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Counterexample, Evidence, Judgement, Proof, Verdict
from kexecspec.solve.answers import Disagreement
from kexecspec.solve.facts import is_tried, unknown_facts

FEW = 2000
"""So many states are looked at in the time that the solving of a few slices takes."""


def judged_by_states(
    system: TransitionSystem, properties: Sequence[Property], limit: int = FEW
) -> tuple[Judgement, ...] | None:
    """As `judge.judge`, of a system that has at most `limit` states; None for one that has more, or in which a rule
    would take a number out of its range."""
    sweep = Sweep(system, limit, strict=True)
    try:
        look = _Look(system, sweep)
    except OutOfRange:
        return None
    return look.judgements(properties) if look.complete else None


def evidence_by_states(system: TransitionSystem, prop: Property, limit: int = FEW) -> Evidence | None:
    """As `judged_by_states`, for one property that is always to hold: a run to what is wrong counts where there are
    more states, too."""
    sweep = Sweep(system, limit, strict=True)
    try:
        run = sweep.seek(negate(prop.holds))
    except OutOfRange:
        return None
    if run is not None:
        return Counterexample(run, handoffs(system, run), True, None)
    (seen,) = sweep.nearest((prop.companion,))
    return Proof((), "all states", seen, tuple(sweep.origins)) if sweep.complete else None


class _Look:
    """A system all of whose states are known, if it is `complete`."""

    def __init__(self, system: TransitionSystem, sweep: Sweep) -> None:
        self.system, self.sweep = system, sweep
        self.complete = sweep.exhaust()
        self.rows = tuple(sweep.origins)
        self.places = {name: place for place, name in enumerate(system.variables)}
        self.facts = unknown_facts(system)

    def judgements(self, properties: Sequence[Property]) -> tuple[Judgement, ...]:
        """A judgement for each of `properties`."""
        wanted = [prop.holds if prop.mode is Mode.SOMETIMES else negate(prop.holds) for prop in properties]
        runs = self._runs([*wanted, *(prop.companion for prop in properties)])
        met, seen = runs[: len(properties)], runs[len(properties) :]
        return tuple(map(self._judged, properties, met, seen))

    def _judged(self, prop: Property, met: Trace | None, seen: Trace | None) -> Judgement:
        facts = self._facts(prop)
        verdict, evidence = Verdict.PROVED, Proof((), "all states", seen, self.rows)
        match prop.mode, met:
            case Mode.SOMETIMES, None:
                verdict = Verdict.REFUTED
            case Mode.SOMETIMES, Trace():
                evidence = Proof((), "run", met)
            case Mode.ALWAYS, Trace():
                return Judgement(prop.id, Verdict.REFUTED, self._counterexample(prop, met, facts), facts)
        return Judgement(prop.id, verdict, evidence, facts)

    def _counterexample(self, prop: Property, run: Trace, facts: Mapping[str, str]) -> Counterexample:
        wrong = negate(prop.holds)
        decided = tuple((name, run.initial[name]) for name in facts if self._decides(name, run.initial[name], wrong))
        return Counterexample(run, handoffs(self.system, run), True, None, decided)

    def _runs(self, targets: Sequence[Expr]) -> list[Trace | None]:
        """The nearest run to each of `targets`; None where there is none. Raises Disagreement where the rules do not
        allow it."""
        runs, look = self.sweep.nearest(targets), Runs(self.system)
        for run, target in zip(runs, targets, strict=True):
            complaint = None if run is None else look.objection(run, target)
            if complaint is not None:
                raise Disagreement(complaint)
        return runs

    def _facts(self, prop: Property) -> dict[str, str]:
        """The unknown facts on which `prop` depends."""
        if not self.facts:
            return {}
        near = cone(self.system, roots(self.system, prop))
        return {name: sort for name, sort in self.facts.items() if name in near}

    def _decides(self, name: str, value: Value, wrong: Expr) -> bool:
        """Whether nothing is `wrong` unless the unknown fact `name` has this `value`."""
        if not is_tried(self.system.variables[name].sort):
            return False
        place, holds = self.places[name], compiled(wrong, self.places)
        return not any(row[place] != value and holds(row) for row in self.rows)
