"""Expressions as SMT-LIB terms over the readable symbols of a certificate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kexecspec.certificate import symbols
from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import TransitionSystem, Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value


def term(expr: Expr, later: bool = False) -> str:
    """`expr` over the state now, or after the step. It is written as it stands: nothing is simplified."""
    match expr:
        case Const(value):
            return constant(value)
        case Ref(name):
            return symbols.variable(name, later)
        case Eq(left, right):
            return f"(= {term(left, later)} {term(right, later)})"
        case Less(left, right):
            return f"(< {term(left, later)} {term(right, later)})"
        case Plus(terms):
            return f"(+ {' '.join(term(part, later) for part in terms)})"
        case Times(factor, body):
            return f"(* {constant(factor)} {term(body, later)})"
        case Rest(body, divisor):
            return f"(mod {term(body, later)} {divisor})"
        case Not(body):
            return f"(not {term(body, later)})"
        case And(terms):
            return f"(and {' '.join(term(part, later) for part in terms)})"
        case Or(terms):
            return f"(or {' '.join(term(part, later) for part in terms)})"
        case If(condition, then, otherwise):
            return f"(ite {term(condition, later)} {term(then, later)} {term(otherwise, later)})"


def constant(value: Value) -> str:
    """A literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return symbols.label(value)
    return str(value) if value >= 0 else f"(- {-value})"


def conjunction(terms: Iterable[str]) -> str:
    """The conjunction of terms, each on a line; true for none."""
    kept = list(terms)
    return "true" if not kept else kept[0] if len(kept) == 1 else "(and\n  " + "\n  ".join(kept) + ")"


def sort_name(sort: Sort) -> str:
    """What SMT-LIB calls a sort; labels are numbers."""
    return "Bool" if isinstance(sort, BoolSort) else "Int"


def labels(system: TransitionSystem) -> dict[str, int]:
    """The labels of all enumerations, numbered once for the whole system."""
    found: dict[str, int] = {}
    for var in system.variables.values():
        for name in var.sort.labels if isinstance(var.sort, EnumSort) else ():
            found.setdefault(name, len(found))
    return found


def within(var: Var, later: bool = False) -> Iterator[str]:
    """That the value of a variable is one of its sort; nothing for a truth value."""
    symbol = symbols.variable(var.name, later)
    match var.sort:
        case IntSort(low, high):
            yield f"(<= {constant(low)} {symbol} {constant(high)})"
        case EnumSort((only,)):
            yield f"(= {symbol} {symbols.label(only)})"
        case EnumSort(names):
            yield f"(or {' '.join(f'(= {symbol} {symbols.label(name)})' for name in names)})"
        case BoolSort():
            pass
