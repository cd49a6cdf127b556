"""Whether some values fulfil several predicates at once, found without a solver where not too many of them fit.

What one predicate by itself leaves of the values of its variables narrows the next one down. What is left then is
looked at as a whole; where that is too much, a variable is tried value by value. Nothing here guesses: an answer is
about all combinations of values, and there is none where they are too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kexecspec.ir.expr import Expr, references
from kexecspec.ir.grid import Grid, Later, Part, reads, width
from kexecspec.ir.system import Var
from kexecspec.ir.values import Value, members

AT_ONCE = 1 << 12
"""The combinations of values that are looked at as a whole."""

ALONE = 1 << 9
"""The combinations for which one predicate is looked at by itself."""

TRIALS = 40
"""The values that are tried, one by one, for one question."""

KEPT = 40
"""How many sets of combinations are kept for the next question: they are large."""

Values = dict[str, tuple[Value, ...]]

NOTHING: Mapping[str, Value] = MappingProxyType({})


class TooMany(Exception):
    """There are more combinations of values than anybody looks at; the message says of what."""


@dataclass(frozen=True)
class _Alone:
    """What one predicate leaves of the values of its variables; `always` where it holds whatever they are."""

    left: Values
    always: bool


class Looking:
    """Questions about `variables`, each with any value of its sort."""

    def __init__(self, variables: Mapping[str, Var]) -> None:
        self.few = {name: tuple(members(var.sort)) for name, var in variables.items() if width(var.sort) <= ALONE}
        self.grids: dict[tuple[tuple[str, ...], tuple[tuple[Value, ...], ...]], Grid] = {}
        self.names: dict[Expr, tuple[str, ...]] = {}
        self.alone: dict[tuple[Expr, tuple[tuple[Value, ...], ...]], _Alone | None] = {}

    def possible(self, parts: Sequence[Part], known: Mapping[str, Value] = NOTHING) -> bool:
        """Whether some values, of the variables in `known` those given there, fulfil all of `parts`. Raises TooMany."""
        return self.some(parts, known) is not None

    def some(self, parts: Sequence[Part], known: Mapping[str, Value] = NOTHING) -> dict[str, Value] | None:
        """Values, of the variables in `known` those given there, that fulfil all of `parts`; None where there are none.
        Raises TooMany."""
        names = sorted(frozenset().union(*map(reads, parts)))
        values: Values = {}
        for name in names:
            if name in known:
                values[name] = (known[name],)
            elif name in self.few:
                values[name] = self.few[name]
            else:
                raise TooMany(f"the values of {name}")
        if _combinations(names, values) > AT_ONCE:
            return _Trials(self).some(parts, values)
        grid = self._grid(tuple(names), values)
        cells = grid.meeting(parts)
        return grid.first(cells) if cells else None

    def _grid(self, names: tuple[str, ...], values: Values) -> Grid:
        key = (names, tuple(values.values()))
        grid = self.grids.pop(key, None) or Grid(values)
        self.grids[key] = grid
        if len(self.grids) > KEPT:
            del self.grids[next(iter(self.grids))]
        return grid

    def by_itself(self, part: Part, values: Values) -> _Alone | None:
        """What `part` leaves of `values`; None where that is nothing."""
        names = self.reads(part)
        if isinstance(part, Later):
            return self._by_itself(part, names, values)
        key = (part, tuple(values[name] for name in names))
        if key not in self.alone:
            self.alone[key] = self._by_itself(part, names, values)
        return self.alone[key]

    def _by_itself(self, part: Part, names: tuple[str, ...], values: Values) -> _Alone | None:
        grid = Grid({name: values[name] for name in names})
        cells = grid.meeting((part,))
        left = {name: grid.values(name, cells) for name in names}
        return _Alone(left, cells == grid.all) if cells else None

    def reads(self, part: Part) -> tuple[str, ...]:
        """The variables that `part` reads, in a fixed order."""
        if isinstance(part, Later):
            return tuple(sorted(part.reads))
        if part not in self.names:
            self.names[part] = tuple(sorted(references(part)))
        return self.names[part]


class _Trials:
    """One question, and how much of it was tried."""

    def __init__(self, looking: Looking) -> None:
        self.looking, self.tried = looking, 0

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
        left, changed = list(parts), True
        while changed:
            changed, several = False, left
            left = []
            for part in several:
                if _combinations(self.looking.reads(part), values) > ALONE:
                    left.append(part)
                    continue
                alone = self.looking.by_itself(part, values)
                if alone is None:
                    return None
                if not alone.always:
                    left.append(part)
                for name, some in alone.left.items():
                    if len(some) < len(values[name]):
                        values[name], changed = some, True
        return left

    def _apart(self, parts: Sequence[Part], values: Values) -> Iterator[list[Part]]:
        """`parts` in groups that share no variable of several values."""
        groups: list[tuple[set[str], list[Part]]] = []
        for part in parts:
            names = {name for name in self.looking.reads(part) if len(values[name]) > 1}
            near = [group for group in groups if not names.isdisjoint(group[0])]
            groups = [group for group in groups if names.isdisjoint(group[0])]
            together = [one for _, several in near for one in several]
            groups.append((names.union(*(group[0] for group in near)), [*together, part]))
        return (several for _, several in groups)

    def _as_a_whole(self, parts: Sequence[Part], values: Values) -> dict[str, Value] | None:
        """Values of what `parts` read. Raises TooMany."""
        names = sorted({name for part in parts for name in self.looking.reads(part)})
        if _combinations(names, values) <= AT_ONCE:
            grid = Grid({name: values[name] for name in names})
            cells = grid.meeting(parts)
            return grid.first(cells) if cells else None
        asked = [name for part in parts for name in self.looking.reads(part) if len(values[name]) > 1]
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
