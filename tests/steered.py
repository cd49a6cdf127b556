"""Runs that are steered: a small platform is grounded and taken, rule by rule, to the state that a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kexecspec.ground.ground import unfolded
from kexecspec.ir.evaluate import fire, initial_states, is_enabled
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import Value
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.platform.resolve import resolve
from kexecspec.replay.replay import step_through
from kexecspec.source import parse

MEMORY = {"ram": ["0x8000_0000 + 2GiB"], "crashkernel": "0xc000_0000 + 256MiB"}


@dataclass
class Steered:
    """A platform, its whole system, and a run that grows."""

    platform: Platform
    system: TransitionSystem
    first: dict[str, Value]
    taken: list[Step] = field(default_factory=list)

    def __getitem__(self, name: str) -> Value:
        """The value of a variable now."""
        return self._state[name]

    def may(self, name: str) -> bool:
        """Whether the rule called `name` may fire now; a platform may lack the rule."""
        return any(is_enabled(rule, self._state) for rule in self.system.rules if rule.name == name)

    def does(self, *names: str) -> Steered:
        """Fires rules one after the other; each must be one that may fire."""
        for name in names:
            self._take(next(rule for rule in self.system.rules if rule.name == name))
        return self

    def starts(self) -> Steered:
        """Takes the probe walk to its end, each operation the way it goes without trouble."""
        while self["phase"] == "boot":
            self.goes_on()
        return self

    def goes_on(self) -> None:
        """Takes one step of the probe walk, as `starts` does."""
        self._take(next(rule for rule in self.system.rules if is_enabled(rule, self._state) and _goes_on(rule)))

    @property
    def parted(self) -> str:
        """Where the executable model cannot do what was done, or shows something else; empty where it can."""
        return step_through(self.platform, self.system, Trace(self.first, tuple(self.taken)))[2]

    @property
    def _state(self) -> Mapping[str, Value]:
        return self.taken[-1].state if self.taken else self.first

    def _take(self, rule: Rule) -> None:
        assert is_enabled(rule, self._state), f"{rule.name} may not fire"
        self.taken.append(Step(rule.name, fire(self.system, rule, self._state)))


def steered(content: Mapping[str, Any]) -> Steered:
    """The platform file `content` before its first step."""
    whole = {"platform": "steered", "memory": MEMORY, **content}
    platform = resolve(parse("{}", "steered"), "steered", library(), whole)
    system = unfolded(platform, library())
    return Steered(platform, system, next(iter(initial_states(system))))


def _goes_on(rule: Rule) -> bool:
    return rule.name == "up" or ".probe" in rule.name and not rule.name.endswith((".fails", ".refused", ".deferred"))
