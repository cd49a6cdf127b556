"""Runs as a certificate has them, stepped by the explicit reading of the rules: no solver is asked."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.certificate.manifest import Run
from kexecspec.certificate.symbols import named, plain
from kexecspec.ir.evaluate import OutOfRange, evaluate, fire, is_enabled
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Mode, Property, TransitionSystem
from kexecspec.ir.values import Value, contains


def objection(system: TransitionSystem, target: Expr, run: Run) -> str | None:
    """Why `run` does not show that some run of `system` ends where `target` holds; None if it does."""
    state = _first(system, run.start)
    if isinstance(state, str):
        return state
    rules = {plain(rule.name): rule for rule in system.rules}
    for number, name in enumerate(run.rules, 1):
        rule = rules.get(name)
        if rule is None:
            return f"step {number}: no rule is called {name}"
        if not is_enabled(rule, state):
            return f"step {number}: {name} may not fire here"
        try:
            state = fire(system, rule, state)
        except OutOfRange as error:
            return f"step {number}: {error}"
    return None if evaluate(target, state) else "it does not end where the premise holds"


def premise(prop: Property) -> Expr:
    """What a run has to reach for a proof of `prop` to be one of something; for SOMETIMES it is the proof."""
    return prop.holds if prop.mode is Mode.SOMETIMES else prop.companion


def _first(system: TransitionSystem, start: Mapping[str, Value]) -> dict[str, Value] | str:
    """The first state, or what is wrong with the values given for what nobody knows."""
    free = {plain(var.name): var for var in system.variables.values() if var.initial is None}
    if free.keys() != start.keys():
        return "its start gives values to other facts than those that nobody knows"
    state: dict[str, Value] = {}
    for name, var in free.items():
        value = next((v for v in _read(start[name]) if contains(var.sort, v)), None)
        if value is None:
            return f"its start: {name} has no value of its sort"
        state[var.name] = value
    for var in system.variables.values():
        if var.initial is not None:
            state[var.name] = evaluate(var.initial, state)
            if not contains(var.sort, state[var.name]):
                return f"{var.name} does not begin within its sort"
    return {name: state[name] for name in system.variables}


def _read(value: Value) -> tuple[Value, ...]:
    if not isinstance(value, str):
        return (value,)
    try:
        return (named(value),)
    except ValueError:
        return ()
