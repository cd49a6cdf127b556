"""Traces: the states of a run and the rules that lead from each to the next."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.ir.evaluate import evaluate, fire, is_enabled, is_initial
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import State


@dataclass(frozen=True)
class Step:
    """The rule that fired and the state after it."""

    rule: str
    state: State


@dataclass(frozen=True)
class Trace:
    """An initial state and the steps after it."""

    initial: State
    steps: tuple[Step, ...]

    @property
    def last(self) -> State:
        """The state at the end."""
        return self.steps[-1].state if self.steps else self.initial


def handoffs(system: TransitionSystem, trace: Trace) -> int:
    """How many handoffs `trace` takes."""
    jumps = {rule.name for rule in system.rules if rule.handoff}
    return sum(step.rule in jumps for step in trace.steps)


def objection(system: TransitionSystem, trace: Trace, target: Expr) -> str | None:
    """Why `trace` is not a run of `system` that ends where `target` holds; None when it is one.

    Every answer of a solver passes through here before anybody sees it.
    """
    rules = {rule.name: rule for rule in system.rules}
    if not is_initial(system, trace.initial):
        return "the first state is not an initial state"
    state = trace.initial
    for number, step in enumerate(trace.steps, 1):
        rule = rules.get(step.rule)
        if rule is None:
            return f"step {number}: no rule is called {step.rule}"
        if not is_enabled(rule, state):
            return f"step {number}: {rule.name} may not fire here"
        if fire(system, rule, state) != dict(step.state):
            return f"step {number}: {rule.name} leads to another state"
        state = step.state
    return None if evaluate(target, state) else "the last state is not the wanted one"
