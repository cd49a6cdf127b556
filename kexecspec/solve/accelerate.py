"""Violations that hundreds of handoffs lead to: the cycle that drives a counter is found once and repeated.

The run is made of rules that really fire, one after another; how often the cycle repeats comes out of that.
That no run takes fewer handoffs is a bound on the counter by the number of handoffs, and that bound is
proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from kexecspec.solve.laps import Course, Cycle, Node, TooMany
from kexecspec.solve.runs import HANDOFFS, limited

_LOOK = 5
_CHANGES = 8


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
    """Looks a few generations ahead, repeats the best cycle for `counter` while it fires, and looks again
    from just before its end: there another rule may fire instead."""
    arrivals = course.starts()
    lap: Lap | None = None
    rates: dict[int, Cycle] = {}
    for _ in range(_CHANGES):
        for _ in range(_LOOK):
            found, arrivals = course.generation(arrivals, every=lap is not None)
            if found is not None:
                return Drive(found, lap, rates)
        for number in range(len(course.counters)):
            known = course.cycle(arrivals, number)
            if known is not None:
                rates.setdefault(number, known[2])
        grown = course.cycle(arrivals, counter)
        if grown is None:
            return None
        begin, end, cycle = grown
        ends = course.repeated(end, cycle)
        kept = max(0, len(ends) - 3)
        if lap is None or lap.times < 1 + kept:
            lap = Lap(begin.steps, len(cycle.rules), 1 + kept, course.counters[counter], cycle.gains[counter])
        arrivals = [ends[kept]]
    return None


def _trace(system: TransitionSystem, end: Node) -> Trace:
    names, steps, node = tuple(system.variables), list[Step](), end
    while node.before is not None:
        steps.append(Step(system.rules[node.rule].name, dict(zip(names, node.row, strict=True))))
        node = node.before
    return Trace(dict(zip(names, node.row, strict=True)), tuple(reversed(steps)))


def _none_fewer(course: Course, target: Target, rates: Mapping[int, Cycle], taken: int, desk: Desk) -> bool:
    """Whether, for each counter, `handoffs of a lap * counter <= gain of a lap * handoffs + offset` is
    inductive, with an offset for each kind of state, and excludes the target with fewer handoffs than
    `taken`."""
    if taken == 0:
        return True
    fewer = limited(course.system, taken - 1)
    names = [name for name in course.system.variables if name not in course.counters]
    bounds: list[Expr] = []
    for number, counter in enumerate(course.counters):
        cycle = rates.get(number)
        lap, gain = (cycle.handoffs, cycle.gains[number]) if cycle else (1, 0)
        offsets: dict[Row, int] = {}
        for kind, counts, handoffs in course.seen:
            if handoffs < taken:
                offset = lap * counts[number] - gain * handoffs
                offsets[kind] = max(offset, offsets.get(kind, offset))
        passed = times(gain, Ref(HANDOFFS)) if taken > 1 else Const(0)
        bounds.extend(_bounds(names, offsets, times(lap, Ref(counter)), passed))
    places = {name: place for place, name in enumerate(fewer.variables)}
    outside = frozenset(places[name] for name in (*course.counters, HANDOFFS) if name in places)
    kinds = dict.fromkeys(kind for kind, _, handoffs in course.seen if handoffs < taken)
    rows = [_padded(kind, names, places) for kind in kinds]
    try:
        learnt(fewer, rows, bounds, target.where, desk.beside(fewer).pen, desk.effort.rlimit, outside)
    except OutOfBudget:
        return False
    return True


def _padded(kind: Row, names: Sequence[str], places: Mapping[str, int]) -> Row:
    values = dict(zip(names, kind, strict=True))
    return tuple(values.get(name, 0) for name in places)


def _bounds(names: Sequence[str], offsets: Mapping[Row, int], count: Expr, passed: Expr) -> list[Expr]:
    """The bound for each group of kinds that have one offset, told apart by as few variables as will do."""
    kept = list(range(len(names)))
    for place in range(len(names)):
        fewer = [other for other in kept if other != place]
        if _decides(fewer, offsets):
            kept = fewer
    groups = dict[int, dict[Row, None]]()
    for kind, offset in offsets.items():
        groups.setdefault(offset, {})[tuple(kind[place] for place in kept)] = None
    bounds = []
    for offset, kinds in sorted(groups.items()):
        inside = disjoin(
            conjoin(equal(Ref(names[place]), Const(value)) for place, value in zip(kept, values, strict=True))
            for values in kinds
        )
        bounds.append(disjoin((negate(inside), at_most(count, add((passed, Const(offset)))))))
    return bounds


def _decides(places: Sequence[int], offsets: Mapping[Row, int]) -> bool:
    """Whether the values at `places` decide the offset."""
    known: dict[Row, int] = {}
    return all(
        known.setdefault(tuple(kind[place] for place in places), offset) == offset for kind, offset in offsets.items()
    )
