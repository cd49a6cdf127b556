"""States without regard to numbers that grow over many handoffs: their kinds are few where the states are
not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from kexecspec.ir.evaluate import initial_states
from kexecspec.ir.moves import Row, moves_of
from kexecspec.ir.system import Lifetime, TransitionSystem
from kexecspec.ir.values import IntSort, Value

_HIGH = 16
_MOST_COUNTERS = 3


def counters_of(system: TransitionSystem) -> tuple[str, ...]:
    """The numbers that outlive kernels and may grow high."""
    return tuple(
        var.name
        for var in system.variables.values()
        if isinstance(var.sort, IntSort) and var.lifetime is Lifetime.PLATFORM and var.sort.high - var.sort.low >= _HIGH
    )


def kinds_of(system: TransitionSystem, counters: Sequence[str], most: int) -> tuple[Row, ...] | None:
    """One state of each kind that is reachable where counters may at any time be as low or as high as their
    sorts allow; None for more than `most` kinds. A guess at the kinds that are reachable: mostly too many,
    and some may be missing that need a counter in between."""
    names = tuple(system.variables)
    places = tuple(names.index(counter) for counter in counters)
    if len(places) > _MOST_COUNTERS:
        return None
    moves, extremes = moves_of(system), tuple(product(*(_extremes(system, counter) for counter in counters)))
    rows = [_with(tuple(state.values()), places, extremes[0]) for state in islice(initial_states(system), most + 1)]
    seen = dict.fromkeys(rows)
    for row in rows:
        if len(seen) > most:
            return None
        for counts in extremes:
            start = _with(row, places, counts)
            for move in moves.at(start):
                after = move.after(start)
                kind = None if after is None else _with(after, places, extremes[0])
                if kind is not None and kind not in seen:
                    seen[kind] = None
                    rows.append(kind)
    return tuple(seen)


def variants(system: TransitionSystem, row: Row) -> Iterator[Row]:
    """`row` with each counter at each end of its sort."""
    names, counters = tuple(system.variables), counters_of(system)
    places = tuple(names.index(counter) for counter in counters)
    for counts in product(*(_extremes(system, counter) for counter in counters)):
        yield _with(row, places, counts)


def _extremes(system: TransitionSystem, counter: str) -> tuple[int, int]:
    sort = system.variables[counter].sort
    assert isinstance(sort, IntSort)
    return sort.low, sort.high


def _with(row: Row, places: Sequence[int], counts: Sequence[Value]) -> Row:
    values = list(row)
    for place, count in zip(places, counts, strict=True):
        values[place] = count
    return tuple(values)
