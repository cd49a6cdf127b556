"""Whether some values fulfil several predicates at once, found without a solver where not too many of them fit.

What one predicate by itself leaves of the values of its variables narrows the next one down. What is left then is
looked at as a whole; where that is too much, a variable is tried value by value. Nothing here guesses: an answer is
about all combinations of values, and there is none where they are too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from kexecspec.ir.grid import Grid, Part, reads, width
from kexecspec.ir.system import Var
from kexecspec.ir.values import Value, members

AT_ONCE = 1 << 12
"""The combinations of values that are looked at as a whole."""

ALONE = 1 << 9
"""The combinations for which one predicate is looked at by itself."""

TOGETHER = 1 << 24
"""The combinations of what is left for which a variable is tried value by value."""

TRIALS = 40
"""The values that are tried, one by one, for one question."""

GRIDS, ANSWERS = 40, 20_000
"""How many tables and answers are kept for the next question: tables are large."""

Values = dict[str, tuple[Value, ...]]

_Place = tuple[tuple[str, ...], tuple[tuple[Value, ...], ...]]
"""Variables and the values of each."""

_Name = TypeVar("_Name")
_Thing = TypeVar("_Thing")

NOTHING: Mapping[str, Value] = MappingProxyType({})


class TooMany(Exception):
    """There are more combinations of values than anybody looks at; the message says of what."""


@dataclass(frozen=True)
class _Alone:
    """What one predicate leaves of the values of its variables; `always` where it holds whatever they are."""

    left: Values
    always: bool


@dataclass
class Seen:
    """What was looked at before, whatever variables there were beside those that it is about."""

    grids: dict[_Place, Grid] = field(default_factory=dict)
    alone: dict[tuple[Part, tuple[tuple[Value, ...], ...]], _Alone | None] = field(default_factory=dict)
    found: dict[tuple[tuple[Part, ...], _Place], dict[str, Value] | None] = field(default_factory=dict)
    names: dict[Part, tuple[str, ...]] = field(default_factory=dict)

    def grid(self, place: _Place) -> Grid:
        """The combinations of the values of some variables."""
        grid = self.grids.pop(place, None) or Grid(dict(zip(*place, strict=True)))
        _kept(self.grids, place, grid, GRIDS)
        return grid

    def reads(self, part: Part) -> tuple[str, ...]:
        """The variables that `part` reads, in a fixed order."""
        return self.names.get(part) or _kept(self.names, part, tuple(sorted(reads(part))), ANSWERS)

    def by_itself(self, part: Part, values: Values) -> _Alone | None:
        """What `part` leaves of `values`; None where that is nothing."""
        names = self.reads(part)
        key = (part, tuple([values[name] for name in names]))
        if key in self.alone:
            return self.alone[key]
        grid = Grid({name: values[name] for name in names})
        cells = grid.meeting((part,))
        left = {name: grid.values(name, cells) for name in names}
        return _kept(self.alone, key, _Alone(left, cells == grid.all) if cells else None, ANSWERS)


class Looking:
    """Questions about `variables`, each with any value of its sort. `seen` may serve several of these."""

    def __init__(self, variables: Mapping[str, Var], seen: Seen | None = None) -> None:
        self.few = {name: tuple(members(var.sort)) for name, var in variables.items() if width(var.sort) <= ALONE}
        self.seen = Seen() if seen is None else seen

    def possible(self, parts: Sequence[Part], known: Mapping[str, Value] = NOTHING) -> bool:
        """Whether some values, of the variables in `known` those given there, fulfil all of `parts`. Raises TooMany."""
        return self.some(parts, known) is not None

    def some(self, parts: Sequence[Part], known: Mapping[str, Value] = NOTHING) -> dict[str, Value] | None:
        """Values, of the variables in `known` those given there, that fulfil all of `parts`; None where there are none.
        Raises TooMany."""
        names = tuple(sorted(frozenset().union(*map(reads, parts))))
        values: Values = {}
        for name in names:
            if name in known:
                values[name] = (known[name],)
            elif name in self.few:
                values[name] = self.few[name]
            else:
                raise TooMany(f"the values of {name}")
        place = (names, tuple(values.values()))
        key = (tuple(parts), place)
        if key in self.seen.found:
            return self.seen.found[key]
        if _combinations(names, values) > AT_ONCE:
            return _kept(self.seen.found, key, _Trials(self.seen).some(parts, values), ANSWERS)
        grid = self.seen.grid(place)
        cells = grid.meeting(parts)
        return _kept(self.seen.found, key, grid.first(cells) if cells else None, ANSWERS)


class _Trials:
    """One question, and how much of it was tried."""

    def __init__(self, seen: Seen) -> None:
        self.seen, self.tried = seen, 0

    def some(self, parts: Sequence[Part], values: Values) -> dict[str, Value] | None:
        """As `Looking.some`, each variable with one of its `values`."""
        values = dict(values)
        left = self._narrowed(parts, values)
        if left is None:
            return None
        found, open_end = {name: several[0] for name, several in values.items()}, None
        for group in self._apart(left, values):
            try:
                here = self._as_a_whole(group, values)
            except TooMany as reason:
                open_end = reason
                continue
            if here is None:
                return None
            found.update(here)
        if open_end is not None:
            raise open_end
        return found

    def _narrowed(self, parts: Sequence[Part], values: Values) -> list[Part] | None:
        """Those of `parts` that do not always hold in what is left of `values`, which shrink; None for nothing."""
        left, changed = list(parts), set(values)
        while changed:
            several, before, changed, left = left, changed, set(), []
            for part in several:
                names = self.seen.reads(part)
                if (before.isdisjoint(names) and changed.isdisjoint(names)) or _combinations(names, values) > ALONE:
                    left.append(part)
                    continue
                alone = self.seen.by_itself(part, values)
                if alone is None:
                    return None
                if not alone.always:
                    left.append(part)
                for name, some in alone.left.items():
                    if len(some) < len(values[name]):
                        values[name] = some
                        changed.add(name)
        return left

    def _apart(self, parts: Sequence[Part], values: Values) -> Iterator[list[Part]]:
        """`parts` in groups that share no variable of several values."""
        groups: list[tuple[set[str], list[Part]]] = []
        for part in parts:
            names = {name for name in self.seen.reads(part) if len(values[name]) > 1}
            near = [group for group in groups if not names.isdisjoint(group[0])]
            groups = [group for group in groups if names.isdisjoint(group[0])]
            together = [one for _, several in near for one in several]
            groups.append((names.union(*(group[0] for group in near)), [*together, part]))
        return (several for _, several in groups)

    def _as_a_whole(self, parts: Sequence[Part], values: Values) -> dict[str, Value] | None:
        """Values of what `parts` read. Raises TooMany."""
        names = sorted({name for part in parts for name in self.seen.reads(part)})
        if _combinations(names, values) <= AT_ONCE:
            grid = Grid({name: values[name] for name in names})
            cells = grid.meeting(parts)
            return grid.first(cells) if cells else None
        if _combinations(names, values) > TOGETHER:
            raise TooMany("what is left")
        asked = [name for part in parts for name in self.seen.reads(part) if len(values[name]) > 1]
        name, open_end = max(sorted(set(asked)), key=asked.count), None
        for value in values[name]:
            try:
                found = self._with(name, value, parts, {other: values[other] for other in names})
            except TooMany as reason:
                open_end = reason
                continue
            if found is not None:
                return found
        if open_end is not None:
            raise open_end
        return None

    def _with(self, name: str, value: Value, parts: Sequence[Part], values: Values) -> dict[str, Value] | None:
        self.tried += 1
        if self.tried > TRIALS:
            raise TooMany("values to try one by one")
        return self.some(parts, {**values, name: (value,)})


def _combinations(names: Sequence[str], values: Mapping[str, Sequence[Value]]) -> int:
    found = 1
    for name in names:
        found *= len(values[name])
    return found


def _kept(known: dict[_Name, _Thing], name: _Name, thing: _Thing, most: int) -> _Thing:
    """`thing`, which `known` has from now on, with at most so many others that came last."""
    known[name] = thing
    if len(known) > most:
        del known[next(iter(known))]
    return thing
