"""Promela, for SPIN: one process that tries the rules for ever, and asserts the property after each."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.export.infix import Signs, infix, plain_constant, plain_variable
from kexecspec.export.model import Model, Step
from kexecspec.export.names import IDENTIFIERS, identifier, remark, remarks, unquoted
from kexecspec.export.sharing import Written, written
from kexecspec.ir.system import Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort

MOST = 2**31 - 1
_HEAD = f"""\
Each round one rule whose guard holds fires in one step; then the property is asserted.
{IDENTIFIERS}
variables (v_), labels (l_), guards (g_), shared expressions (d_) and new values (n_) apart."""
_SIGNS = Signs("==", "&&", "||", "->")


class TooLarge(Exception):
    """A number of the system is none of the format's; the message names it."""


def promela(model: Model, title: str) -> str:
    """The model as one process. Raises TooLarge where numbers need more than 32 bits."""
    lines = [f"/* {line} */" for line in remarks(title, _HEAD)]
    return "\n".join((*lines, *_program(model))) + "\n"


def _program(model: Model) -> Iterator[str]:
    roots = (*model.roots(), *model.initial.values())
    for node in model.dag.reached(roots):
        sort = model.dag.nodes[node].sort
        if isinstance(sort, IntSort) and not -MOST <= sort.low <= sort.high <= MOST:
            raise TooLarge(f"numbers up to {max(abs(sort.low), abs(sort.high))}; an int of Promela has 32 bits")
    form = infix(model.dag, _SIGNS, plain_constant, plain_variable)
    shared = written(model.dag, roots, form, lambda number: f"d_{number}")
    codes = model.codes()
    for label, number in codes.items():
        yield f"#define {identifier('l', label)} {number}"
    for var in model.variables:
        remarks = f"/* {remark(var.name)}: {remark(var.says)} */"
        yield f"{_sort(var.sort, len(codes))} {identifier('v', var.name)}; {remarks}"
    for name in sorted({name for step in model.steps for name in model.late(step)}):
        yield f"hidden int {identifier('n', name)};"
    for _, name, text in shared.definitions:
        yield f"#define {name} {text}"
    for step in model.steps:
        yield f"#define {identifier('g', step.name)} {shared.text[step.guard]}"
    yield f"#define holds {shared.text[model.holds]} /* {remark(model.prop.id)}: {remark(model.prop.says)} */"
    yield from _process(model, shared)


def _process(model: Model, shared: Written) -> Iterator[str]:
    yield "active proctype system() {"
    yield "atomic {"
    for var in model.variables:
        if var.name not in model.initial:
            yield from _any(var)
    for name, node in model.initial.items():
        yield f"  {identifier('v', name)} = {shared.text[node]};"
    yield "  assert(holds)\n}"
    if model.steps:
        yield "end: do"
        for step in model.steps:
            yield f"/* {remark(step.name)} */ :: d_step {{ {'; '.join(_fired(model, shared, step))} }}"
        yield "od"
    yield "}"


def _fired(model: Model, shared: Written, step: Step) -> Iterator[str]:
    """What a rule does, statement by statement; new values are worked out before any is written."""
    yield identifier("g", step.name)
    late = model.late(step)
    for name in late:
        yield f"{identifier('n', name)} = {shared.text[step.effect[name]]}"
    for name, node in step.effect.items():
        yield f"{identifier('v', name)} = {identifier('n', name) if name in late else shared.text[node]}"
    said = unquoted(step.name).replace("%", "%%")
    yield f'printf("{said}\\n")'
    yield "assert(holds)"


def _any(var: Var) -> Iterator[str]:
    name = identifier("v", var.name)
    match var.sort:
        case BoolSort():
            yield f"  if :: {name} = false :: {name} = true fi;"
        case EnumSort(labels):
            options = (f":: {name} = {identifier('l', label)}" for label in labels)
            yield f"  if {' '.join(options)} fi;"
        case IntSort(low, high):
            yield f"  {name} = {low};"
            yield f"  do :: {name} < {high} -> {name} = {name} + 1 :: break od;"


def _sort(sort: Sort, labels: int) -> str:
    match sort:
        case BoolSort():
            return "bool"
        case EnumSort():
            return _sort(IntSort(0, labels - 1), labels)
        case IntSort(low, high):
            fits = {"byte": (0, 2**8), "short": (-(2**15), 2**15)}
            return next((name for name, (least, end) in fits.items() if low >= least and high < end), "int")
