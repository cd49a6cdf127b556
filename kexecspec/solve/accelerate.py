"""Violations that hundreds of handoffs lead to: the cycle that drives a counter is found once and repeated.

The run is made of rules that really fire, one after another; how often the cycle repeats comes out of that.
That no run takes fewer handoffs is a bound on the counter by the number of handoffs, and that bound is
proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter

from kexecspec.ir.expr import add, at_most, conjoin, disjoin, equal, negate, times
from kexecspec.ir.moves import Row
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.verdict import Lap
from kexecspec.solve.answers import Reached, Target
from kexecspec.solve.block import learnt
from kexecspec.solve.budget import OutOfBudget
from kexecspec.solve.desk import Desk
from kexecspec.solve.kinds import counters_of
from kexecspec.solve.laps import Counts, Course, Cycle, Node, TooMany, Wanted
from kexecspec.solve.runs import HANDOFFS

_LOOK = 5
_CHANGES = 8
_BACK = 3


def accelerate(system: TransitionSystem, target: Target, desk: Desk) -> Reached | None:
    """A run to `target` on which a counter grows lap by lap; None where no cycle leads there."""
    assert target.counter is not None
    course = desk.course(system, _first(target.counter, counters_of(system)))
    wanted = Wanted(course, target.where)
    drives: list[Drive] = []
    try:
        for counter in range(len(course.counters)):
            drive = _driven(wanted, counter)
            drives.extend(() if drive is None else (drive,))
    except TooMany:
        return None
    if not drives:
        return None
    best = min(drives, key=lambda drive: (drive.end.handoffs, drive.end.steps))
    rates = {number: cycle for drive in drives for number, cycle in drive.rates.items()}
    shortest = _none_fewer(wanted, target, rates, best.end, desk)
    return Reached(_trace(system, best.end), shortest, best.lap)


def _first(counter: str, counters: Sequence[str]) -> tuple[str, ...]:
    return (counter, *(other for other in counters if other != counter))


@dataclass(frozen=True)
class Drive:
    """Where a run ends, the longest stretch of it that repeats, and the best cycle for each counter."""

    end: Node
    lap: Lap | None
    rates: Mapping[int, Cycle]


def _driven(wanted: Wanted, counter: int) -> Drive | None:
    """Looks a few generations ahead, repeats the best cycle for `counter` while it fires, finds the first lap after
    which the end is near, and looks again from just before that: there other rules may fire instead. Where no lap
    ends near it, the highest counters need not be the best ones, and every state is looked at."""
    course, arrivals = wanted.course, wanted.course.starts
    lap: Lap | None = None
    rates: dict[int, Cycle] = {}
    every = False
    for _ in range(_CHANGES):
        for _ in range(_LOOK):
            found, arrivals = wanted.generation(arrivals, every)
            if lap is None:
                _note(course, arrivals, rates)
            if found is not None:
                return Drive(found, lap, rates)
        grown = course.cycle(arrivals, counter)
        if grown is None:
            return None
        begin, end, cycle = grown
        ends = wanted.repeated(end, cycle)
        near, hit = _near(wanted, ends)
        kept, every = max(0, near - _BACK), not hit
        if lap is None or lap.times < 1 + kept:
            lap = Lap(begin.steps, len(cycle.rules), 1 + kept, course.counters[counter], cycle.gains[counter])
        arrivals = [ends[kept]]
    return None


def _note(course: Course, arrivals: Sequence[Node], rates: dict[int, Cycle]) -> None:
    """Keeps the best cycle of each counter."""
    for number in range(len(course.counters)):
        known = course.cycle(arrivals, number)
        if known is None:
            continue
        best = rates.get(number)
        if best is None or _rate(best, number) < _rate(known[2], number):
            rates[number] = known[2]


def _rate(cycle: Cycle, number: int) -> Fraction:
    return Fraction(cycle.gains[number], cycle.handoffs)


def _near(wanted: Wanted, ends: Sequence[Node]) -> tuple[int, bool]:
    """The first of `ends` that needs no further handoff, and whether there is one; else the last."""
    low, high, hit = 0, len(ends), False
    while low < high:
        middle = (low + high) // 2
        if wanted.generation([ends[middle]], every=False)[0] is not None:
            high, hit = middle, True
        else:
            low = middle + 1
    return min(low, len(ends) - 1), hit


def _trace(system: TransitionSystem, end: Node) -> Trace:
    names, steps, node = tuple(system.variables), list[Step](), end
    while node.before is not None:
        steps.append(Step(system.rules[node.rule].name, dict(zip(names, node.row, strict=True))))
        node = node.before
    return Trace(dict(zip(names, node.row, strict=True)), tuple(reversed(steps)))


def _none_fewer(wanted: Wanted, target: Target, rates: Mapping[int, Cycle], end: Node, desk: Desk) -> bool:
    """Whether, for each counter, `handoffs of a lap * counter <= gain of a lap * handoffs + offset` is inductive,
    with an offset for each kind of state, and excludes the target with fewer handoffs than `end` took. Offsets
    below zero are tried as zero first: they are the ones that speak of a reset."""
    course, taken = wanted.course, end.handoffs
    if taken == 0:
        return True
    fewer = desk.limited(course.system, taken - 1)
    names = [name for name in course.system.variables if name not in course.counters]
    places = {name: place for place, name in enumerate(fewer.variables)}
    outside = frozenset(places[name] for name in (*course.counters, HANDOFFS) if name in places)
    seen = [(met.kind, met.counts, met.node.handoffs) for met in wanted.seen if met.node.handoffs < taken]
    rows = [_padded(kind, names, places) for kind in dict.fromkeys(kind for kind, _, _ in seen)]
    lines = [_Line(counter, rates.get(number), number) for number, counter in enumerate(course.counters)]
    for least in (0, None):
        offsets = [line.offsets(seen, least) for line in lines]
        if _allowed(course, end, lines, offsets):
            continue
        bounds = [
            bound for line, known in zip(lines, offsets, strict=True) for bound in line.bounds(names, known, taken)
        ]
        try:
            learnt(fewer, rows, bounds, target.where, desk.beside(fewer).pen, desk.effort.rlimit, outside)
        except OutOfBudget:
            continue
        return True
    return False


def _allowed(course: Course, end: Node, lines: Sequence[_Line], offsets: Sequence[Mapping[Row, int]]) -> bool:
    """Whether the bounds allow a state of the last generation of the run with one handoff less: then they cannot
    exclude its end."""
    node: Node | None = end
    while node is not None and node.handoffs == end.handoffs:
        kind, counts = course.kind(node.row), course.counts(node.row)
        if all(
            kind in known and line.lap * count <= line.gain * (end.handoffs - 1) + known[kind]
            for line, known, count in zip(lines, offsets, counts, strict=True)
        ):
            return True
        node = node.before
    return False


def _padded(kind: Row, names: Sequence[str], places: Mapping[str, int]) -> Row:
    values = dict(zip(names, kind, strict=True))
    return tuple(values.get(name, 0) for name in places)


class _Line:
    """A bound on one counter that grows with the handoffs."""

    def __init__(self, counter: str, cycle: Cycle | None, number: int) -> None:
        self.counter = counter
        self.number = number
        self.lap, self.gain = (cycle.handoffs, cycle.gains[number]) if cycle else (1, 0)

    def offsets(self, seen: Sequence[tuple[Row, Counts, int]], least: int | None) -> dict[Row, int]:
        """How far above the line each kind of state was seen."""
        offsets: dict[Row, int] = {}
        for kind, counts, handoffs in seen:
            offset = self.lap * counts[self.number] - self.gain * handoffs
            offset = offset if least is None else max(offset, least)
            if offsets.get(kind, offset - 1) < offset:
                offsets[kind] = offset
        return offsets

    def bounds(self, names: Sequence[str], offsets: Mapping[Row, int], taken: int) -> list[Expr]:
        """The bound, for each group of kinds that have one offset."""
        passed = times(self.gain, Ref(HANDOFFS)) if taken > 1 else Const(0)
        count = times(self.lap, Ref(self.counter))
        return [
            disjoin((negate(inside), at_most(count, add((passed, Const(offset))))))
            for offset, inside in _groups(names, offsets)
        ]


def _groups(names: Sequence[str], offsets: Mapping[Row, int]) -> Iterator[tuple[int, Expr]]:
    """Each offset and where it holds, told apart by as few variables as will do."""
    kept = list(range(len(names)))
    for place in range(len(names)):
        fewer = [other for other in kept if other != place]
        if _decides(fewer, offsets):
            kept = fewer
    groups = dict[int, dict[Row, None]]()
    for kind, offset in offsets.items():
        groups.setdefault(offset, {})[tuple(kind[place] for place in kept)] = None
    for offset, kinds in sorted(groups.items()):
        yield (
            offset,
            disjoin(
                conjoin(equal(Ref(names[place]), Const(value)) for place, value in zip(kept, values, strict=True))
                for values in kinds
            ),
        )


def _decides(places: Sequence[int], offsets: Mapping[Row, int]) -> bool:
    """Whether the values at `places` decide the offset."""
    if not places:
        return len(set(offsets.values())) < 2
    known: dict[object, int] = {}
    chosen = itemgetter(*places)
    return all(known.setdefault(chosen(kind), offset) == offset for kind, offset in offsets.items())
