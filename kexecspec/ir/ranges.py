"""Comparisons that the ranges of the variables decide: a heap that is larger than all that may ever be in it has
room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kexecspec.ir.nodes import FALSE, TRUE, Const, Eq, Expr, If, Less, Plus, Ref, Rest, Times
from kexecspec.ir.system import Var
from kexecspec.ir.values import IntSort
from kexecspec.ir.walk import rebuilt


@dataclass
class Ranges:
    """What is known of the expressions over `variables`, each looked at once."""

    variables: Mapping[str, Var]
    ranges: dict[Expr, tuple[int, int]] = field(default_factory=dict)
    known: dict[Expr, Expr] = field(default_factory=dict)

    def decided(self, expr: Expr) -> Expr:
        """`expr` without the comparisons of numbers that have the same outcome whatever the values are."""
        found = self.known.get(expr)
        if found is None:
            found = rebuilt(expr, self.decided)
            match found:
                case Less(left, right):
                    found = self._outcome(found, left, right)
                case Eq(left, right) if self._is_number(left):
                    (low, high), (least, most) = self.range(left), self.range(right)
                    found = FALSE if high < least or most < low else found
            self.known[expr] = found
        return found

    def range(self, expr: Expr) -> tuple[int, int]:
        """The least and the greatest value that the number `expr` may have, or a wider range."""
        found = self.ranges.get(expr)
        if found is None:
            found = self.ranges[expr] = self._range(expr)
        return found

    def _outcome(self, comparison: Expr, left: Expr, right: Expr) -> Expr:
        (low, high), (least, most) = self.range(left), self.range(right)
        return TRUE if high < least else FALSE if most <= low else comparison

    def _range(self, expr: Expr) -> tuple[int, int]:
        match expr:
            case Const(value):
                return int(value), int(value)
            case Ref(name):
                sort = self.variables[name].sort
                assert isinstance(sort, IntSort)
                return sort.low, sort.high
            case Plus(terms):
                parts = [self.range(term) for term in terms]
                return sum(low for low, _ in parts), sum(high for _, high in parts)
            case Times(factor, term):
                ends = sorted(factor * end for end in self.range(term))
                return ends[0], ends[1]
            case Rest(term, divisor):
                low, high = self.range(term)
                return (low, high) if low >= 0 and high < divisor else (0, divisor - 1)
            case If(_, then, otherwise):
                (low, high), (least, most) = self.range(then), self.range(otherwise)
                return min(low, least), max(high, most)
        raise TypeError(f"no number: {expr}")

    def _is_number(self, expr: Expr) -> bool:
        match expr:
            case Const(value):
                return isinstance(value, int) and not isinstance(value, bool)
            case Ref(name):
                return isinstance(self.variables[name].sort, IntSort)
            case Plus() | Times() | Rest():
                return True
            case If(_, then, _):
                return self._is_number(then)
            case _:
                return False
