"""Expressions over state variables, as they are: what `expr` builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from kexecspec.ir.values import Value


class Node:
    """What is worked out once for each expression, however often it is part of others: its hash and what it reads."""

    __slots__ = ("_hash", "_reads")
    _hash: int
    _reads: frozenset[str]
    __match_args__: tuple[str, ...]

    def __reduce__(self) -> tuple[type[Node], tuple[object, ...]]:
        """To be made anew from its parts, which is quicker than to be filled field by field."""
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def _hashed(*fields: str) -> Callable[[Any], int]:
    """The hash of an expression with these parts, worked out once."""
    parts = attrgetter(*fields)

    def hashed(node: Any) -> int:
        try:
            known: int = node._hash
        except AttributeError:
            known = hash((type(node), parts(node)))
            object.__setattr__(node, "_hash", known)
        return known

    return hashed


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A literal: a truth value, an integer or an enumeration label. Unlike in Python, true is not 1."""

    value: Value
    __hash__ = _hashed("value")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(self.value) is type(other.value) and self.value == other.value


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """The value of a state variable."""

    name: str
    __hash__ = _hashed("name")


@dataclass(frozen=True, slots=True)
class Eq(Node):
    """Equality of two expressions of one sort."""

    left: Expr
    right: Expr
    __hash__ = _hashed("left", "right")


@dataclass(frozen=True, slots=True)
class Less(Node):
    """Strict order of two integers."""

    left: Expr
    right: Expr
    __hash__ = _hashed("left", "right")


@dataclass(frozen=True, slots=True)
class Plus(Node):
    """Sum of integers."""

    terms: tuple[Expr, ...]
    __hash__ = _hashed("terms")


@dataclass(frozen=True, slots=True)
class Times(Node):
    """An integer multiplied by a constant."""

    factor: int
    term: Expr
    __hash__ = _hashed("factor", "term")


@dataclass(frozen=True, slots=True)
class Rest(Node):
    """What is left of an integer when it is divided by a constant above 1; never below 0. Only invariants have it."""

    term: Expr
    divisor: int
    __hash__ = _hashed("term", "divisor")


@dataclass(frozen=True, slots=True)
class Not(Node):
    """Negation."""

    term: Expr
    __hash__ = _hashed("term")


@dataclass(frozen=True, slots=True)
class And(Node):
    """Conjunction."""

    terms: tuple[Expr, ...]
    __hash__ = _hashed("terms")


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Disjunction."""

    terms: tuple[Expr, ...]
    __hash__ = _hashed("terms")


@dataclass(frozen=True, slots=True)
class If(Node):
    """`then` where `condition` holds, `otherwise` elsewhere."""

    condition: Expr
    then: Expr
    otherwise: Expr
    __hash__ = _hashed("condition", "then", "otherwise")


Expr = Const | Ref | Eq | Less | Plus | Times | Rest | Not | And | Or | If

TRUE = Const(True)
FALSE = Const(False)


def same(left: Expr, right: Expr) -> bool:
    """Whether two expressions are identical."""
    return left is right or left.__class__ is right.__class__ and left == right
