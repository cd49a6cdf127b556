"""What is known about a platform: entities with facts. Frozen; everything later stands on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kexecspec.diagnostics import Span
from kexecspec.ir.values import Sort, Value


@dataclass(frozen=True, slots=True)
class PerKernel:
    """A fact that depends on the kernel that runs."""

    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact left free for the solver. `weak`: a violation that needs a certain value of it is UNKNOWN."""

    sort: Sort
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Another entity."""

    name: str


@dataclass(frozen=True, slots=True)
class Links:
    """Other entities."""

    names: tuple[str, ...]


Fact = bool | int | str | PerKernel | Unknown | Link | Links


@dataclass(frozen=True, slots=True)
class Op:
    """One operation of a hook, in one kernel: its name, its buffer's entity if it has one, and its facts.

    `item` is its number in the hook as the driver's specification writes it. `there` is false only in a platform that
    was resolved whole, for operations that this kernel's features leave out.
    """

    do: str
    buffer: str | None = None
    facts: tuple[tuple[str, Value], ...] = ()
    there: bool = True
    item: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a driver does in one kernel."""

    probe: tuple[Op, ...] = ()
    shutdown: tuple[Op, ...] = ()


@dataclass(frozen=True)
class Entity:
    """A part of the platform: `kinds` says which components describe it, `hooks` what it does in each kernel
    that has it; `shut_after` names the entities that are shut down before this one, where that is known; `asks` are the
    kernel features that its driver looks at."""

    name: str
    kinds: tuple[str, ...]
    facts: Mapping[str, Fact]
    hooks: Mapping[str, Hooks] = field(default_factory=dict)
    shut_after: frozenset[str] = frozenset()
    driver: str = ""
    span: Span | None = None
    asks: tuple[str, ...] = ()

    @cached_property
    def links(self) -> tuple[tuple[str, Link | Links], ...]:
        """Those of its facts that are other parts, with their names."""
        return tuple((name, fact) for name, fact in self.facts.items() if isinstance(fact, Link | Links))


@dataclass(frozen=True)
class Edge:
    """A handoff that may be taken: `kind` is kexec, crash, reboot or reboot-force. `tree_handed_on`: a kernel that may
    be a crash kernel gives its successor its own device tree."""

    name: str
    start: str
    end: str
    kind: str
    user_stopped: bool
    at_most: int | None = None
    span: Span | None = None
    tree_handed_on: bool = False

    @property
    def clean(self) -> bool:
        """Whether device_shutdown runs and memory survives."""
        return self.kind == "kexec"

    @property
    def resets(self) -> bool:
        """Whether the platform is reset on the way."""
        return self.kind.startswith("reboot")


@dataclass(frozen=True)
class Kernel:
    """A kernel of the platform: `features` are those it has, after hand-made changes."""

    name: str
    version: str
    linux: bool
    features: frozenset[str]
    kdump: bool
    recognises_kdump: bool
    facts: Mapping[str, Value]
    duties: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class Reliance:
    """A fact taken from the library or the user that nobody has verified, or a stated assumption."""

    what: str
    why: str
    subject: str = ""


@dataclass(frozen=True)
class Expectation:
    """What the file says a verdict should be; `outcome` and `log` are about the replay of a refuted one."""

    finding: str
    verdict: str
    handoffs: int | None
    harm: str | None
    span: Span | None
    outcome: str | None = None
    log: str | None = None


@dataclass(frozen=True)
class Limit:
    """Handoffs over `edges` are taken at most `most` times between two resets; `counter` names their count."""

    counter: str
    most: int
    edges: frozenset[str]


@dataclass(frozen=True)
class Platform:
    """All facts. `entities` stand in the order in which drivers probe. `about` names those whose properties are asked
    for, where that is not all of them; of the `veiled` ones there are the facts, and nothing else is known.
    `of_drivers` are the kernel features that bear on nothing but what the driver that asks for one does."""

    name: str
    path: str
    entities: Mapping[str, Entity]
    kernels: Mapping[str, Kernel]
    edges: tuple[Edge, ...]
    first: str
    limits: tuple[Limit, ...]
    warm_keeps: frozenset[str]
    assumptions: tuple[Reliance, ...]
    reliances: tuple[Reliance, ...]
    expectations: tuple[Expectation, ...]
    duties: tuple[tuple[str, str, tuple[str, ...], Span], ...]
    plain: Mapping[str, object]
    about: frozenset[str] | None = None
    veiled: frozenset[str] = frozenset()
    of_drivers: frozenset[str] = frozenset()

    def of_kind(self, kind: str) -> tuple[Entity, ...]:
        """The entities of a kind, in probe order."""
        return tuple(entity for entity in self.entities.values() if kind in entity.kinds)
