"""Transition systems: typed variables, guarded rules, invariants and properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from kexecspec.ir.expr import conjoin
from kexecspec.ir.nodes import Expr
from kexecspec.ir.values import Sort


class Lifetime(Enum):
    """What ends a variable's value: its kernel, a platform reset, or nothing (an unknown fact)."""

    KERNEL = "kernel"
    PLATFORM = "platform"
    FIXED = "fixed"


class Mode(Enum):
    """`ALWAYS`: holds in every reachable state. `SOMETIMES`: holds in some reachable state."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the text behind a piece of the system stands."""

    path: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A citation, and what it says in our words."""

    ref: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Var:
    """A state variable. `initial` is None where every value of the sort is possible at first.

    `at_handoff` is the value a platform-lifetime variable takes when the machine changes kernels, in terms
    of the state before; None keeps it.
    """

    name: str
    sort: Sort
    initial: Expr | None
    lifetime: Lifetime
    at_handoff: Expr | None = None
    says: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that may happen: where `guard` and every conjunct of `order` hold, `effect` changes the state.

    `order` holds the conjuncts that only say whose turn it is in a walk, whether a thread is free, or whether there is
    room: without them there is more behaviour, never less. A slice may drop them; everything else is `guard`.
    What `effect` does not name stays unchanged. `handoff` counts as a handoff.
    `operation` says what the executable model does for it: (actor, operation name, parameters).
    """

    name: str
    actor: str
    guard: Expr
    effect: Mapping[str, Expr]
    order: tuple[Expr, ...] = ()
    says: str = ""
    handoff: bool = False
    operation: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    place: Place | None = None

    @property
    def enabled(self) -> Expr:
        """The whole guard, `order` included."""
        return conjoin((self.guard, *self.order))


@dataclass(frozen=True, slots=True)
class Invariant:
    """A state predicate that helps proofs and is proved like anything else."""

    name: str
    holds: Expr
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """One instance of something wanted: `code` about `instance` at handoffs of kind `handoff`.

    ALWAYS: `holds` is to be true in every reachable state, and `companion` must be reachable, or the
    property is vacuous. `decided_by` names the unknown facts in its cone.
    """

    code: str
    instance: str
    handoff: str
    holds: Expr
    companion: Expr
    harm: str
    severity: str = "error"
    says: str = ""
    mode: Mode = Mode.ALWAYS
    place: Place | None = None
    counter: str | None = None
    absent: str = ""

    @property
    def id(self) -> str:
        """`CODE/instance@handoff`."""
        return self.ids(())[0]

    @property
    def part(self) -> str:
        """The part of the platform that the instance is about: an instance is its name, or PART:what of it."""
        return self.instance.partition(":")[0]

    def ids(self, others: Iterable[str]) -> tuple[str, ...]:
        """The id, and those that it would have for `others` than its instance."""
        return tuple(f"{self.code}/{instance}@{self.handoff}" for instance in (self.instance, *others))

    def instances(self, parts: Iterable[str]) -> tuple[str, ...]:
        """The instances that would be the same about other `parts` of the platform."""
        _, colon, rest = self.instance.partition(":")
        return tuple(f"{part}{colon}{rest}" for part in parts)


@dataclass(frozen=True)
class TransitionSystem:
    """Variables, rules and invariants, each in a fixed order; `variables` maps names to declarations."""

    variables: Mapping[str, Var]
    rules: tuple[Rule, ...]
    invariants: tuple[Invariant, ...] = ()
    properties: tuple[Property, ...] = field(default=())


def writers(effects: Iterable[Mapping[str, object]]) -> dict[str, list[int]]:
    """The places of those of `effects` that name a variable, for each variable that one of them names."""
    found: dict[str, list[int]] = {}
    for place, effect in enumerate(effects):
        for name in effect:
            found.setdefault(name, []).append(place)
    return found
