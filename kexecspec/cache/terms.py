"""Expressions as rows of a table, each distinct one once and after its parts: quick to write, flat to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.walk import children

Row = list[Any]

_LARGEST = 1_000_000
"""Nodes of an expression, each counted as often as it would be written."""

_MANY: Mapping[str, type[Plus | And | Or]] = {"+": Plus, "and": And, "or": Or}
_TWO: Mapping[str, type[Eq | Less]] = {"=": Eq, "<": Less}


class Malformed(Exception):
    """What was read was never written so."""


@dataclass
class Table:
    """The rows so far; `number` adds what is missing."""

    rows: list[Row] = field(default_factory=list)
    numbers: dict[Expr, int] = field(default_factory=dict)

    def number(self, expr: Expr) -> int:
        """The place of `expr` in the table."""
        found = self.numbers.get(expr)
        if found is None:
            row = self._row(expr)
            found = self.numbers[expr] = len(self.rows)
            self.rows.append(row)
        return found

    def _row(self, expr: Expr) -> Row:
        match expr:
            case Const(value):
                return ["value", value]
            case Ref(name):
                return ["name", name]
            case And(terms):
                return ["and", *map(self.number, terms)]
            case Or(terms):
                return ["or", *map(self.number, terms)]
            case Not(term):
                return ["not", self.number(term)]
            case Eq(left, right):
                return ["=", self.number(left), self.number(right)]
            case Less(left, right):
                return ["<", self.number(left), self.number(right)]
            case Plus(terms):
                return ["+", *map(self.number, terms)]
            case Times(factor, term):
                return ["*", factor, self.number(term)]
            case Rest(term, divisor):
                return ["mod", self.number(term), divisor]
            case If(condition, then, otherwise):
                return ["if", self.number(condition), self.number(then), self.number(otherwise)]


def read_rows(rows: Any) -> tuple[Expr, ...]:
    """The expressions of a table, built as they were, nothing folded; equal ones are one object, and none is longer
    than anybody would write it out. Raises Malformed."""
    found, known, sizes = list[Expr](), dict[tuple[Any, ...], Expr](), dict[int, int]()
    for row in listed(rows):
        made = _read(listed(row), found)
        one = known.setdefault(_outermost(made), made)
        sizes[id(one)] = 1 + sum(sizes[id(part)] for part in children(one))
        if sizes[id(one)] > _LARGEST:
            raise Malformed("an expression without end")
        found.append(one)
    return tuple(found)


def _outermost(expr: Expr) -> tuple[Any, ...]:
    """What tells `expr` from others, where its parts are told by who they are."""
    match expr:
        case Const(value):
            return Const, type(value), value
        case Ref(name):
            return Ref, name
        case Times(number, term) | Rest(term, number):
            return type(expr), number, id(term)
        case _:
            return type(expr), *map(id, children(expr))


def _read(row: Sequence[Any], before: Sequence[Expr]) -> Expr:
    match row:
        case ["value", bool() | int() | str() as value]:
            return Const(value)
        case ["name", str(name)]:
            return Ref(name)
        case ["*", int(factor), place] if not isinstance(factor, bool):
            return Times(factor, chosen(before, place))
        case ["mod", place, int(divisor)] if not isinstance(divisor, bool) and divisor > 1:
            return Rest(chosen(before, place), divisor)
    parts = tuple(chosen(before, place) for place in row[1:])
    match row[:1], parts:
        case ["not"], (term,):
            return Not(term)
        case ["if"], (condition, then, otherwise):
            return If(condition, then, otherwise)
        case [str(sign)], (left, right) if sign in _TWO:
            return _TWO[sign](left, right)
        case [str(sign)], _ if sign in _MANY:
            return _MANY[sign](parts)
    raise Malformed("an expression of no kind")


def chosen(choices: Sequence[Any], place: Any) -> Any:
    """The one of `choices` at `place`. Raises Malformed."""
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(choices):
        raise Malformed("a number that is none of those there are")
    return choices[place]


def listed(value: Any) -> list[Any]:
    """`value`, which is to be a list. Raises Malformed."""
    if not isinstance(value, list):
        raise Malformed("no list where there has to be one")
    return value
