"""Expressions over a few variables of few values, for all combinations of these at once: a bit for each of them.

This is a reading of expressions like `evaluate`, and tested against it; whole tables of truth cost what one evaluation
costs, so a small question needs no solver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value
from kexecspec.ir.walk import references, substitute

Cells = int
"""A set of combinations of values: a bit for each of them that is in it."""


def width(sort: Sort) -> int:
    """How many values `sort` has."""
    match sort:
        case BoolSort():
            return 2
        case EnumSort(labels):
            return len(labels)
        case IntSort(low, high):
            return high - low + 1


class Later:
    """What the truth expression `expr` is after a step that leaves the values of `effect`: `expr` with these in place
    of their variables, without being written anew."""

    __slots__ = ("_key", "effect", "expr", "reads")

    def __init__(self, expr: Expr, effect: Mapping[str, Expr]) -> None:
        names = references(expr)
        self.expr = expr
        self.effect = {name: value for name, value in effect.items() if name in names}
        self.reads = (names - self.effect.keys()).union(*map(references, self.effect.values()))
        self._key = (expr, *self.effect.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Later) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def written(self) -> Expr:
        """The same as an expression."""
        return substitute(self.expr, self.effect)


Part = Expr | Later
"""A truth expression, now or after a step."""


def reads(part: Part) -> frozenset[str]:
    """The variables on whose values `part` depends."""
    return part.reads if isinstance(part, Later) else references(part)


class Grid:
    """The combinations of the values that each of some variables may have, and where expressions over these hold."""

    def __init__(self, values: Mapping[str, Sequence[Value]]) -> None:
        self.having: dict[str, Mapping[Value, Cells]] = {}
        self.size = 1
        for several in values.values():
            self.size *= len(several)
        self.all = (1 << self.size) - 1
        stride = 1
        for name, several in values.items():
            block, stride = (1 << stride) - 1, stride * len(several)
            repeated = self.all // ((1 << stride) - 1) * block
            shift = stride // len(several)
            self.having[name] = {value: repeated << place * shift for place, value in enumerate(several)}
        self.known: dict[Expr, Cells] = {}

    @staticmethod
    def over(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> Grid:
        """Of all combinations those in `rows` alone, each with a value for each of `names`; a bit for each row."""
        some = Grid({})
        some.size, some.all = len(rows), (1 << len(rows)) - 1
        for place, name in enumerate(names):
            some.having[name] = _columns([row[place] for row in rows])
        return some

    def where(self, expr: Expr) -> Cells:
        """The combinations in which the truth expression `expr` holds."""
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._where(expr)
        return found

    def meeting(self, parts: Sequence[Part]) -> Cells:
        """The combinations in which all of `parts` hold."""
        found = self.all
        for part in parts:
            found &= self.later(part) if isinstance(part, Later) else self.where(part)
            if not found:
                break
        return found

    def later(self, part: Later) -> Cells:
        """The combinations in which `part` holds."""
        after = Grid.__new__(Grid)
        after.size, after.all, after.known = self.size, self.all, {}
        after.having = dict(self.having)
        for name, value in part.effect.items():
            after.having[name] = self._by_value(value)
        return after.where(part.expr)

    def by_value(self, expr: Expr, within: Cells) -> dict[Value, Cells]:
        """For each value that `expr` has in some of the combinations `within`, those of them in which it has it."""
        return {value: cells & within for value, cells in self._by_value(expr).items() if cells & within}

    def values(self, name: str, cells: Cells) -> tuple[Value, ...]:
        """The values that `name` has in some of `cells`."""
        return tuple(value for value, having in self.having[name].items() if having & cells)

    def first(self, cells: Cells) -> dict[str, Value]:
        """The first of the combinations `cells`, of which there is one."""
        place, found = (cells & -cells).bit_length() - 1, dict[str, Value]()
        for name, having in self.having.items():
            place, number = divmod(place, len(having))
            found[name] = tuple(having)[number]
        return found

    def _where(self, expr: Expr) -> Cells:
        match expr:
            case Ref(name):
                return self.having[name].get(True, 0)
            case Eq(Ref(name), Const(value)):
                return self.having[name].get(value, 0)
            case And(terms):
                return self.meeting(terms)
            case Or(terms):
                found = 0
                for term in terms:
                    found |= self.where(term)
                return found
            case Not(term):
                return self.all ^ self.where(term)
            case Const(value):
                return self.all if value else 0
            case If(condition, then, otherwise):
                here = self.where(condition)
                return here & self.where(then) | (self.all ^ here) & self.where(otherwise)
            case Eq(left, right):
                other = self._by_value(right)
                return _united(cells & other.get(value, 0) for value, cells in self._by_value(left).items())
            case Less(left, right):
                mine, other = self._by_value(left), self._by_value(right)
                return _united(a & b for low, a in mine.items() for high, b in other.items() if int(low) < int(high))
        raise TypeError(f"no truth value: {expr}")

    def _by_value(self, expr: Expr) -> Mapping[Value, Cells]:
        """The combinations in which `expr` has a value, for each value that it has in some."""
        match expr:
            case Const(value):
                return {value: self.all}
            case Ref(name):
                return self.having[name]
            case Times(factor, term):
                several = self._by_value(term).items() if factor else [(0, self.all)]
                return {factor * int(value): cells for value, cells in several}
            case Rest(term, divisor):
                rests: dict[Value, Cells] = {}
                for value, cells in self._by_value(term).items():
                    rests[int(value) % divisor] = rests.get(int(value) % divisor, 0) | cells
                return rests
            case Plus(terms):
                return self._sum(terms)
            case If(condition, then, otherwise):
                return self._either(self.where(condition), self._by_value(then), self._by_value(otherwise))
            case _:
                here = self.where(expr)
                return {True: here, False: self.all ^ here}

    def _sum(self, terms: Sequence[Expr]) -> dict[Value, Cells]:
        sums: dict[Value, Cells] = {0: self.all}
        for term in terms:
            more: dict[Value, Cells] = {}
            for value, cells in self._by_value(term).items():
                for before, there in sums.items():
                    if both := there & cells:
                        total = int(before) + int(value)
                        more[total] = more.get(total, 0) | both
            sums = more
        return sums

    def _either(self, here: Cells, then: Mapping[Value, Cells], otherwise: Mapping[Value, Cells]) -> dict[Value, Cells]:
        found = {value: cells & here for value, cells in then.items() if cells & here}
        for value, cells in otherwise.items():
            if elsewhere := cells & (self.all ^ here):
                found[value] = found.get(value, 0) | elsewhere
        return found


def _columns(column: Sequence[Value]) -> dict[Value, Cells]:
    """For each value the places of `column` where it stands."""
    found = dict[Value, Cells]()
    for place, value in enumerate(column):
        found[value] = found.get(value, 0) | 1 << place
    return found


def _united(several: Iterable[Cells]) -> Cells:
    found = 0
    for cells in several:
        found |= cells
    return found
