"""Small platforms for one question each: which states their rules lead to, and whether the machine agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kexecspec.explore import Sweep
from kexecspec.ground.ground import ground, unfolded
from kexecspec.ir.expr import conjoin, disjoin, equal, negate
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import Property
from kexecspec.ir.values import Value
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.platform.resolve import resolve
from kexecspec.replay.replay import step_through
from kexecspec.replay.walk import walk
from kexecspec.source import parse
from tests.runs import thorough
from tests.turns import out_of_order

STATES = 20_000
"""A system of more states is not small."""


@dataclass(frozen=True)
class Small:
    """A platform, and all states of its rules, with every variable."""

    platform: Platform
    sweep: Sweep

    def handoffs_to(self, wanted: Mapping[str, Value]) -> int | None:
        """The fewest handoffs of a run to where variables are as `wanted`; None where there is no such run."""
        return self._fewest(_where(wanted))

    def handoffs_to_harm(self, code: str, wanted: Mapping[str, Value] = MappingProxyType({})) -> int | None:
        """The fewest handoffs of a run in which a property of that code, or of an id that begins so, does not hold
        where variables are as `wanted`; None where it always holds."""
        broken = disjoin(negate(prop.holds) for prop in self._properties(code))
        return self._fewest(conjoin((_where(wanted), broken)))

    def handoffs_to_premise(self, code: str, wanted: Mapping[str, Value] = MappingProxyType({})) -> int | None:
        """The fewest handoffs of a run to where such a property says anything and variables are as `wanted`; None
        where it would hold of nothing."""
        said = disjoin(prop.companion for prop in self._properties(code))
        return self._fewest(conjoin((_where(wanted), said)))

    def _properties(self, code: str) -> list[Property]:
        found = [prop for prop in self.sweep.system.properties if prop.id.startswith(code)]
        assert found
        return found

    def may_fire(self, rule: str, wanted: Mapping[str, Value]) -> bool:
        """Whether the rule called `rule` may fire somewhere where variables are as `wanted`."""
        (found,) = [r for r in self.sweep.system.rules if r.name == rule]
        return self._fewest(conjoin((_where(wanted), found.guard, *found.order))) is not None

    def _fewest(self, target: Expr) -> int | None:
        found = self.sweep.seek(target)
        assert found is not None or self.sweep.complete
        ends = {rule.name for rule in self.sweep.system.rules if rule.handoff}
        return None if found is None else sum(step.rule in ends for step in found.steps)


def small(text: str) -> Small:
    """The platform that `text` describes."""
    platform = _platform(text)
    return Small(platform, Sweep(unfolded(platform, library()), STATES, strict=True))


def disagreements(text: str) -> list[str]:
    """Where the rules of a platform and the executable model part in a few runs of either, and what is out of order."""
    platform = _platform(text)
    rules = ground(platform, library())
    said = sorted(set(out_of_order(platform, rules, 400)))
    said += [parted for trace in thorough(rules, 8, 60) if (parted := step_through(platform, rules, trace)[2])]
    walks = (walk(platform, rules, library(), seed, 60).objection for seed in range(3))
    return said + [objection for objection in walks if objection]


def _platform(text: str) -> Platform:
    return resolve(parse(text, "small.yaml"), "small.yaml", library())


def _where(wanted: Mapping[str, Value]) -> Expr:
    return conjoin(equal(Ref(name), Const(value)) for name, value in wanted.items())
