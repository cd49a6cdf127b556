"""Violations that hundreds of handoffs lead to: the cycle that drives a counter is found once and repeated.

The run is made of rules that really fire, one after another; how often the cycle repeats comes out of that.
That no run takes fewer handoffs is a bound on the counter by the number of handoffs, and that bound is
proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from kexecspec.ir.expr import Const, Expr, Ref, add, at_most, conjoin, disjoin, equal, negate, times
from kexecspec.ir.moves import Row
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.verdict import Lap
from kexecspec.solve.answers import Reached, Target
from kexecspec.solve.block import learnt
from kexecspec.solve.budget import OutOfBudget
from kexecspec.solve.desk import Desk
from kexecspec.solve.kinds import counters_of
from kexecspec.solve.laps import Counts, Course, Cycle, Node, TooMany
from kexecspec.solve.runs import HANDOFFS, limited

_LOOK = 5
_CHANGES = 8
_BACK = 3


def accelerate(system: TransitionSystem, target: Target, desk: Desk) -> Reached | None:
    """A run to `target` on which a counter grows lap by lap; None where no cycle leads there."""
    assert target.counter is not None
    course = Course(system, _first(target.counter, counters_of(system)), target.where, desk.effort.states)
    drives: list[Drive] = []
    try:
        for counter in range(len(course.counters)):
            drive = _driven(course, counter)
            drives.extend(() if drive is None else (drive,))
    except TooMany:
        return None
    if not drives:
        return None
    best = min(drives, key=lambda drive: (drive.end.handoffs, drive.end.steps))
    rates = {number: cycle for drive in drives for number, cycle in drive.rates.items()}
    shortest = _none_fewer(course, target, rates, best.end.handoffs, desk)
    return Reached(_trace(system, best.end), shortest, best.lap)


def _first(counter: str, counters: Sequence[str]) -> tuple[str, ...]:
    return (counter, *(other for other in counters if other != counter))


@dataclass(frozen=True)
class Drive:
    """Where a run ends, the longest stretch of it that repeats, and the best cycle for each counter."""

    end: Node
    lap: Lap | None
    rates: Mapping[int, Cycle]


def _driven(course: Course, counter: int) -> Drive | None:
    """Looks a few generations ahead, repeats the best cycle for `counter` while it fires, finds the first lap after
    which the end is near, and looks again from just before that: there other rules may fire instead."""
    arrivals = course.starts()
    lap: Lap | None = None
    rates: dict[int, Cycle] = {}
    for _ in range(_CHANGES):
        for _ in range(_LOOK):
            found, arrivals = course.generation(arrivals, every=lap is not None)
            if lap is None:
                _note(course, arrivals, rates)
            if found is not None:
                return Drive(found, lap, rates)
        grown = course.cycle(arrivals, counter)
        if grown is None:
            return None
        begin, end, cycle = grown
        ends = course.repeated(end, cycle)
        kept = max(0, _near(course, ends) - _BACK)
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


def _near(course: Course, ends: Sequence[Node]) -> int:
    """The first of `ends` that needs no further handoff; the last one where none is so near."""
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        found, _ = course.generation([ends[middle]], every=False)
        low, high = (low, middle) if found is not None else (middle + 1, high)
    return low


def _trace(system: TransitionSystem, end: Node) -> Trace:
    names, steps, node = tuple(system.variables), list[Step](), end
    while node.before is not None:
        steps.append(Step(system.rules[node.rule].name, dict(zip(names, node.row, strict=True))))
        node = node.before
    return Trace(dict(zip(names, node.row, strict=True)), tuple(reversed(steps)))


def _none_fewer(course: Course, target: Target, rates: Mapping[int, Cycle], taken: int, desk: Desk) -> bool:
    """Whether, for each counter, `handoffs of a lap * counter <= gain of a lap * handoffs + offset` is inductive,
    with an offset for each kind of state, and excludes the target with fewer handoffs than `taken`. Offsets below
    zero are tried as zero first: they are the ones that speak of a reset."""
    if taken == 0:
        return True
    fewer = limited(course.system, taken - 1)
    names = [name for name in course.system.variables if name not in course.counters]
    places = {name: place for place, name in enumerate(fewer.variables)}
    outside = frozenset(places[name] for name in (*course.counters, HANDOFFS) if name in places)
    seen = [entry for entry in course.seen if entry[2] < taken]
    rows = [_padded(kind, names, places) for kind in dict.fromkeys(kind for kind, _, _ in seen)]
    pen = desk.beside(fewer).pen
    for least in (0, None):
        bounds = [
            bound
            for number, counter in enumerate(course.counters)
            for bound in _bounds(names, seen, number, counter, rates.get(number), taken, least)
        ]
        try:
            learnt(fewer, rows, bounds, target.where, pen, desk.effort.rlimit, outside)
        except OutOfBudget:
            continue
        return True
    return False


def _padded(kind: Row, names: Sequence[str], places: Mapping[str, int]) -> Row:
    values = dict(zip(names, kind, strict=True))
    return tuple(values.get(name, 0) for name in places)


def _bounds(
    names: Sequence[str],
    seen: Sequence[tuple[Row, Counts, int]],
    number: int,
    counter: str,
    cycle: Cycle | None,
    taken: int,
    least: int | None,
) -> list[Expr]:
    """The bound on one counter, for each group of kinds that have one offset."""
    lap, gain = (cycle.handoffs, cycle.gains[number]) if cycle else (1, 0)
    offsets: dict[Row, int] = {}
    for kind, counts, handoffs in seen:
        offset = lap * counts[number] - gain * handoffs
        offset = offset if least is None else max(offset, least)
        offsets[kind] = max(offset, offsets.get(kind, offset))
    passed = times(gain, Ref(HANDOFFS)) if taken > 1 else Const(0)
    return [
        disjoin((negate(inside), at_most(times(lap, Ref(counter)), add((passed, Const(offset))))))
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
    known: dict[Row, int] = {}
    return all(
        known.setdefault(tuple(kind[place] for place in places), offset) == offset for kind, offset in offsets.items()
    )
