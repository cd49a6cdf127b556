"""Generations of kernels one after another, keeping of each kind of state only the one with the highest
counter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, product
from operator import ge, itemgetter, le
from typing import Any, NamedTuple

from kexecspec.ir.evaluate import compiled, initial_states
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import IntSort

_MANY = 64


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


class Met(NamedTuple):
    """A state on the way: the rest of its values, its counters, and how many kinds were met up to it."""

    kind: Row
    counts: Counts
    node: Node
    kinds: int


@dataclass
class Course:
    """Runs of one system on which its counters grow, whatever they are wanted for: what follows a state is found
    once, as far as anybody asks."""

    system: TransitionSystem
    counters: tuple[str, ...]
    most: int

    def __post_init__(self) -> None:
        names = tuple(self.system.variables)
        places = [names.index(counter) for counter in self.counters]
        self.kind = _picking([place for place in range(len(names)) if place not in places])
        self.counts: Callable[[Row], Counts] = _picking(places)
        self.moves = moves_of(self.system)
        self.starts = self._starts()
        self._looks: dict[tuple[bool, tuple[int, ...]], Look] = {}
        self._laps: dict[int, tuple[Node, dict[Cycle, list[Node]]]] = {}

    def _starts(self) -> list[Node]:
        """The initial states; of a number that is free at first and may be many, those where it is least or most."""
        states = chain.from_iterable(map(initial_states, _at_the_ends(self.system)))
        rows = islice((tuple(state.values()) for state in states), self.most + 1)
        return [Node(row, None, 0, 0, 0, False) for row in rows]

    def look(self, arrivals: Sequence[Node], every: bool) -> Look:
        """What follows `arrivals` before the next handoff: of each kind the states whose counters no other one
        reaches, or `every` one."""
        key = (every, tuple(map(id, arrivals)))
        if key not in self._looks:
            self._looks[key] = Look(self, tuple(arrivals), every)
        return self._looks[key]

    def laps(self, start: Node, cycle: Cycle) -> list[Node]:
        """The ends of the laps that follow `start`, itself first, as long as each gains the same."""
        _, known = self._laps.setdefault(id(start), (start, {}))
        if cycle not in known:
            ends = known[cycle] = [start]
            while (end := self._lap(ends[-1], cycle)) is not None:
                ends.append(end)
        return known[cycle]

    def _lap(self, start: Node, cycle: Cycle) -> Node | None:
        node = start
        for number in cycle.rules:
            move = self.moves.all[number]
            row = move.after(node.row)
            if row is None:
                return None
            node = Node(row, node, number, node.steps + 1, node.handoffs + move.handoff, move.handoff)
        same = self.kind(node.row) == self.kind(start.row)
        return node if same and self._gains(start.row, node.row) == cycle.gains else None

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


class Look:
    """The states from some arrivals to the next handoff, in order, and those after it once all have been seen."""

    def __init__(self, course: Course, arrivals: tuple[Node, ...], every: bool) -> None:
        self.course = course
        self.arrivals = arrivals
        self.every = every
        self.met: list[Met] = []
        self.after: list[Node] = []
        self._more = self._expanded()

    def each(self) -> Iterator[Met]:
        """The states; found when they are asked for first."""
        yield from self.met
        for met in self._more:
            self.met.append(met)
            yield met

    def _expanded(self) -> Iterator[Met]:
        best, after = _Highest(self.every), _Highest(self.every)
        kind_of, counts_of, at = self.course.kind, self.course.counts, self.course.moves.at
        queue, pushed = list(self.arrivals), set[Row]()
        for node in queue:
            row, _, _, steps, handoffs, _ = node
            kind, counts = kind_of(row), counts_of(row)
            if not best.add(kind, counts, node):
                continue
            yield Met(kind, counts, node, len(best.nodes))
            for move in at(row):
                following = move.after(row)
                if following is None:
                    continue
                if move.handoff:
                    arrival = Node(following, node, move.number, steps + 1, handoffs + 1, True)
                    after.add(kind_of(following), counts_of(following), arrival)
                elif following not in pushed:
                    pushed.add(following)
                    queue.append(Node(following, node, move.number, steps + 1, handoffs, False))
        self.after = [node for front in after.nodes.values() for _, node in front]


class Wanted:
    """A look along a course for states that high counters bring about. `seen` holds every state looked at."""

    def __init__(self, course: Course, where: Expr) -> None:
        self.course = course
        self.holds = compiled(where, {name: place for place, name in enumerate(course.system.variables)})
        self.seen: list[Met] = []

    def generation(self, arrivals: Sequence[Node], every: bool) -> tuple[Node | None, list[Node]]:
        """The first wanted state before the next handoff, or else the states after it."""
        look, most = self.course.look(arrivals, every), self.course.most
        for met in look.each():
            self.seen.append(met)
            if self.holds(met.node.row):
                return met.node, []
            if len(self.seen) > 50 * most or met.kinds > (5 * most if every else most):
                raise TooMany
        return None, look.after

    def repeated(self, node: Node, cycle: Cycle) -> list[Node]:
        """The ends of the laps that follow `node`, as long as each meets nothing wanted."""
        ends = [node]
        for end in self.course.laps(node, cycle)[1:]:
            if self._meets(end, ends[-1]):
                break
            ends.append(end)
        return ends

    def _meets(self, node: Node | None, since: Node) -> bool:
        while node is not None and node is not since:
            if self.holds(node.row):
                return True
            node = node.before
        return False


def _at_the_ends(system: TransitionSystem) -> Iterator[TransitionSystem]:
    """`system` for each end of the numbers that are free at first and have many values."""
    wide = [
        (var, var.sort)
        for var in system.variables.values()
        if var.initial is None and isinstance(var.sort, IntSort) and var.sort.high - var.sort.low >= _MANY
    ]
    for ends in product(*((sort.low, sort.high) for _, sort in wide)):
        narrow = {var.name: replace(var, sort=IntSort(end, end)) for (var, _), end in zip(wide, ends, strict=True)}
        yield replace(system, variables={**system.variables, **narrow})


def _picking(places: Sequence[int]) -> Callable[[Row], Any]:
    """What takes the values at `places` out of a row."""
    if len(places) > 1:
        return itemgetter(*places)
    if places:
        place = places[0]
        return lambda row: (row[place],)
    return lambda row: ()


class _Highest:
    """Of each kind, the nodes whose counters are not all reached by another one's."""

    def __init__(self, every: bool) -> None:
        self.every = every
        self.nodes: dict[Row, list[tuple[Counts, Node]]] = {}

    def add(self, kind: Row, counts: Counts, node: Node) -> bool:
        """Whether `node` is one of them, for now."""
        front = self.nodes.setdefault((*kind, *counts) if self.every else kind, [])
        if front:
            if any(known == counts or all(map(ge, known, counts)) for known, _ in front):
                return False
            front[:] = [entry for entry in front if not all(map(le, entry[0], counts))]
        front.append((counts, node))
        return True
