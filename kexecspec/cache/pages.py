"""Runs, laps and invariants about one system as text, and read back for it.

Reading believes little: expressions must have a sort over the system's variables, and a run is only its first state
and the numbers of its rules, which are fired again, so that what comes out is a run of the system that ends where it
has to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kexecspec.cache.terms import Malformed, Row, Table, chosen, listed, read_rows
from kexecspec.ir.evaluate import evaluate, is_initial
from kexecspec.ir.moves import Moves, moves_of
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Invariant, Place, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.typing import SortError, sort_of
from kexecspec.ir.values import BoolSort, Sort
from kexecspec.ir.verdict import Lap

_LONGEST = 100_000
"""Steps of a run; the longest that are known have some thousands."""


@dataclass
class Page:
    """What is written about one system: expressions and invariants once, and then whatever refers to them."""

    rules: Mapping[str, int]
    table: Table = field(default_factory=Table)
    invariants: list[Row] = field(default_factory=list)
    numbers: dict[Invariant, int] = field(default_factory=dict)

    def invariant(self, invariant: Invariant) -> int:
        """The number of an invariant."""
        found = self.numbers.get(invariant)
        if found is None:
            place = invariant.place
            where = None if place is None else [place.path, place.line, place.column]
            found = self.numbers[invariant] = len(self.invariants)
            self.invariants.append([invariant.name, self.table.number(invariant.holds), where])
        return found

    def run(self, trace: Trace) -> Row:
        """A run, without the states that follow from it."""
        return [dict(trace.initial), [self.rules[step.rule] for step in trace.steps]]

    def text(self, said: Sequence[Row]) -> str:
        """The page, in ASCII."""
        content = {"terms": self.table.rows, "invariants": self.invariants, "said": said}
        return json.dumps(content, separators=(",", ":"))


def page_for(system: TransitionSystem) -> Page:
    """An empty page about `system`."""
    return Page({rule.name: number for number, rule in enumerate(system.rules)})


def lap_row(lap: Lap | None) -> Row | None:
    """A lap as a row."""
    return None if lap is None else [lap.start, lap.length, lap.times, lap.counter, lap.gain]


class Reading:
    """A page that is read for `system`. Making one raises Malformed, and so do its methods; what else they may raise is
    in WRONG."""

    def __init__(self, text: str, system: TransitionSystem) -> None:
        content = json.loads(text)
        terms, known = read_rows(content["terms"]), dict[Expr, Sort]()
        self.system = system
        self.said = [listed(row) for row in listed(content["said"])]
        self._invariants = [_invariant(one, terms, system, known) for one in listed(content["invariants"])]

    @cached_property
    def _moves(self) -> Moves:
        return moves_of(self.system)

    def invariants(self, numbers: Any) -> tuple[Invariant, ...]:
        """The invariants that have these numbers."""
        return tuple(chosen(self._invariants, number) for number in listed(numbers))

    def run(self, run: Any, where: Expr) -> Trace:
        """The run from its first state by its rules; it has to end in `where`."""
        initial, numbers = run
        if list(initial) != list(self.system.variables) or not is_initial(self.system, initial):
            raise Malformed("no run begins there")
        if len(listed(numbers)) > _LONGEST:
            raise Malformed("a run without end")
        names, rules, row, steps = tuple(initial), self.system.rules, tuple(initial.values()), list[Step]()
        for number in numbers:
            after = chosen(self._moves.all, number).after(row)
            if after is None:
                raise Malformed(f"{rules[number].name} may not fire there")
            row = after
            steps.append(Step(rules[number].name, dict(zip(names, row, strict=True))))
        trace = Trace(initial, tuple(steps))
        if not evaluate(where, trace.last):
            raise Malformed("a run that ends elsewhere")
        return trace

    def lap(self, lap: Any, trace: Trace) -> Lap | None:
        """A lap that lies in `trace`."""
        match lap:
            case None:
                return None
            case [int(start), int(length), int(times), str(counter), int(gain)] if counter in self.system.variables:
                if min(start, length - 1, times - 1) >= 0 and start + length * times <= len(trace.steps):
                    return Lap(start, length, times, counter, gain)
        raise Malformed("a lap that is not in its run")


WRONG = (ValueError, TypeError, KeyError, RecursionError, SortError)
"""What reading may raise where a page was never written so, apart from Malformed."""


def _invariant(row: Any, terms: Sequence[Expr], system: TransitionSystem, known: dict[Expr, Sort]) -> Invariant:
    match row:
        case [str(name), place, None | [str(), int(), int()] as where]:
            holds: Expr = chosen(terms, place)
            if not isinstance(sort_of(holds, system.variables, known), BoolSort):
                raise Malformed("an invariant that is no truth value")
            return Invariant(name, holds, None if where is None else Place(*where))
    raise Malformed("no invariant where there has to be one")
