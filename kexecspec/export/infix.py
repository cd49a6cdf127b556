"""Expressions in languages that write an operation between its operands; each has parentheses of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kexecspec.export.dag import Dag
from kexecspec.export.names import identifier
from kexecspec.export.operators import Op
from kexecspec.export.sharing import Form
from kexecspec.ir.values import Sort, Value


@dataclass(frozen=True)
class Signs:
    """How a language writes `=`, `and` and `or`, and what stands between a condition and what is chosen by it."""

    equal: str
    both: str
    either: str
    then: str


def infix(dag: Dag, signs: Signs, constant: Callable[[Value], str], variable: Callable[[str, Sort], str]) -> Form:
    """Writes the nodes of `dag`; `constant` and `variable` write what they are made of."""

    def form(node: int, args: Sequence[str]) -> str:
        found = dag.nodes[node]
        match found.op:
            case Op.CONST:
                return constant(found.value)
            case Op.REF:
                return variable(str(found.value), found.sort)
            case Op.TIMES:
                return f"({constant(found.value)} * {args[0]})"
            case Op.NOT:
                return f"(!{args[0]})"
            case Op.IF:
                return f"({args[0]} {signs.then} {args[1]} : {args[2]})"
            case Op.EQUAL | Op.LESS | Op.PLUS | Op.AND | Op.OR:
                return f"({f' {between[found.op]} '.join(args)})"

    between = {Op.EQUAL: signs.equal, Op.LESS: "<", Op.PLUS: "+", Op.AND: signs.both, Op.OR: signs.either}
    return form


def plain_constant(value: Value) -> str:
    """A truth value, a number, or a label by its `identifier`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    return identifier("l", value)


def plain_variable(name: str, sort: Sort) -> str:
    """A variable by its `identifier`, whatever its sort."""
    return identifier("v", name)
