"""Expressions built so that constants fold away.

They stay small: a fact that decides a guard leaves no trace of the guard behind.
"""

from __future__ import annotations

from collections.abc import Iterable

from kexecspec.ir.nodes import FALSE, TRUE, And, Const, Eq, Expr, If, Less, Not, Or, Plus, Rest, Times, same


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
            if isinstance(part, Const) and part.value is zero.value:
                return zero
            if not (isinstance(part, Const) and part.value is unit.value):
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
