"""Expressions in the words of the rule language."""

from __future__ import annotations

from kexecspec.ir.nodes import And, Const, Eq, Expr, If, Less, Not, Or, Plus, Ref, Rest, Times


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
