"""Murphi, for rumur: the rules as rules, the property as an invariant, shared expressions as functions."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.export.infix import Signs, infix, plain_constant, plain_variable
from kexecspec.export.model import Model, Step
from kexecspec.export.names import IDENTIFIERS, identifier, remark, remarks, unquoted
from kexecspec.export.sharing import Written, written
from kexecspec.ir.system import Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort

_HEAD = f"""\
{IDENTIFIERS}
variables (v_), labels (l_), what is free at first (f_), shared expressions (d_) and new values (n_) apart."""
_SIGNS = Signs("=", "&", "|", "?")


def murphi(model: Model, title: str) -> str:
    """The model as one Murphi program. Labels are numbers, since enumerations may share them."""
    lines = [f"-- {line}" for line in remarks(title, _HEAD)]
    return "\n".join((*lines, *_program(model))) + "\n"


def _program(model: Model) -> Iterator[str]:
    roots = (*model.roots(), *model.initial.values())
    form = infix(model.dag, _SIGNS, plain_constant, plain_variable)
    shared = written(model.dag, roots, form, lambda number: f"d_{number}()")
    codes = model.codes()
    if codes:
        yield "const"
        yield from (f"  {identifier('l', label)}: {number};" for label, number in codes.items())
    if model.variables:
        yield "var"
    for var in model.variables:
        remarks = f"-- {remark(var.name)}: {remark(var.says)}"
        yield f"  {identifier('v', var.name)}: {_range(var.sort, codes)}; {remarks}"
    for node, name, text in shared.definitions:
        sort = model.dag.nodes[node].sort
        yield f"function {name}: {_range(sort, codes)}; begin return {text}; endfunction;"
    yield from _first(model, shared)
    for step in model.steps:
        yield from _rule(model, shared, step, codes)
    yield f"-- {remark(model.prop.id)}: {remark(model.prop.says)}"
    yield f'invariant "{unquoted(model.prop.id)}" {shared.text[model.holds]};'


def _range(sort: Sort, codes: dict[str, int]) -> str:
    match sort:
        case BoolSort():
            return "boolean"
        case EnumSort(labels):
            numbers = [codes[label] for label in labels]
            return f"{min(numbers)}..{max(numbers)}"
        case IntSort(low, high):
            return f"{low}..{high}"


def _first(model: Model, shared: Written) -> Iterator[str]:
    """Free variables are drawn before the others are worked out."""
    free = [var for var in model.variables if var.name not in model.initial]
    for var in free:
        yield f"ruleset {identifier('f', var.name)}: {_drawn(var)} do"
    yield 'startstate "first" begin'
    for var in free:
        yield f"  {identifier('v', var.name)} := {_taken(var)};"
    for name, node in model.initial.items():
        yield f"  {identifier('v', name)} := {shared.text[node]};"
    yield "endstartstate;" + " endruleset;" * len(free)


def _drawn(var: Var) -> str:
    return f"0..{len(var.sort.labels) - 1}" if isinstance(var.sort, EnumSort) else _range(var.sort, {})


def _taken(var: Var) -> str:
    drawn = identifier("f", var.name)
    if not isinstance(var.sort, EnumSort):
        return drawn
    *others, last = [identifier("l", label) for label in var.sort.labels]
    opened = "".join(f"(({drawn} = {number}) ? {label} : " for number, label in enumerate(others))
    return f"{opened}{last}{')' * len(others)}"


def _rule(model: Model, shared: Written, step: Step, codes: dict[str, int]) -> Iterator[str]:
    """New values are worked out before any is written."""
    late = model.late(step)
    yield f'rule "{unquoted(step.name)}" {shared.text[step.guard]} ==>'
    for name in late:
        yield f"  var {identifier('n', name)}: {_range(model.dag.variables[name].sort, codes)};"
    yield "begin"
    for name in late:
        yield f"  {identifier('n', name)} := {shared.text[step.effect[name]]};"
    for name, node in step.effect.items():
        yield f"  {identifier('v', name)} := {identifier('n', name) if name in late else shared.text[node]};"
    yield "endrule;"
