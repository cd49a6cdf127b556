"""Constant propagation: variables that can never change become the constants they are.

A platform that assumes calls in flight away, or has no recurrent master, thereby loses every rule about them,
and a property about them becomes a constant, which says that the platform has no such premise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Ref, same
from kexecspec.ir.system import Invariant, Property, Rule, TransitionSystem
from kexecspec.ir.walk import references, substitute


def fold(system: TransitionSystem) -> TransitionSystem:
    """An equivalent system without variables that keep their initial constant in every run, without rules
    that can never fire, and without effects that change nothing. In time nearly linear in the size of `system`."""
    by = _Constants(system).found()
    known: dict[Expr, Expr] = {}

    def folded(expr: Expr) -> Expr:
        return substitute(expr, by, known)

    rules = [_folded(rule, by, known) for rule in system.rules]
    return TransitionSystem(
        {
            name: replace(
                var,
                initial=None if var.initial is None else folded(var.initial),
                at_handoff=None if var.at_handoff is None else folded(var.at_handoff),
            )
            for name, var in system.variables.items()
            if name not in by
        },
        tuple(rule for rule in rules if rule is not None),
        tuple(Invariant(i.name, folded(i.holds), i.place) for i in system.invariants),
        tuple(_property(p, by, known) for p in system.properties),
    )


class _Constants:
    """Which variables never change, by assuming it of all that begin with a constant until a rule says otherwise.

    A rule that cannot fire waits for the variables that one of its false conjuncts reads, an effect that changes
    nothing for those that it reads; only what waits for a variable that turns out to change is looked at again.
    """

    def __init__(self, system: TransitionSystem) -> None:
        self.system = system
        self.constants: dict[str, Expr] = {
            name: var.initial for name, var in system.variables.items() if isinstance(var.initial, Const)
        }
        self.waiting_rules: dict[str, list[Rule]] = {}
        self.waiting_effects: dict[str, list[tuple[str, Expr]]] = {}
        self.false: dict[Expr, bool] = {}
        self.readers: dict[str, list[Expr]] = {}
        self.queue: list[str] = []

    def found(self) -> dict[str, Expr]:
        """The variables that never change, and what they are."""
        for rule in self.system.rules:
            self._look_at(rule)
        while self.queue:
            name = self.queue.pop()
            for rule in self.waiting_rules.pop(name, ()):
                self._look_at(rule)
            for target, value in self.waiting_effects.pop(name, ()):
                self._look_at_effect(target, value)
        return self.constants

    def _look_at(self, rule: Rule) -> None:
        for part in (rule.guard, *rule.order):
            if self._is_false(part):
                for name in references(part) & self.constants.keys():
                    self.waiting_rules.setdefault(name, []).append(rule)
                return
        for target, value in rule.effect.items():
            self._look_at_effect(target, value)

    def _is_false(self, part: Expr) -> bool:
        known = self.false.get(part)
        if known is None:
            known = self.false[part] = same(substitute(part, self.constants), FALSE)
            for name in references(part) & self.constants.keys() if known else ():
                self.readers.setdefault(name, []).append(part)
        return known

    def _look_at_effect(self, target: str, value: Expr) -> None:
        if target not in self.constants or value == Ref(target):
            return
        if same(substitute(value, self.constants), self.constants[target]):
            for name in references(value) & self.constants.keys() | {target}:
                self.waiting_effects.setdefault(name, []).append((target, value))
            return
        del self.constants[target]
        for part in self.readers.pop(target, ()):
            self.false.pop(part, None)
        self.queue.append(target)


def _folded(rule: Rule, by: Mapping[str, Expr], known: dict[Expr, Expr]) -> Rule | None:
    """`rule` folded; None where it can never fire."""
    guard = substitute(rule.guard, by, known)
    if same(guard, FALSE):
        return None
    order = [substitute(part, by, known) for part in rule.order]
    if any(same(part, FALSE) for part in order):
        return None
    effect = {}
    for name, expr in rule.effect.items():
        value = substitute(expr, by, known)
        if name not in by and value != Ref(name):
            effect[name] = value
    return replace(rule, guard=guard, effect=effect, order=tuple(p for p in order if not same(p, TRUE)))


def _property(prop: Property, by: Mapping[str, Expr], known: dict[Expr, Expr]) -> Property:
    return replace(
        prop, holds=substitute(prop.holds, by, known), companion=substitute(prop.companion, by, known)
    )
