"""Murphi, for rumur: the rules as rules, the property as an invariant, shared expressions as functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kexecspec.export.model import Model, Step
from kexecspec.export.names import identifier, remark
from kexecspec.export.operators import Op
from kexecspec.export.sharing import Written, written
from kexecspec.ir.system import Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value

_HEAD = """\
A name is its original with `_` as `__`, `.` as `_D`, `-` as `_M`, anything else as `_XHEX_`; what it begins with tells
variables (v_), labels (l_), what is free at first (f_), shared expressions (d_) and new values (n_) apart."""
_SIGNS = {Op.PLUS: " + ", Op.AND: " & ", Op.OR: " | "}
_UNQUOTED = str.maketrans('"\\', "??")


def murphi(model: Model, title: str) -> str:
    """The model as one Murphi program. Labels are numbers, since enumerations may share them."""
    lines = [f"-- {remark(line)}" for line in (*title.splitlines(), *_HEAD.splitlines())]
    return "\n".join((*lines, *_program(model))) + "\n"


def _program(model: Model) -> Iterator[str]:
    roots = (*model.roots(), *model.initial.values())
    shared = written(model.dag, roots, partial(_form, model), lambda number: f"d_{number}()")
    each = (label for var in model.variables if isinstance(var.sort, EnumSort) for label in var.sort.labels)
    codes = {label: number for number, label in enumerate(dict.fromkeys(each))}
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
    yield f'invariant "{_quoted(model.prop.id)}" {shared.text[model.holds]};'


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
    late = [name for name, node in step.effect.items() if model.dag.literal(node) is None]
    yield f'rule "{_quoted(step.name)}" {shared.text[step.guard]} ==>'
    for name in late:
        yield f"  var {identifier('n', name)}: {_range(model.dag.variables[name].sort, codes)};"
    yield "begin"
    for name in late:
        yield f"  {identifier('n', name)} := {shared.text[step.effect[name]]};"
    for name, node in step.effect.items():
        yield f"  {identifier('v', name)} := {identifier('n', name) if name in late else shared.text[node]};"
    yield "endrule;"


def _quoted(text: str) -> str:
    return remark(text).translate(_UNQUOTED)


def _form(model: Model, node: int, args: Sequence[str]) -> str:
    found = model.dag.nodes[node]
    match found.op:
        case Op.CONST:
            return _constant(found.value)
        case Op.REF:
            return identifier("v", str(found.value))
        case Op.EQUAL:
            return f"({args[0]} = {args[1]})"
        case Op.LESS:
            return f"({args[0]} < {args[1]})"
        case Op.TIMES:
            return f"({_constant(found.value)} * {args[0]})"
        case Op.NOT:
            return f"(!{args[0]})"
        case Op.IF:
            return f"({args[0]} ? {args[1]} : {args[2]})"
        case Op.PLUS | Op.AND | Op.OR:
            return f"({_SIGNS[found.op].join(args)})"


def _constant(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"(-{-value})"
    return identifier("l", value)
