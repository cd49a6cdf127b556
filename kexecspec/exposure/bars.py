"""Bars: what can be reached in each phase of a handoff, read off the states that a part of a platform can be in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from kexecspec.exposure.asked import Phase, Reach
from kexecspec.exposure.states import States, Step
from kexecspec.ir.moves import Row
from kexecspec.platform.facts import Edge

Turn = tuple[str, str]
"""A step that begins or ends what is unsafe, and the phase that it leads to or that it ends it in."""


@dataclass(frozen=True)
class Cell:
    """The gravest that some state of a phase lets something reach; None: nothing. `met`: some run gets into the phase
    at all. `sure`: there is no state that was not looked at. `shown`: a run with everything in sight gets there."""

    phase: Phase
    reach: Reach | None
    met: bool
    sure: bool
    shown: bool = True

    @property
    def unsafe(self) -> bool:
        """Whether what can be reached is unsafe."""
        return self.reach is not None and self.reach.unsafe


@dataclass(frozen=True)
class Bar:
    """One handoff, from states in which nothing unsafe is left by an earlier one, if there are any: its cells in order
    of time, what begins and what ends the unsafe, and what the gravest is that an earlier handoff may have left."""

    handoff: str
    kind: str
    cells: tuple[Cell, ...]
    begins: tuple[Turn, ...]
    ends: tuple[Turn, ...]
    left: Reach | None

    @property
    def unsafe(self) -> tuple[Cell, ...]:
        """The cells in which something unsafe can be reached."""
        return tuple(cell for cell in self.cells if cell.unsafe)

    @property
    def sure(self) -> bool:
        """Whether what is not found in any of its cells is not there."""
        return all(cell.sure or cell.reach is not None for cell in self.cells)

    @property
    def lasts(self) -> bool:
        """Whether some run leaves it so when the next kernel is up."""
        return self.cells[-1].unsafe


def bar(states: States, edge: Edge) -> Bar:
    """What can be reached during one handoff."""
    crash = edge.kind == "crash"
    takes = states.numbers(lambda name: name in (f"jump.{edge.name}", f"reset.{edge.name}", f"crash.{edge.name}"))
    leaves = takes if crash else states.numbers(lambda name: name == f"begin.{edge.name}")
    sources = [row for row in states.rows if any(number in leaves for number, _ in states.steps(row))]
    clean = [row for row in sources if not states.unsafe(row)] or sources
    left = _gravest(states.reach(row) for row in sources if states.unsafe(row))
    begun = list(_steps(states, clean, leaves))
    old = dict.fromkeys(clean) if crash else states.closure(after for _, _, after in begun)
    crossed = list(_steps(states, old, takes))
    new = states.closure(after for _, _, after in crossed)
    turns = _Turns(states)
    if not crash:
        turns.take(begun, True, True)
        turns.take(_within(states, old), True, True)
    turns.take(crossed, True, False)
    turns.take(_within(states, new), False, False)
    ends = tuple(turns.ends) if not crash else tuple(t for t in turns.ends if not _is_old(states, t))
    chosen = {id(states.phase(row, True)) for row in clean if not states.unsafe(row)}
    cells = tuple(_cells(states, {**dict.fromkeys(clean), **old}, new, chosen))
    return Bar(edge.name, edge.kind, cells, tuple(turns.begins), ends, left)


def worst(bars: Iterable[Bar]) -> Bar:
    """Of several ways in which unknown facts may be, one bar with the worst of each cell."""
    first, *others = bars
    for other in others:
        cells = {cell.phase.name: cell for cell in first.cells}
        for cell in other.cells:
            cells[cell.phase.name] = _worse(cells.get(cell.phase.name, cell), cell)
        first = replace(
            first,
            cells=tuple(cells.values()),
            begins=tuple(dict.fromkeys((*first.begins, *other.begins))),
            ends=tuple(dict.fromkeys((*first.ends, *other.ends))),
            left=_gravest((first.left, other.left)),
        )
    return first


def _worse(one: Cell, other: Cell) -> Cell:
    gravest = _gravest((one.reach, other.reach))
    shown = any(cell.shown for cell in (one, other) if cell.reach == gravest)
    return replace(one, reach=gravest, met=one.met or other.met, sure=one.sure and other.sure, shown=shown)


def _steps(states: States, rows: Iterable[Row], numbers: Collection[int]) -> Iterator[Step]:
    return ((row, number, after) for row in rows for number, after in states.steps(row) if number in numbers)


def _within(states: States, rows: Iterable[Row]) -> Iterator[Step]:
    return ((row, number, after) for row in rows for number, after in states.steps(row)
            if number not in states.turning)  # fmt: skip


def _gravest(found: Iterable[Reach | None]) -> Reach | None:
    return min((reach for reach in found if reach is not None), key=lambda reach: reach.rank, default=None)


def _is_old(states: States, turn: Turn) -> bool:
    return any(phase.old and phase.name == turn[1] for phase, _ in states.asked.phases)


class _Turns:
    """The steps by which the unsafe begins and ends, in order of phases."""

    def __init__(self, states: States) -> None:
        self.states = states
        self._begins: dict[Turn, int] = {}
        self._ends: dict[Turn, int] = {}
        self._order = {id(phase): number for number, (phase, _) in enumerate(states.asked.phases)}

    def take(self, steps: Iterable[Step], was_old: bool, is_old: bool) -> None:
        """Takes note of the steps after which something unsafe can be reached and before could not, or the other way
        round."""
        for row, number, after in steps:
            before, now = self.states.unsafe(row), self.states.unsafe(after)
            phase = self.states.phase(row, was_old) if before else self.states.phase(after, is_old)
            if before != now and phase is not None:
                said = self.states.asked.system.rules[number].says
                (self._ends if before else self._begins)[said, phase.name] = self._order[id(phase)]

    @property
    def begins(self) -> list[Turn]:
        """What begins it."""
        return sorted(self._begins, key=lambda turn: (self._begins[turn], turn))

    @property
    def ends(self) -> list[Turn]:
        """What ends it."""
        return sorted(self._ends, key=lambda turn: (self._ends[turn], turn))


def _cells(states: States, old: Iterable[Row], new: Iterable[Row], chosen: Collection[int]) -> Iterator[Cell]:
    """The cells of a bar; the phases `chosen` are those that it begins in, where nothing unsafe is by choice."""
    found: dict[int, Reach | None] = {}
    for side, is_old in ((old, True), (new, False)):
        for row in side:
            phase = states.phase(row, is_old)
            if phase is not None:
                found[id(phase)] = _gravest((found.get(id(phase)), states.reach(row)))
    for phase, _ in states.asked.phases:
        yield Cell(phase, found.get(id(phase)), id(phase) in found, states.complete or id(phase) in chosen)
