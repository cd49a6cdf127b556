"""What each property of a system is judged by, as a number: where it is the same for two systems, so is the slice.

Numbers are given as they are asked for, and mean something to the one who gave them only.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from kexecspec.ir.slice import closed, dependence, roots
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.walk import references


class Numbers:
    """Gives equal things the same number."""

    def __init__(self) -> None:
        self._known: dict[Hashable, int] = {}

    def of(self, thing: Hashable) -> int:
        """The number of a thing."""
        return self._known.setdefault(thing, len(self._known))

    def by_property(self, system: TransitionSystem) -> dict[str, int]:
        """The number of what each property of `system` is judged by, by its id."""
        parts = _Parts(system, self)
        return {
            prop.id: self.of((prop.id, prop.holds, prop.companion, parts.slice(roots(system, prop))))
            for prop in system.properties
        }


class _Parts:
    """A system by variables: what each of them depends on, and which rules write it."""

    def __init__(self, system: TransitionSystem, numbers: Numbers) -> None:
        self.system, self.numbers = system, numbers
        self.depends = dependence(system)
        self.written: dict[str, list[Rule]] = {}
        for rule in system.rules:
            for name in rule.effect:
                self.written.setdefault(name, []).append(rule)
        self.known: dict[frozenset[str], int] = {}

    def slice(self, starts: Iterable[str]) -> int:
        """The number of the slice that begins with some variables."""
        names = closed(self.depends, starts)
        if names not in self.known:
            rules = {rule.name: rule for name in names for rule in self.written.get(name, ())}
            said = (
                *sorted(self.numbers.of(("variable", self.system.variables[name])) for name in names),
                *sorted(self.numbers.of(_rule(rule, names)) for rule in rules.values()),
            )
            self.known[names] = self.numbers.of(said)
        return self.known[names]


def _rule(rule: Rule, names: frozenset[str]) -> Hashable:
    """What a slice with the variables `names` has of a rule."""
    effect = tuple((name, value) for name, value in rule.effect.items() if name in names)
    order = tuple(part for part in rule.order if references(part) <= names)
    return rule.name, rule.actor, rule.operation, rule.handoff, rule.guard, order, effect
