"""Sort checking: every expression of a system has one sort, and every label it compares with exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import TransitionSystem, Var
from kexecspec.ir.text import text
from kexecspec.ir.values import BOOL, BoolSort, EnumSort, IntSort, Sort


class SortError(Exception):
    """An expression that has no sort; the message quotes it."""


def sort_of(expr: Expr, variables: Mapping[str, Var], known: dict[Expr, Sort] | None = None) -> Sort:
    """The sort of `expr`; the bounds of an integer sort are of no meaning here. `known` keeps the sorts of what has
    been looked at with the same `variables`. Raises SortError."""
    known = {} if known is None else known
    found = known.get(expr)
    if found is None:
        found = known[expr] = _sort(expr, variables, known)
    return found


def _sort(expr: Expr, variables: Mapping[str, Var], known: dict[Expr, Sort]) -> Sort:
    match expr:
        case Const(bool()):
            return BOOL
        case Const(int(value)):
            return IntSort(value, value)
        case Const(value):
            return EnumSort((str(value),))
        case Ref(name):
            if name not in variables:
                raise SortError(f"no variable is called {name}")
            return variables[name].sort
        case Eq(left, right):
            _alike(expr, sort_of(left, variables, known), sort_of(right, variables, known))
            return BOOL
        case Less(left, right):
            _need(IntSort, expr, left, right, sorts=partial(sort_of, variables=variables, known=known))
            return BOOL
        case Plus(terms):
            _need(IntSort, expr, *terms, sorts=partial(sort_of, variables=variables, known=known))
            return IntSort(0, 0)
        case Times(_, term) | Rest(term, _):
            _need(IntSort, expr, term, sorts=partial(sort_of, variables=variables, known=known))
            return IntSort(0, 0)
        case Not(term):
            _need(BoolSort, expr, term, sorts=partial(sort_of, variables=variables, known=known))
            return BOOL
        case And(terms) | Or(terms):
            _need(BoolSort, expr, *terms, sorts=partial(sort_of, variables=variables, known=known))
            return BOOL
        case If(condition, then, otherwise):
            _need(BoolSort, expr, condition, sorts=partial(sort_of, variables=variables, known=known))
            labels = _choice(expr)
            if labels:
                return EnumSort(labels)
            return _alike(expr, sort_of(then, variables, known), sort_of(otherwise, variables, known))


def check(system: TransitionSystem) -> tuple[str, ...]:
    """What is wrong with the sorts of `system`; empty when nothing is."""
    problems: list[str] = []
    known: dict[Expr, Sort] = {}

    def want(expr: Expr | None, sort: Sort, where: str) -> None:
        if expr is None:
            return
        try:
            _alike(expr, sort_of(expr, system.variables, known), sort)
        except SortError as error:
            problems.append(f"{where}: {error}")

    for var in system.variables.values():
        want(var.initial, var.sort, f"{var.name}, initial")
        want(var.at_handoff, var.sort, f"{var.name}, at_handoff")
    for rule in system.rules:
        for part in (rule.guard, *rule.order):
            want(part, BOOL, f"rule {rule.name}")
        for name, expr in rule.effect.items():
            if name not in system.variables:
                problems.append(f"rule {rule.name}: no variable is called {name}")
            else:
                want(expr, system.variables[name].sort, f"rule {rule.name}, {name}")
    for invariant in system.invariants:
        want(invariant.holds, BOOL, f"invariant {invariant.name}")
    for prop in system.properties:
        want(prop.holds, BOOL, f"property {prop.id}")
        want(prop.companion, BOOL, f"companion of {prop.id}")
    return tuple(problems)


def _need(kind: type, expr: Expr, *parts: Expr, sorts: Callable[[Expr], Sort]) -> None:
    for part in parts:
        if not isinstance(sorts(part), kind):
            raise SortError(f"{text(part)} is no {kind.__name__[:-4].lower()} in {text(expr)}")


def _choice(expr: Expr) -> tuple[str, ...]:
    """The labels that `expr` chooses from; none where it is anything but a choice of labels."""
    match expr:
        case Const(str() as label):
            return (label,)
        case If(_, then, otherwise):
            one, other = _choice(then), _choice(otherwise)
            return tuple(dict.fromkeys(one + other)) if one and other else ()
        case _:
            return ()


def _alike(expr: Expr, left: Sort, right: Sort) -> Sort:
    match left, right:
        case (BoolSort(), BoolSort()) | (IntSort(), IntSort()):
            return left
        case EnumSort(a), EnumSort(b):
            if set(a) <= set(b) or set(b) <= set(a):
                return left if len(a) >= len(b) else right
            if len(a) > 1 and len(b) > 1 and set(a) & set(b):
                return EnumSort(tuple(dict.fromkeys(a + b)))
            if len(a) == 1 and len(b) == 1:
                return EnumSort(a + b)
    raise SortError(f"two sorts in {text(expr)}")
