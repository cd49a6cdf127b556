"""Expressions over state variables, with constructors that fold constants away.

Build expressions with the lower-case functions; they keep them small, so that a fact that decides a
guard leaves no trace of the guard behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

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


def _hash(node: Expr) -> int:
    try:
        known = node._hash
    except AttributeError:
        known = hash((type(node), *(getattr(node, name) for name in node.__match_args__)))
        object.__setattr__(node, "_hash", known)
    return known


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A literal: a truth value, an integer or an enumeration label. Unlike in Python, true is not 1."""

    value: Value
    __hash__ = _hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(self.value) is type(other.value) and self.value == other.value


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """The value of a state variable."""

    name: str
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Eq(Node):
    """Equality of two expressions of one sort."""

    left: Expr
    right: Expr
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Less(Node):
    """Strict order of two integers."""

    left: Expr
    right: Expr
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Plus(Node):
    """Sum of integers."""

    terms: tuple[Expr, ...]
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Times(Node):
    """An integer multiplied by a constant."""

    factor: int
    term: Expr
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Rest(Node):
    """What is left of an integer when it is divided by a constant above 1; never below 0. Only invariants have it."""

    term: Expr
    divisor: int
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Not(Node):
    """Negation."""

    term: Expr
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class And(Node):
    """Conjunction."""

    terms: tuple[Expr, ...]
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Disjunction."""

    terms: tuple[Expr, ...]
    __hash__ = _hash


@dataclass(frozen=True, slots=True)
class If(Node):
    """`then` where `condition` holds, `otherwise` elsewhere."""

    condition: Expr
    then: Expr
    otherwise: Expr
    __hash__ = _hash


Expr = Const | Ref | Eq | Less | Plus | Times | Rest | Not | And | Or | If

TRUE = Const(True)
FALSE = Const(False)


def same(left: Expr, right: Expr) -> bool:
    """Whether two expressions are identical."""
    return left is right or left.__class__ is right.__class__ and left == right


def negate(term: Expr) -> Expr:
    """`not term`."""
    match term:
        case Const(value):
            return FALSE if value else TRUE
        case Not(inner):
            return inner
        case _:
            return Not(term)


def conjoin(terms: Iterable[Expr]) -> Expr:
    """The conjunction of `terms`; true for none."""
    return _junction(terms, And, TRUE, FALSE)


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """The expressions whose conjunction `expr` is."""
    return expr.terms if isinstance(expr, And) else (expr,)


def disjoin(terms: Iterable[Expr]) -> Expr:
    """The disjunction of `terms`; false for none."""
    return _junction(terms, Or, FALSE, TRUE)


def _junction(terms: Iterable[Expr], kind: type[And | Or], unit: Const, zero: Const) -> Expr:
    kept: dict[Expr, None] = {}
    for term in terms:
        for part in term.terms if isinstance(term, kind) else (term,):
            if same(part, zero):
                return zero
            if not same(part, unit):
                kept[part] = None
    if not kept:
        return unit
    return next(iter(kept)) if len(kept) == 1 else kind(tuple(kept))


def equal(left: Expr, right: Expr) -> Expr:
    """`left == right`."""
    if isinstance(left, Const) and isinstance(right, Const):
        return TRUE if same(left, right) else FALSE
    if left == right:
        return TRUE
    if isinstance(left, Const):
        left, right = right, left
    if isinstance(right, Const) and isinstance(right.value, bool):
        return left if right.value else negate(left)
    if isinstance(left, If) and isinstance(right, Const):
        return choose(left.condition, equal(left.then, right), equal(left.otherwise, right))
    return Eq(left, right)


def less(left: Expr, right: Expr) -> Expr:
    """`left < right`."""
    match left, right:
        case Const(a), Const(b):
            return TRUE if int(a) < int(b) else FALSE
        case _:
            return FALSE if left == right else Less(left, right)


def at_most(left: Expr, right: Expr) -> Expr:
    """`left <= right`."""
    return negate(less(right, left))


def add(terms: Iterable[Expr]) -> Expr:
    """The sum of `terms`; 0 for none."""
    constant, rest = 0, list[Expr]()
    for term in terms:
        for part in term.terms if isinstance(term, Plus) else (term,):
            if isinstance(part, Const):
                constant += int(part.value)
            else:
                rest.append(part)
    if constant or not rest:
        rest.append(Const(constant))
    return rest[0] if len(rest) == 1 else Plus(tuple(rest))


def times(factor: int, term: Expr) -> Expr:
    """`factor * term`."""
    match term:
        case Const(value):
            return Const(factor * int(value))
        case Plus(terms):
            return add(times(factor, part) for part in terms)
        case Times(inner, body):
            return times(factor * inner, body)
        case If(condition, Const(a), Const(b)):
            return choose(condition, Const(factor * int(a)), Const(factor * int(b)))
        case _:
            return Const(0) if factor == 0 else term if factor == 1 else Times(factor, term)


def remainder(term: Expr, divisor: int) -> Expr:
    """What is left of `term` when it is divided by `divisor`."""
    return Const(int(term.value) % divisor) if isinstance(term, Const) else Rest(term, divisor)


def choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """`then if condition else otherwise`."""
    if isinstance(condition, Const):
        return then if condition.value else otherwise
    if same(then, otherwise):
        return then
    if same(then, TRUE):
        return disjoin((condition, otherwise))
    if same(then, FALSE):
        return conjoin((negate(condition), otherwise))
    if same(otherwise, TRUE):
        return disjoin((negate(condition), then))
    if same(otherwise, FALSE):
        return conjoin((condition, then))
    return If(condition, then, otherwise)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions of `expr`."""
    match expr:
        case Const() | Ref():
            return ()
        case Eq(left, right) | Less(left, right):
            return (left, right)
        case Plus(terms) | And(terms) | Or(terms):
            return terms
        case Times(_, term) | Rest(term, _) | Not(term):
            return (term,)
        case If(condition, then, otherwise):
            return (condition, then, otherwise)


def references(expr: Expr) -> frozenset[str]:
    """The names of the state variables that `expr` reads."""
    try:
        known = expr._reads
    except AttributeError:
        known = frozenset((expr.name,)) if isinstance(expr, Ref) else _read_in(children(expr))
        object.__setattr__(expr, "_reads", known)
    return known


def _read_in(parts: tuple[Expr, ...]) -> frozenset[str]:
    if len(parts) == 1:
        return references(parts[0])
    return frozenset().union(*map(references, parts))


def substitute(expr: Expr, by: Mapping[str, Expr], known: dict[Expr, Expr] | None = None) -> Expr:
    """`expr` with variables replaced, folded again. `known` keeps what has been replaced by the same `by` before."""
    if by.keys().isdisjoint(references(expr)):
        return expr
    if isinstance(expr, Ref):
        return by[expr.name]
    found = None if known is None else known.get(expr)
    if found is None:
        found = rebuilt(expr, lambda part: substitute(part, by, known))
        if known is not None:
            known[expr] = found
    return found


def rebuilt(expr: Expr, part: Callable[[Expr], Expr]) -> Expr:
    """`expr` with `part` of each direct sub-expression in its place, folded again."""
    match expr:
        case And(terms):
            return conjoin([part(term) for term in terms])
        case Or(terms):
            return disjoin([part(term) for term in terms])
        case Eq(left, right):
            return equal(part(left), part(right))
        case Not(term):
            return negate(part(term))
        case If(condition, then, otherwise):
            return choose(part(condition), part(then), part(otherwise))
        case Less(left, right):
            return less(part(left), part(right))
        case Plus(terms):
            return add([part(term) for term in terms])
        case Times(factor, term):
            return times(factor, part(term))
        case Rest(term, divisor):
            return remainder(part(term), divisor)
        case Const() | Ref():
            return expr


def text(expr: Expr) -> str:
    """`expr` in the words of the rule language."""
    match expr:
        case Const(value):
            return str(value)
        case Ref(name):
            return name
        case Eq(left, right):
            return f"{_operand(left)} == {_operand(right)}"
        case Less(left, right):
            return f"{_operand(left)} < {_operand(right)}"
        case Plus(terms):
            return " + ".join(_operand(term) for term in terms)
        case Times(factor, term):
            return f"{factor} * {_operand(term)}"
        case Rest(term, divisor):
            return f"{_operand(term)} % {divisor}"
        case Not(Less(left, right)):
            return f"{_operand(right)} <= {_operand(left)}"
        case Not(Eq(left, right)):
            return f"{_operand(left)} != {_operand(right)}"
        case Not(term):
            return f"not {_operand(term)}"
        case And(terms):
            return " and ".join(_operand(term) for term in terms)
        case Or(terms):
            return " or ".join(_operand(term) for term in terms)
        case If(condition, then, otherwise):
            return f"{_operand(then)} if {_operand(condition)} else {_operand(otherwise)}"


def _operand(expr: Expr) -> str:
    return text(expr) if isinstance(expr, Const | Ref) else f"({text(expr)})"
