"""nuXmv and NuSMV: numbers are signed words of one width, in which no sum of the system overflows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kexecspec.export.infix import Signs, infix
from kexecspec.export.model import Model
from kexecspec.export.names import IDENTIFIERS, identifier, remark, remarks
from kexecspec.export.sharing import Written, written
from kexecspec.ir.system import Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value

_HEAD = f"""\
Each step the rule `fired` is tried: where its guard holds, it fires, else nothing changes.
{IDENTIFIERS}
variables (v_), labels (l_), rules (r_), guards (g_) and shared expressions (d_) apart."""
_SIGNS = Signs("=", "&", "|", "?")


def smv(model: Model, title: str) -> str:
    """The model as one module with an INVARSPEC."""
    lines = [f"-- {line}" for line in remarks(title, _HEAD)]
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
    form = infix(model.dag, _SIGNS, partial(_constant, wide), partial(_variable, wide))
    shared = written(model.dag, roots, form, lambda number: f"d_{number}")
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


def _variable(wide: int, name: str, sort: Sort) -> str:
    """A variable as a word of the width of all words."""
    more = wide - bits(sort) if isinstance(sort, IntSort) else 0
    return f"extend({identifier('v', name)}, {more})" if more else identifier("v", name)


def _constant(wide: int, value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return _number(value, wide) if isinstance(value, int) else identifier("l", value)
