"""Runs by number as traces of a system, and systems with a limit on handoffs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kexecspec.ir.evaluate import evaluate, fire
from kexecspec.ir.expr import add, conjoin, less
from kexecspec.ir.nodes import Const, Ref
from kexecspec.ir.system import Lifetime, Rule, TransitionSystem, Var
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value
from kexecspec.solve.smtlib import Writer
from kexecspec.solve.unroll import Run, code_of

HANDOFFS = "#handoffs"


def trace_of(system: TransitionSystem, pen: Writer, run: Run) -> Trace:
    """The trace that `run` stands for, its states computed by the explicit reading."""
    state: dict[str, Value] = {}
    for code, var in zip(run.initial, system.variables.values(), strict=True):
        if var.initial is None:
            state[var.name] = _value(var.sort, code, pen)
    for var in system.variables.values():
        if var.initial is not None:
            state[var.name] = evaluate(var.initial, state)
    first = {name: state[name] for name in system.variables}
    steps, current = [], first
    for number in run.rules:
        rule = system.rules[number]
        current = fire(system, rule, current)
        steps.append(Step(rule.name, current))
    return Trace(first, tuple(steps))


def _value(sort: Sort, code: int, pen: Writer) -> Value:
    match sort:
        case BoolSort():
            return bool(code)
        case IntSort():
            return code
        case EnumSort(labels):
            return next(label for label in labels if pen.labels[label] == code)


def decoded(sort: Sort, value: Any, pen: Writer) -> Value:
    """A value of z3 as one of `sort`."""
    return _value(sort, code_of(value), pen)


def coded(value: Value, pen: Writer) -> int:
    """The number of a label, or the integer itself."""
    return pen.labels[value] if isinstance(value, str) else int(value)


def limited(system: TransitionSystem, most: int) -> TransitionSystem:
    """`system` with at most `most` handoffs, counted in a variable of its own."""
    if most == 0:
        return replace(system, rules=tuple(rule for rule in system.rules if not rule.handoff))
    counter = Var(HANDOFFS, IntSort(0, most), Const(0), Lifetime.PLATFORM)
    rules = tuple(_counted(rule, most) if rule.handoff else rule for rule in system.rules)
    return replace(system, variables={**system.variables, HANDOFFS: counter}, rules=rules)


def _counted(rule: Rule, most: int) -> Rule:
    return replace(
        rule,
        guard=conjoin((less(Ref(HANDOFFS), Const(most)), rule.guard)),
        effect={**rule.effect, HANDOFFS: add((Ref(HANDOFFS), Const(1)))},
    )


def uncounted(trace: Trace) -> Trace:
    """A trace of a limited system as one of the system without the limit."""
    steps = tuple(Step(step.rule, _without(step.state)) for step in trace.steps)
    return Trace(_without(trace.initial), steps)


def _without(state: object) -> dict[str, Value]:
    assert isinstance(state, dict)
    return {name: value for name, value in state.items() if name != HANDOFFS}
