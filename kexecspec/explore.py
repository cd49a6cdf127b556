"""The explicit reading of a transition system: breadth first over concrete states, no solver.

Handoffs are dearer than steps: a state is settled with the fewest handoffs that lead to it, and of those
runs with the fewest steps; the order of the rules decides what is met first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from kexecspec.ir.evaluate import compiled, compiled_each, initial_states
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Step, Trace

Origin = tuple[Row, int] | None


@dataclass(frozen=True)
class Found:
    """A run to the target: fewest handoffs, then fewest steps."""

    trace: Trace


@dataclass(frozen=True)
class Unreachable:
    """All `states` reachable states were seen; the target holds in none."""

    states: int


@dataclass(frozen=True)
class OutOfSpace:
    """The limit was met after `states` states without an answer."""

    states: int


Outcome = Found | Unreachable | OutOfSpace


@dataclass(frozen=True)
class Survey:
    """Runs to the targets that were met, by number; the states seen, which are all of them if `complete`."""

    found: Mapping[int, Trace]
    rows: tuple[Row, ...]
    complete: bool


def explore(system: TransitionSystem, target: Expr, limit: int = 200_000) -> Outcome:
    """Searches the states of `system` for one where `target` holds, settling at most `limit` of them.

    Raises OutOfRange where a rule gives a variable a value outside its sort.
    """
    sweep = Sweep(system, limit, strict=True)
    trace = sweep.seek(target)
    if trace is not None:
        return Found(trace)
    return Unreachable(len(sweep.origins)) if sweep.complete else OutOfSpace(len(sweep.origins))


class Sweep:
    """The states of one system in the order in which they are settled, looked at as far as anybody asks.

    Unless `strict`, a rule may not fire where it would leave a sort: in a slice that can be. With `strict`
    that raises OutOfRange.
    """

    def __init__(self, system: TransitionSystem, limit: int, strict: bool = False) -> None:
        self.system = system
        self.limit = limit
        self.names = tuple(system.variables)
        self.moves = moves_of(system, strict)
        self.origins: dict[Row, Origin] = {}
        self.complete = False
        self._steps: dict[Row, Step] = {}
        self._more = self._settling()

    def seek(self, target: Expr) -> Trace | None:
        """The nearest run to `target`; None where there is none among the states within the limit."""
        holds = compiled(target, {name: place for place, name in enumerate(self.names)})
        for row in self.origins:
            if holds(row):
                return self._trace(row)
        for row in self._more:
            if holds(row):
                return self._trace(row)
        return None

    def exhaust(self) -> bool:
        """Settles all states; whether these are all there are, and not just as many as the limit lets."""
        for _ in self._more:
            pass
        return self.complete

    def nearest(self, targets: Sequence[Expr]) -> list[Trace | None]:
        """The nearest run to each of `targets` among the states settled so far; None where there is none."""
        places = {name: place for place, name in enumerate(self.names)}
        holds, found = compiled_each(targets, places), dict[int, Row]()
        for row in self.origins:
            for number, there in enumerate(holds(row)):
                if there and number not in found:
                    found[number] = row
        return [self._trace(found[number]) if number in found else None for number in range(len(targets))]

    def survey(self, targets: Sequence[Expr]) -> Survey:
        """Looks for `targets`, and no further than for the last of them."""
        runs = [self.seek(target) for target in targets]
        found = {number: run for number, run in enumerate(runs) if run is not None}
        return Survey(found, tuple(self.origins), self.complete)

    def _settling(self) -> Iterator[Row]:
        """Settles one state after the other; sets `complete` at the end, unless the limit is the end."""
        first = list(islice(initial_states(self.system), self.limit + 1))
        if len(first) > self.limit:
            return
        waiting: dict[tuple[int, int], list[tuple[Row, Origin]]] = {
            (0, 0): [(tuple(state[name] for name in self.names), None) for state in first]
        }
        while waiting:
            handoffs, steps = cost = min(waiting)
            for row, origin in waiting.pop(cost):
                if row in self.origins:
                    continue
                if len(self.origins) >= self.limit:
                    return
                self.origins[row] = origin
                yield row
                for move in self.moves.at(row):
                    after = move.after(row)
                    if after is not None and after not in self.origins:
                        further = (handoffs + move.handoff, steps + 1)
                        waiting.setdefault(further, []).append((after, (row, move.number)))
        self.complete = True

    def _trace(self, row: Row) -> Trace:
        """The run to a settled row. Runs have the steps in common that they take together."""
        steps: list[Step] = []
        while (origin := self.origins[row]) is not None:
            steps.append(self._step(row, origin[1]))
            row = origin[0]
        return Trace(self._step(row, None).state, tuple(reversed(steps)))

    def _step(self, row: Row, rule: int | None) -> Step:
        """The step by a rule to a settled row, or what is before the first one."""
        if row not in self._steps:
            name = "" if rule is None else self.system.rules[rule].name
            self._steps[row] = Step(name, dict(zip(self.names, row, strict=True)))
        return self._steps[row]
