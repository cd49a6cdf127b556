"""What expressions are made of, what they read, and expressions made anew from other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kexecspec.ir.expr import add, choose, conjoin, disjoin, equal, less, negate, remainder, times
from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times


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
            return conjoin(part(term) for term in terms)
        case Or(terms):
            return disjoin(part(term) for term in terms)
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
