"""The states that one part of a platform can be in, as a graph, each with its phase and what can be reached in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from kexecspec.explore import Sweep
from kexecspec.exposure.asked import Phase, Questions, Reach
from kexecspec.ir.evaluate import compiled_each
from kexecspec.ir.moves import Row

Step = tuple[Row, int, Row]
"""A state, the number of a rule, and the state after it."""


class States:
    """The states of a system that are looked at first, at most `limit`; all there are if `complete`."""

    def __init__(self, asked: Questions, limit: int) -> None:
        self.asked = asked
        sweep = Sweep(asked.system, limit)
        self.complete = sweep.exhaust()
        self.rows, self._moves = sweep.origins.keys(), sweep.moves
        places = {name: place for place, name in enumerate(asked.system.variables)}
        self._phases = compiled_each([expr for _, expr in asked.phases], places)
        self._reaches = compiled_each([expr for _, expr in asked.reaches], places)
        self._known: dict[Row, Reach | None] = {}
        self._after: dict[Row, tuple[tuple[int, Row], ...]] = {}

    def phase(self, row: Row, old: bool) -> Phase | None:
        """The first phase of a side that a state is in."""
        there = self._phases(row)
        return next((p for (p, _), yes in zip(self.asked.phases, there, strict=True) if yes and p.old == old), None)

    def reach(self, row: Row) -> Reach | None:
        """The gravest that can be reached in a state."""
        if row not in self._known:
            there = zip(self.asked.reaches, self._reaches(row), strict=True)
            self._known[row] = next((reach for (reach, _), yes in there if yes), None)
        return self._known[row]

    def unsafe(self, row: Row) -> bool:
        """Whether something unsafe can be reached in a state."""
        reach = self.reach(row)
        return reach is not None and reach.unsafe

    def steps(self, row: Row) -> tuple[tuple[int, Row], ...]:
        """The rules that may fire in a state, by number, and the states after them, those that are looked at."""
        if row not in self._after:
            moved = ((move.number, move.after(row)) for move in self._moves.at(row))
            self._after[row] = tuple((n, after) for n, after in moved if after is not None and after in self.rows)
        return self._after[row]

    def closure(self, first: Iterable[Row]) -> dict[Row, None]:
        """The states that lie within steps that neither begin nor take a handoff."""
        found, waiting = dict[Row, None](), list(dict.fromkeys(first))
        while waiting:
            row = waiting.pop()
            if row not in found:
                found[row] = None
                waiting += [after for number, after in self.steps(row) if number not in self.turning]
        return found

    @cached_property
    def turning(self) -> frozenset[int]:
        """The rules that begin a handoff or take it."""
        rules = self.asked.system.rules
        return frozenset(n for n, r in enumerate(rules) if r.handoff or r.operation[:2] == ("kernel", "begin"))

    def numbers(self, fits: Callable[[str], bool]) -> frozenset[int]:
        """The rules whose names fit."""
        return frozenset(n for n, rule in enumerate(self.asked.system.rules) if fits(rule.name))
