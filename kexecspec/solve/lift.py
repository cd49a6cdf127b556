"""A run of a slice as a run of the whole system: the steps the slice left out are found and put in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.explore import Origin
from kexecspec.ir.evaluate import compiled, initial_states
from kexecspec.ir.moves import Move, Moves, Row
from kexecspec.ir.nodes import Const, Expr
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import State, Value
from kexecspec.ir.verdict import Lap
from kexecspec.ir.walk import references

_STATES = 3000


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
    """Lifts runs of one slice; `moves` are the compiled rules of the whole system."""

    def __init__(self, whole: TransitionSystem, part: TransitionSystem, moves: Moves) -> None:
        self.whole = whole
        self.part = part
        self.index = {name: place for place, name in enumerate(whole.variables)}
        self.moves = moves
        self.rules = {rule.name: rule for rule in whole.rules}
        self.numbers = {rule.name: number for number, rule in enumerate(whole.rules)}
        self.others = tuple(rule for rule in whole.rules if part.variables.keys().isdisjoint(rule.effect))
        self.tests: dict[int, tuple[Expr, Callable[[Row], Value]]] = {}

    def lift(self, trace: Trace) -> Lifted | Blocked:
        """`trace` with steps of other rules between its own, as few as a search from step to step finds; or
        the first step in the way."""
        row = self._start(trace.initial)
        if row is None:
            return Blocked("", frozenset(self.whole.variables))
        first, steps, places = row, list[tuple[int, Row]](), list[int]()
        for wanted in trace.steps:
            rule, move = self.rules[wanted.rule], self.moves.all[self.numbers[wanted.rule]]
            between = self._until(row, rule)
            after = None if between is None else move.after(between[-1][1] if between else row)
            if between is None or after is None:
                return Blocked(rule.name, self._hidden(rule))
            steps.extend(between)
            places.append(len(steps))
            steps.append((move.number, after))
            row = after
        whole = tuple(Step(self.whole.rules[number].name, self._state(row)) for number, row in steps)
        return Lifted(Trace(self._state(first), whole), tuple(places))

    def _hidden(self, rule: Rule) -> frozenset[str]:
        """The variables outside the slice that `rule` waits for."""
        names = frozenset[str]().union(*(references(part) for part in rule.order))
        return names - self.part.variables.keys() or frozenset(self.whole.variables)

    def _start(self, initial: State) -> Row | None:
        """The first initial state of the whole system that agrees with the slice's. First values may refer to unknown
        facts, so those that the slice has settled come first."""
        settled = {
            name: replace(var, initial=Const(initial[name]))
            for name, var in self.whole.variables.items()
            if name in initial and var.initial is None
        }
        state = next(initial_states(replace(self.whole, variables=settled | {**self.whole.variables, **settled})), None)
        return None if state is None else tuple(state[name] for name in self.index)

    def _state(self, row: Row) -> dict[str, Value]:
        return dict(zip(self.index, row, strict=True))

    def _holds(self, expr: Expr, row: Row) -> bool:
        entry = self.tests.get(id(expr))
        if entry is None:
            entry = self.tests[id(expr)] = (expr, compiled(expr, self.index))
        return bool(entry[1](row))

    def _until(self, row: Row, rule: Rule) -> list[tuple[int, Row]] | None:
        """Steps of rules outside the slice that enable `rule`: one conjunct after the other, and where that
        does not do, all at once."""
        if self.moves.all[self.numbers[rule.name]].after(row) is not None:
            return []
        found: list[tuple[int, Row]] = []
        met: list[Expr] = [part for part in (rule.guard, *rule.order) if self._holds(part, row)]
        for part in (part for part in (rule.guard, *rule.order) if part not in met):
            met.append(part)
            steps = self._nearest(found[-1][1] if found else row, met, part)
            if steps is None:
                return self._search(row, (rule.guard, *rule.order), self.others)
            found.extend(steps)
        return found

    def _nearest(self, row: Row, wanted: Sequence[Expr], part: Expr) -> list[tuple[int, Row]] | None:
        """Steps to where `wanted` holds, by the rules that bear on `part`: first those that write its
        variables, then also those that write what these read."""
        for rules in self._circles(references(part)):
            steps = self._search(row, wanted, rules)
            if steps is not None:
                return steps
        return None

    def _circles(self, names: frozenset[str]) -> Iterator[tuple[Rule, ...]]:
        known: tuple[Rule, ...] = ()
        while True:
            rules = tuple(rule for rule in self.others if not names.isdisjoint(rule.effect))
            if len(rules) == len(known):
                return
            yield rules
            known = rules
            names = names.union(*(references(rule.enabled) for rule in rules))

    def _search(self, row: Row, wanted: Sequence[Expr], rules: Sequence[Rule]) -> list[tuple[int, Row]] | None:
        """The fewest steps of `rules` to a state where all of `wanted` holds."""
        numbers = frozenset(self.numbers[rule.name] for rule in rules)
        origins: dict[Row, Origin] = {row: None}
        queue = [row]
        for state in queue:
            if all(self._holds(part, state) for part in wanted):
                return _steps(origins, state)
            for move, after in self._following(state, numbers if len(origins) < _STATES else frozenset()):
                if after not in origins:
                    origins[after] = (state, move.number)
                    queue.append(after)
        return None

    def _following(self, row: Row, numbers: frozenset[int]) -> Iterator[tuple[Move, Row]]:
        for move in self.moves.at(row):
            after = move.after(row) if move.number in numbers else None
            if after is not None:
                yield move, after


def _steps(origins: Mapping[Row, Origin], row: Row) -> list[tuple[int, Row]]:
    steps: list[tuple[int, Row]] = []
    while (origin := origins[row]) is not None:
        steps.append((origin[1], row))
        row = origin[0]
    return steps[::-1]


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
