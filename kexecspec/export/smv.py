"""nuXmv and NuSMV: numbers are signed words of one width, in which no sum of the system overflows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kexecspec.export.model import Model
from kexecspec.export.names import identifier, remark
from kexecspec.export.operators import Op
from kexecspec.export.sharing import Written, written
from kexecspec.ir.system import Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Value

_HEAD = """\
Each step the rule `fired` is tried: where its guard holds, it fires, else nothing changes.
A name is its original with `_` as `__`, `.` as `_D`, `-` as `_M`, anything else as `_XHEX_`; what it begins with tells
variables (v_), labels (l_), rules (r_), guards (g_) and shared expressions (d_) apart."""
_SIGNS = {Op.PLUS: " + ", Op.AND: " & ", Op.OR: " | "}


def smv(model: Model, title: str) -> str:
    """The model as one module with an INVARSPEC."""
    lines = [f"-- {remark(line)}" for line in (*title.splitlines(), *_HEAD.splitlines())]
    return "\n".join((*lines, *_module(model))) + "\n"


def width(model: Model) -> int:
    """Bits of a signed word in which every number of the model fits."""
    dag = model.dag
    nodes = dag.reached((*model.roots(), *model.initial.values()))
    sorts = [dag.nodes[node].sort for node in nodes] + [var.sort for var in model.variables]
    return max((bits(sort) for sort in sorts if isinstance(sort, IntSort)), default=1)


def bits(sort: IntSort) -> int:
    """Bits of a signed word for the members of `sort`, and for what they are without their sign."""
    return max(abs(sort.high), abs(sort.low)).bit_length() + 1


def _module(model: Model) -> Iterator[str]:
    wide = width(model)
    roots = (*model.roots(), *model.initial.values())
    shared = written(model.dag, roots, partial(_form, model, wide), lambda number: f"d_{number}")
    yield "MODULE main"
    if model.steps:
        yield f"IVAR fired : {{{', '.join(identifier('r', step.name) for step in model.steps)}}};"
    yield from _variables(model)
    yield "DEFINE"
    for _, name, text in shared.definitions:
        yield f"  {name} := {text};"
    for step in model.steps:
        yield f"  -- {remark(step.name)}: {remark(step.says)}"
        yield f"  {identifier('g', step.name)} := {shared.text[step.guard]};"
    yield "ASSIGN"
    yield from _assignments(model, shared)
    yield f"-- {remark(model.prop.id)}: {remark(model.prop.says)}"
    yield f"INVARSPEC {shared.text[model.holds]};"


def _variables(model: Model) -> Iterator[str]:
    if model.variables:
        yield "VAR"
    for var in model.variables:
        yield f"  {identifier('v', var.name)} : {_sort(var)}; -- {remark(var.name)}: {remark(var.says)}"
    for var in model.variables:
        if var.name not in model.initial and isinstance(var.sort, IntSort):
            own, name = bits(var.sort), identifier("v", var.name)
            low, high = _number(var.sort.low, own), _number(var.sort.high, own)
            yield f"INIT ((!({name} < {low})) & (!({high} < {name})));"


def _sort(var: Var) -> str:
    match var.sort:
        case BoolSort():
            return "boolean"
        case EnumSort(labels):
            return f"{{{', '.join(identifier('l', label) for label in labels)}}}"
        case IntSort():
            return f"signed word[{bits(var.sort)}]"


def _assignments(model: Model, shared: Written) -> Iterator[str]:
    """A variable of one value is a constant to NuSMV, which may not be assigned to."""
    writers = model.writers()
    for var in (one for one in model.variables if not isinstance(one.sort, EnumSort) or len(one.sort.labels) > 1):
        name = identifier("v", var.name)
        if var.name in model.initial:
            yield f"  init({name}) := {_kept(var, shared.text[model.initial[var.name]])};"
        yield f"  next({name}) := case"
        for _, step in writers[var.name]:
            after = _kept(var, shared.text[step.effect[var.name]])
            yield f"    ((fired = {identifier('r', step.name)}) & {identifier('g', step.name)}) : {after};"
        yield f"    TRUE : {name};\n  esac;"


def _kept(var: Var, text: str) -> str:
    return f"resize({text}, {bits(var.sort)})" if isinstance(var.sort, IntSort) else text


def _number(value: int, wide: int) -> str:
    return f"0sd{wide}_{value}" if value >= 0 else f"-0sd{wide}_{-value}"


def _form(model: Model, wide: int, node: int, args: Sequence[str]) -> str:
    found = model.dag.nodes[node]
    match found.op:
        case Op.CONST:
            return _constant(found.value, wide)
        case Op.REF:
            name, more = identifier("v", str(found.value)), 0
            if isinstance(found.sort, IntSort):
                more = wide - bits(found.sort)
            return f"extend({name}, {more})" if more else name
        case Op.EQUAL:
            return f"({args[0]} = {args[1]})"
        case Op.LESS:
            return f"({args[0]} < {args[1]})"
        case Op.TIMES:
            return f"({_number(int(found.value), wide)} * {args[0]})"
        case Op.NOT:
            return f"(!{args[0]})"
        case Op.IF:
            return f"({args[0]} ? {args[1]} : {args[2]})"
        case Op.PLUS | Op.AND | Op.OR:
            return f"({_SIGNS[found.op].join(args)})"


def _constant(value: Value, wide: int) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return _number(value, wide) if isinstance(value, int) else identifier("l", value)
