"""A run of a slice as a run of the whole system: the steps the slice left out are found and put in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.ir.evaluate import OutOfRange, compiled, fire, initial_states
from kexecspec.ir.expr import Const, references
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import State, Value
from kexecspec.ir.verdict import Lap

_STATES = 5000


@dataclass(frozen=True)
class Lifted:
    """The run of the whole system, and for each step of the slice where it stands in it."""

    trace: Trace
    places: tuple[int, ...]


@dataclass(frozen=True)
class Blocked:
    """The step that the whole system never lets happen, and the variables it waits for."""

    rule: str
    waits_for: frozenset[str]


class Lifter:
    """Lifts runs of one slice; keeps the compiled guards of the whole system."""

    def __init__(self, whole: TransitionSystem, part: TransitionSystem) -> None:
        self.whole = whole
        self.part = part
        self.index = {name: place for place, name in enumerate(whole.variables)}
        self.rules = {rule.name: rule for rule in whole.rules}
        self.others = tuple(rule for rule in whole.rules if part.variables.keys().isdisjoint(rule.effect))
        self.guards: dict[str, Callable[[tuple[Value, ...]], Value]] = {}

    def lift(self, trace: Trace) -> Lifted | Blocked:
        """`trace` with steps of other rules between its own, few and greedily; or the first step in the
        way."""
        state = self._start(trace.initial)
        if state is None:
            return Blocked("", frozenset(self.whole.variables))
        first, steps, places = state, list[Step](), list[int]()
        for wanted in trace.steps:
            rule = self.rules[wanted.rule]
            between = self._until(state, rule)
            if between is None:
                hidden = frozenset[str]().union(*(references(part) for part in rule.order))
                return Blocked(rule.name, hidden - self.part.variables.keys() or frozenset(self.whole.variables))
            steps.extend(between)
            state = fire(self.whole, rule, between[-1].state if between else state)
            places.append(len(steps))
            steps.append(Step(rule.name, state))
        return Lifted(Trace(first, tuple(steps)), tuple(places))

    def _start(self, initial: State) -> dict[str, Value] | None:
        """The first initial state of the whole system that agrees with the slice's."""
        fixed = {name: Const(value) for name, value in initial.items()}
        variables = {
            name: replace(var, initial=fixed[name]) if name in fixed and var.initial is None else var
            for name, var in self.whole.variables.items()
        }
        return next(initial_states(replace(self.whole, variables=variables)), None)

    def _enabled(self, rule: Rule, row: tuple[Value, ...]) -> bool:
        guard = self.guards.get(rule.name)
        if guard is None:
            guard = self.guards[rule.name] = compiled(rule.enabled, self.index)
        return bool(guard(row))

    def _until(self, state: State, rule: Rule) -> tuple[Step, ...] | None:
        """The fewest steps of rules outside the slice that enable `rule`."""
        start = tuple(state[name] for name in self.index)
        origins: dict[tuple[Value, ...], tuple[tuple[Value, ...], str] | None] = {start: None}
        queue = [start]
        for row in queue:
            if self._enabled(rule, row):
                return self._steps(origins, row)
            for other in self.others if len(origins) < _STATES else ():
                if self._enabled(other, row):
                    after = self._after(other, row)
                    if after is not None and after not in origins:
                        origins[after] = (row, other.name)
                        queue.append(after)
        return None

    def _after(self, rule: Rule, row: tuple[Value, ...]) -> tuple[Value, ...] | None:
        try:
            after = fire(self.whole, rule, dict(zip(self.index, row, strict=True)))
        except OutOfRange:
            return None
        return tuple(after[name] for name in self.index)

    def _steps(
        self,
        origins: Mapping[tuple[Value, ...], tuple[tuple[Value, ...], str] | None],
        row: tuple[Value, ...],
    ) -> tuple[Step, ...]:
        steps: list[Step] = []
        while (origin := origins[row]) is not None:
            steps.append(Step(origin[1], dict(zip(self.index, row, strict=True))))
            row = origin[0]
        return tuple(reversed(steps))


def lifted_lap(lap: Lap | None, places: Sequence[int]) -> Lap | None:
    """The lap of a slice's run in the lifted run, as far as it repeats there; None where it does not."""
    if lap is None:
        return None
    ends = [lap.start + lap.length * number for number in range(lap.times + 1)]
    marks = [places[end - 1] + 1 if end else 0 for end in ends]
    lengths = [after - before for before, after in itertools.pairwise(marks)]
    while len(lengths) > 1 and lengths[0] != lengths[-1]:
        del lengths[0], marks[0]
    if len(lengths) < 2 or len(set(lengths)) > 1:
        return None
    return replace(lap, start=marks[0], length=lengths[0], times=len(lengths))
