"""Generations of kernels one after another, keeping of each kind of state only the one with the highest
counter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from kexecspec.ir.evaluate import compiled, initial_states
from kexecspec.ir.expr import Expr
from kexecspec.ir.moves import Moves, Row, moves_of
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import Value


class Node(NamedTuple):
    """A state on a run: how it was reached, after how many steps and handoffs."""

    row: Row
    before: Node | None
    rule: int
    steps: int
    handoffs: int
    arrival: bool

    def rules(self, since: Node | None = None) -> list[int]:
        """The rules that lead from `since` (or the start) to here."""
        found: list[int] = []
        node = self
        while node is not since and node.before is not None:
            found.append(node.rule)
            node = node.before
        return found[::-1]


@dataclass(frozen=True)
class Cycle:
    """Rules that lead from an arrival to another one that differs only in the counters; what each counter
    gains."""

    rules: tuple[int, ...]
    handoffs: int
    gains: tuple[int, ...]


class TooMany(Exception):
    """A generation has more kinds of states than are looked at."""


Counts = tuple[int, ...]


@dataclass
class Course:
    """Runs of one system towards states `wanted` that high values of its counters bring about.

    `seen` holds every state looked at, as the rest of its values, its counters and its handoffs.
    """

    system: TransitionSystem
    counters: tuple[str, ...]
    wanted: Expr
    most: int
    moves: Moves = field(init=False)
    places: tuple[int, ...] = ()
    rest: Callable[[Row], Row] = tuple
    holds: Callable[[Row], Value] = bool
    seen: list[tuple[Row, Counts, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = tuple(self.system.variables)
        self.places = tuple(names.index(counter) for counter in self.counters)
        self.rest = _picking([place for place in range(len(names)) if place not in self.places])
        self.moves = moves_of(self.system)
        self.holds = compiled(self.wanted, {name: place for place, name in enumerate(names)})

    def starts(self) -> list[Node]:
        """The initial states."""
        rows = islice((tuple(state.values()) for state in initial_states(self.system)), self.most + 1)
        return [Node(row, None, 0, 0, 0, False) for row in rows]

    def kind(self, row: Row) -> Row:
        """What is left of a state without its counters."""
        return self.rest(row)

    def counts(self, row: Row) -> Counts:
        """The values of the counters."""
        return tuple(int(row[place]) for place in self.places)

    def generation(self, arrivals: Iterable[Node], every: bool) -> tuple[Node | None, list[Node]]:
        """The first wanted state before the next handoff, or else the states after it: of each kind those
        whose counters no other one reaches, or `every` one."""
        best, after = _Highest(every), _Highest(every)
        queue, pushed = list(arrivals), set[Row]()
        for node in queue:
            kind, counts = self.kind(node.row), self.counts(node.row)
            if not best.add(kind, counts, node):
                continue
            self.seen.append((kind, counts, node.handoffs))
            if self.holds(node.row):
                return node, []
            if len(self.seen) > 50 * self.most or len(best.nodes) > (5 * self.most if every else self.most):
                raise TooMany
            for move in self.moves.at(node.row):
                row = move.after(node.row)
                if row is None or (row in pushed and not move.handoff):
                    continue
                pushed.add(row)
                following = Node(row, node, move.number, node.steps + 1, node.handoffs + move.handoff, move.handoff)
                if move.handoff:
                    after.add(self.kind(row), self.counts(row), following)
                else:
                    queue.append(following)
        return None, [node for front in after.nodes.values() for _, node in front]

    def cycle(self, arrivals: Iterable[Node], counter: int) -> tuple[Node, Node, Cycle] | None:
        """The cycle with which counter number `counter` gains most a handoff on the way to one of
        `arrivals`, and where it begins and ends; no counter falls."""
        found: list[tuple[float, int, Node, Node, Cycle]] = []
        for node in arrivals:
            earlier = node.before
            while earlier is not None:
                if earlier.arrival and self.kind(earlier.row) == self.kind(node.row):
                    gains = self._gains(earlier.row, node.row)
                    if gains[counter] > 0 and min(gains) >= 0:
                        jumps, rules = node.handoffs - earlier.handoffs, tuple(node.rules(earlier))
                        cycle = Cycle(rules, jumps, gains)
                        found.append((-gains[counter] / jumps, len(rules), earlier, node, cycle))
                        break
                earlier = earlier.before
        if not found:
            return None
        _, _, begin, end, cycle = min(found, key=lambda entry: entry[:2])
        return begin, end, cycle

    def _gains(self, earlier: Row, later: Row) -> Counts:
        return tuple(b - a for a, b in zip(self.counts(earlier), self.counts(later), strict=True))

    def repeated(self, node: Node, cycle: Cycle) -> list[Node]:
        """The ends of the laps that follow `node`, as long as each gains the same and meets nothing
        wanted."""
        ends = [node]
        while (end := self._lap(ends[-1], cycle)) is not None:
            ends.append(end)
        return ends

    def _lap(self, start: Node, cycle: Cycle) -> Node | None:
        node = start
        for number in cycle.rules:
            move = self.moves.all[number]
            row = move.after(node.row)
            if row is None or self.holds(row):
                return None
            node = Node(row, node, number, node.steps + 1, node.handoffs + move.handoff, move.handoff)
        same = self.kind(node.row) == self.kind(start.row)
        return node if same and self._gains(start.row, node.row) == cycle.gains else None


def _picking(places: Sequence[int]) -> Callable[[Row], Row]:
    """What takes the values at `places` out of a row."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)


class _Highest:
    """Of each kind, the nodes whose counters are not all reached by another one's."""

    def __init__(self, every: bool) -> None:
        self.every = every
        self.nodes: dict[Row, list[tuple[Counts, Node]]] = {}

    def add(self, kind: Row, counts: Counts, node: Node) -> bool:
        """Whether `node` is one of them, for now."""
        front = self.nodes.setdefault((*kind, *counts) if self.every else kind, [])
        if any(all(a >= b for a, b in zip(known, counts, strict=True)) for known, _ in front):
            return False
        front[:] = [entry for entry in front if not all(a <= b for a, b in zip(entry[0], counts, strict=True))]
        front.append((counts, node))
        return True
