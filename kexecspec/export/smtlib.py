"""SMT-LIB: the system as certificates have it, shared expressions defined once, and what is to hold in every state."""

from __future__ import annotations

from collections.abc import Sequence

from kexecspec.certificate.symbols import plain, variable
from kexecspec.certificate.system_text import LEGEND, system_lines
from kexecspec.certificate.terms import constant, sort_name
from kexecspec.export.dag import Dag
from kexecspec.export.model import Model
from kexecspec.export.names import remark, remarks
from kexecspec.export.operators import Op
from kexecspec.export.sharing import written
from kexecspec.ir.nodes import Expr

_HEADS = {
    Op.EQUAL: "=",
    Op.LESS: "<",
    Op.PLUS: "+",
    Op.NOT: "not",
    Op.AND: "and",
    Op.OR: "or",
    Op.IF: "ite",
}


def smtlib(model: Model, title: str) -> str:
    """|init|, |trans| (from a state to the primed one) and |property|, over integers and truth values."""
    system, prop, dag = model.system, model.prop, Dag(model.system.variables)
    exprs = [part for rule in system.rules for part in (rule.guard, *rule.order, *rule.effect.values())]
    exprs += [var.initial for var in model.variables if var.initial is not None]
    roots = [dag.add(expr) for expr in (*exprs, prop.holds)]
    shared = written(dag, roots, lambda node, args: _form(dag, node, args), lambda number: f"|shared {number}|")

    def pen(expr: Expr) -> str:
        return shared.text[dag.add(expr)]

    definitions = [_definition(dag, node, name, text) for node, name, text in shared.definitions]
    return (
        "".join(f"; {line}\n" for line in remarks(title))
        + LEGEND
        + "(set-logic QF_LIA)\n"
        + "\n".join(system_lines(system, pen, definitions))
        + "\n\n; |init|, |trans| and |property| are the system; names hold %HEX; for a character that is not plain.\n"
        "(define-fun |init| () Bool |initial|)\n"
        "(define-fun |trans| () Bool (and |step| |domain'|))\n"
        f"; {remark(plain(prop.id))}: {remark(prop.says)}\n"
        f"(define-fun |property| () Bool {pen(prop.holds)})\n"
    )


def _definition(dag: Dag, node: int, name: str, text: str) -> str:
    return f"(define-fun {name} () {sort_name(dag.nodes[node].sort)} {text})"


def _form(dag: Dag, node: int, args: Sequence[str]) -> str:
    found = dag.nodes[node]
    match found.op:
        case Op.CONST:
            return constant(found.value)
        case Op.REF:
            return variable(str(found.value))
        case Op.TIMES:
            return f"(* {constant(found.value)} {args[0]})"
        case _:
            return f"({_HEADS[found.op]} {' '.join(args)})"
