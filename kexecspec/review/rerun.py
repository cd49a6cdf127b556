"""A counterexample walked again on another system: where it still ends in what is wrong, nobody has to be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kexecspec.ir.evaluate import OutOfRange, evaluate, fire, is_enabled
from kexecspec.ir.system import Property, Rule, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value, contains

LONGEST = 600
"""Steps of a run that is worth walking."""
_LAPS = 60
"""How often its last lap is walked again, where less is left behind each time than when it was found."""
_MORE = 3
"""Steps that may come in between two of the run, of whoever is next: a walk may have more of them here."""

State = dict[str, Value]


def stays(system: TransitionSystem, about: str, trace: Trace) -> bool:
    """Whether `system` has a run like `trace`, or one with more laps, to where the property with the id `about` is
    violated. Each step of it is one that the rules allow here; False says nothing."""
    prop = next((one for one in system.properties if one.id == about), None)
    state = _first(system, trace.initial)
    if prop is None or state is None or len(trace.steps) > LONGEST:
        return False
    walk = _Walk(system, prop)
    try:
        return walk.ends(state, tuple(step.rule for step in trace.steps))
    except OutOfRange:
        return False


class _Walk:
    """Walks on a system; `there` once a state violates the property."""

    def __init__(self, system: TransitionSystem, prop: Property) -> None:
        self.system, self.holds = system, prop.holds
        self.rules = {rule.name: rule for rule in system.rules}
        self.there = False

    def ends(self, start: State, names: Sequence[str]) -> bool:
        """Whether a run by the rules `names`, its last lap as often as it changes anything, violates the property."""
        first, lap, last = self._laps(names)
        state, before = self.along(start, first), None
        for _ in range(_LAPS):
            if state is None or state == before:
                break
            self.along(state, last)
            before, state = state, None if self.there else self.along(state, lap)
        return self.there

    def along(self, state: State, names: Sequence[str]) -> State | None:
        """The state after the rules `names`, those that this system has; None where one cannot fire, or where the
        property is violated."""
        for name in names:
            rule = self.rules.get(name)
            after = state if rule is None else self._after(rule, state)
            self.there = self.there or after is not None and not evaluate(self.holds, after)
            if after is None or self.there:
                return None
            state = after
        return state

    def _laps(self, names: Sequence[str]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """A run up to its last handoff, its steps since the one before, if that was the same, and those that follow."""
        handoffs = [n for n, name in enumerate(names) if name in self.rules and self.rules[name].handoff]
        if len(handoffs) < 2 or names[handoffs[-1]] != names[handoffs[-2]]:
            return names, (), ()
        before, at = handoffs[-2:]
        return names[: at + 1], names[before + 1 : at + 1], names[at + 1 :]

    def _after(self, rule: Rule, state: State) -> State | None:
        """The state after `rule`, or one before that which violates the property; others of its actor may come
        first."""
        for _ in range(_MORE):
            if is_enabled(rule, state):
                return fire(self.system, rule, state)
            own = (one for one in self.rules.values() if one.actor == rule.actor and not one.handoff)
            other = next((one for one in own if is_enabled(one, state)), None)
            if other is None:
                return None
            state = fire(self.system, other, state)
            if not evaluate(self.holds, state):
                return state
        return fire(self.system, rule, state) if is_enabled(rule, state) else None


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
