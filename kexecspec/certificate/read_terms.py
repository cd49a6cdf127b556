"""Terms of SMT-LIB read as expressions of a system: only what `terms` writes, only declared symbols, sorts checked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kexecspec.certificate.forms import Form
from kexecspec.certificate.symbols import meant
from kexecspec.diagnostics import quote
from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times
from kexecspec.ir.system import Var
from kexecspec.ir.typing import SortError, sort_of
from kexecspec.ir.values import BoolSort, EnumSort

_NUMERAL = re.compile(r"0|[1-9][0-9]{0,39}")


def read_term(form: Form, variables: Mapping[str, Var]) -> Expr:
    """A truth value over the state now. Nothing is simplified. Raises ValueError with what is wrong."""
    labels = {name for var in variables.values() if isinstance(var.sort, EnumSort) for name in var.sort.labels}
    expr = _term(form, variables.keys() | set(), labels)
    try:
        if not isinstance(sort_of(expr, variables), BoolSort):
            raise ValueError("the term is no truth value")
    except SortError as error:
        raise ValueError(str(error)[:300]) from None
    return expr


def _term(form: Form, names: set[str], labels: set[str]) -> Expr:
    if isinstance(form, str):
        return _atom(form, names, labels)
    match form:
        case ("-", str(digits)) if _NUMERAL.fullmatch(digits) and digits != "0":
            return Const(-int(digits))
        case ("*", factor, body):
            times = _term(factor, names, labels)
            if isinstance(times, Const) and isinstance(times.value, int) and not isinstance(times.value, bool):
                return Times(times.value, _term(body, names, labels))
            raise ValueError("only a number may multiply")
        case ("mod", body, str(digits)) if _NUMERAL.fullmatch(digits) and int(digits) > 1:
            return Rest(_term(body, names, labels), int(digits))
        case (str(operator), *others):
            return _applied(operator, tuple(_term(part, names, labels) for part in others))
    raise ValueError("a term begins with an operator")


def _applied(operator: str, parts: tuple[Expr, ...]) -> Expr:
    match operator, parts:
        case "=", (left, right):
            return Eq(left, right)
        case "<", (left, right):
            return Less(left, right)
        case "not", (body,):
            return Not(body)
        case "ite", (condition, then, otherwise):
            return If(condition, then, otherwise)
        case "+", (_, _, *_):
            return Plus(parts)
        case "and", (_, _, *_):
            return And(parts)
        case "or", (_, _, *_):
            return Or(parts)
    raise ValueError(f"{quote(operator)} is no operator that may stand here with {len(parts)} terms")


def _atom(word: str, names: set[str], labels: set[str]) -> Expr:
    if word in ("true", "false"):
        return Const(word == "true")
    if _NUMERAL.fullmatch(word):
        return Const(int(word))
    try:
        kind, name = meant(word)
    except ValueError as error:
        raise ValueError(f"{quote(word)}: {error}") from None
    if kind == "v" and name in names:
        return Ref(name)
    if kind == "label" and name in labels:
        return Const(name)
    raise ValueError(f"{quote(word)} is not declared")
