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


class Runs:
    """Looks at runs of one system. Steps that several have in common, as the same values, are looked at once."""

    def __init__(self, system: TransitionSystem) -> None:
        self._system, self._rules = system, {rule.name: rule for rule in system.rules}
        self._allowed: dict[tuple[int, int], tuple[object, object]] = {}

    def objection(self, trace: Trace, target: Expr) -> str | None:
        """As `objection`."""
        if not is_initial(self._system, trace.initial):
            return "the first state is not an initial state"
        state = trace.initial
        for number, step in enumerate(trace.steps, 1):
            key = id(state), id(step)
            if key not in self._allowed:
                wrong = self._wrong(state, step)
                if wrong:
                    return f"step {number}: {wrong}"
                self._allowed[key] = (state, step)
            state = step.state
        return None if evaluate(target, state) else "the last state is not the wanted one"

    def _wrong(self, state: State, step: Step) -> str:
        rule = self._rules.get(step.rule)
        if rule is None:
            return f"no rule is called {step.rule}"
        if not is_enabled(rule, state):
            return f"{rule.name} may not fire here"
        return "" if fire(self._system, rule, state) == dict(step.state) else f"{rule.name} leads to another state"


def objection(system: TransitionSystem, trace: Trace, target: Expr) -> str | None:
    """Why `trace` is not a run of `system` that ends where `target` holds; None when it is one.

    Every answer of a solver passes through here before anybody sees it.
    """
    return Runs(system).objection(trace, target)
