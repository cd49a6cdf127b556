"""A counterexample walked again on another system: where it still ends in what is wrong, nobody has to be asked."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.ir.evaluate import OutOfRange, evaluate, fire, is_enabled
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value, contains

LONGEST = 200
"""Steps of a run that is worth walking."""
_MORE = 3
"""Steps that may come in between two of the run, of whoever is next: a walk may have more of them here."""

State = dict[str, Value]


def stays(system: TransitionSystem, about: str, trace: Trace) -> bool:
    """Whether `system` has a run like `trace` to where the property with the id `about` is violated. Each step of it is
    one that the rules allow here; False says nothing."""
    prop = next((one for one in system.properties if one.id == about), None)
    state = _first(system, trace.initial)
    if prop is None or state is None or len(trace.steps) > LONGEST:
        return False
    rules = {rule.name: rule for rule in system.rules}
    try:
        for step in trace.steps:
            rule = rules.get(step.rule)
            if rule is not None:
                state = _after(system, rule, state, prop.holds)
            if state is None or not evaluate(prop.holds, state):
                return state is not None
    except OutOfRange:
        return False
    return False


def _after(system: TransitionSystem, rule: Rule, state: State, holds: Expr) -> State | None:
    """The state after `rule`, or one before that which violates the property; others of its actor may come first."""
    for _ in range(_MORE):
        if is_enabled(rule, state):
            return fire(system, rule, state)
        own = (one for one in system.rules if one.actor == rule.actor and not one.handoff and is_enabled(one, state))
        other = next(own, None)
        if other is None:
            return None
        state = fire(system, other, state)
        if not evaluate(holds, state):
            return state
    return fire(system, rule, state) if is_enabled(rule, state) else None


def _first(system: TransitionSystem, start: Mapping[str, Value]) -> State | None:
    """The initial state with what nobody knows as it was in `start`; None where that cannot be."""
    state: State = {}
    for var in system.variables.values():
        if var.initial is None:
            value = start.get(var.name)
            if value is None or not contains(var.sort, value):
                return None
            state[var.name] = value
    for var in system.variables.values():
        if var.initial is not None:
            state[var.name] = evaluate(var.initial, state)
    return {name: state[name] for name in system.variables}
