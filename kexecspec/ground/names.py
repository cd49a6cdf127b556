"""What names mean in the rule language, for one platform: variables, facts, definitions, groups, entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kexecspec.ground.veil import CROWDS, speaks_of_all
from kexecspec.ground.walks import Turn, positions, turns
from kexecspec.ir.expr import choose, equal
from kexecspec.ir.language import Group, LanguageError, Meaning, Scope, lower
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.values import Value
from kexecspec.platform.facts import Edge, Entity, Link, Links, PerKernel, Platform, Unknown
from kexecspec.platform.stated import Stated, edge_fact, fact_in, feature_fact, feature_of, kernel_fact, tree_fact

GROUPS = {
    "clients": "client",
    "buffers": "buffer",
    "smmus": "smmu",
    "devices": "device",
    "walkers": "walker",
    "tee_drivers": "tee_driver",
}


@dataclass
class World:
    """All names of one platform. `operations` gives the component of each operation, `turns` each walker's
    operations, `positions` its control positions by group.

    With `loose`, the facts in it are variables that never change instead of constants, and a kernel's features are
    added to it as they are looked at; `used` tells which have been, and `derived` holds facts that follow from them.
    """

    platform: Platform
    components: Mapping[str, Mapping[str, Any]]
    features: frozenset[str]
    unknowns: dict[str, Unknown] = field(default_factory=dict)
    loose: dict[str, Stated] | None = None
    used: set[str] = field(default_factory=set)
    derived: dict[tuple[str, str], Expr] = field(default_factory=dict)
    orders: dict[tuple[str, str], tuple[Expr, ...]] = field(default_factory=dict)
    operations: dict[str, Mapping[str, Any]] = field(init=False)
    turns: dict[str, tuple[Turn, ...]] = field(init=False)
    positions: dict[str, dict[str, tuple[str, ...]]] = field(init=False)
    _things: dict[str, Part] = field(init=False, default_factory=dict)
    _meant: dict[tuple[str, str], Meaning] = field(init=False, default_factory=dict)
    _of_now: dict[str, Expr] = field(init=False, default_factory=dict)
    _components: dict[tuple[str, ...], tuple[Mapping[str, Any], ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        described = reversed([*self.components.values()])
        self.operations = {name: c for c in described for name in c.get("operations", {})}
        self.turns = {entity.name: turns(entity) for entity in self.platform.of_kind("walker")}
        self.positions = {name: positions(found) for name, found in self.turns.items()}

    def part(self, name: str) -> Part:
        """The entity called `name`, as something with attributes."""
        if name not in self._things:
            self._things[name] = Part(self, self.platform.entities[name])
        return self._things[name]

    def known(self, name: str, value: Value) -> Expr:
        """The fact called `name`, whose value is `value`: a constant, or a variable where facts are loose."""
        if self.loose is None or name not in self.loose:
            return Const(value)
        self.used.add(name)
        return Ref(name)

    def feature(self, kernel: str, feature: str) -> Expr:
        """Whether a kernel has a feature."""
        has, name = feature in self.platform.kernels[kernel].features, feature_fact(kernel, feature)
        if self.loose is not None and self.platform.kernels[kernel].linux:
            self.loose.setdefault(name, feature_of(kernel, feature, has))
        return self.known(name, has)

    def scope(self, local: Mapping[str, Meaning]) -> Scope:
        """The names that every expression may use, and `local` ones before them."""
        return lambda name: local[name] if name in local else self._global(name)

    def now(self, name: str) -> Expr:
        """A fact or feature of the running kernel (see `Now`). Raises LanguageError for anything else."""
        if name not in self._of_now:
            self._of_now[name] = self._now(name)
        return self._of_now[name]

    def _now(self, name: str) -> Expr:
        kernels = self.platform.kernels
        if all(name in kernel.facts for kernel in kernels.values()):
            return by_kernel({k: self.known(kernel_fact(k, name), e.facts[name]) for k, e in kernels.items()})
        feature = name.replace("_", "-")
        if feature not in self.features:
            raise LanguageError(f"no kernel fact or feature is called {name}")
        return by_kernel({k: self.feature(k, feature) for k in kernels})

    def seen(self) -> Iterator[Entity]:
        """The entities whose state is in sight."""
        return (entity for entity in self.platform.entities.values() if entity.name not in self.platform.veiled)

    def components_of(self, entity: Entity) -> tuple[Mapping[str, Any], ...]:
        """The components that describe `entity`."""
        if entity.kinds not in self._components:
            found = tuple(c for c in self.components.values() if c["for"] in entity.kinds)
            self._components[entity.kinds] = found
        return self._components[entity.kinds]

    def attribute(self, entity: Entity, name: str) -> Meaning:
        """A fact, variable or definition of `entity`. Raises LanguageError for anything else."""
        key = (entity.name, name)
        if key in self.derived:
            return self.derived[key]
        if key not in self._meant:
            self._meant[key] = self._attribute(entity, name)
        return self._meant[key]

    def _attribute(self, entity: Entity, name: str) -> Meaning:
        if name in entity.facts:
            return self._fact(entity, name)
        for component in self.components_of(entity):
            if name in component.get("variables", {}):
                return Ref(variable(entity, name))
            if name in component.get("define", {}):
                return self._definition(entity, component, name)
        raise LanguageError(f"{entity.name} has no attribute {name}")

    def _definition(self, entity: Entity, component: Mapping[str, Any], name: str) -> Expr:
        text = fill(str(component["define"][name]), self.positions.get(entity.name, {}))
        if entity.name in self.platform.veiled and speaks_of_all(text):
            return Ref(variable(entity, name))
        return lower(text, self.scope({"self": self.part(entity.name)}))

    def _fact(self, entity: Entity, name: str) -> Meaning:
        match entity.facts[name]:
            case PerKernel(values):
                full = variable(entity, name)
                return by_kernel({k: self.known(fact_in(full, k), value) for k, value in values.items()})
            case Unknown() as unknown:
                self.unknowns[variable(entity, name)] = unknown
                return Ref(variable(entity, name))
            case Link(other):
                return self.part(other)
            case Links(others):
                return Group(tuple(self.part(other) for other in others))
            case value:
                return self.known(variable(entity, name), value)

    def _global(self, name: str) -> Meaning | None:
        if name in CROWDS and self.platform.veiled:
            raise LanguageError(f"{name}: a part of a platform does not know all of them")
        if name in GROUPS:
            return Group(tuple(self.part(e.name) for e in self.platform.of_kind(GROUPS[name])))
        if name == "edges":
            return Group(tuple(EdgePart(self, edge) for edge in self.platform.edges))
        if name == "now":
            return Now(self)
        if name in ("tee", "machine") and name in self.platform.entities:
            return self.part(name)
        machine = self.platform.entities["machine"]
        if any(name in c.get(part, {}) for c in self.components_of(machine) for part in ("variables", "define")):
            return self.attribute(machine, name)
        return None


def variable(entity: Entity, name: str) -> str:
    """The full name of a variable; those of the machine stand alone."""
    return name if "machine" in entity.kinds else f"{entity.name}.{name}"


def by_kernel(values: Mapping[str, Expr]) -> Expr:
    """A fact that depends on the running kernel, as a case split."""
    (_, expr), *others = reversed(list(values.items()))
    for kernel, value in others:
        expr = choose(equal(Ref("kernel"), Const(kernel)), value, expr)
    return expr


def fill(text: str, groups: Mapping[str, tuple[str, ...]]) -> str:
    """`text` with each `{group}` replaced by a tuple of the labels in that group."""
    for group, labels in groups.items():
        text = text.replace("{" + group + "}", "(" + "".join(f"{label}, " for label in labels) + ")")
    return text


@dataclass(frozen=True)
class Part:
    """An entity in an expression."""

    world: World
    entity: Entity

    def attribute(self, name: str) -> Meaning:
        """The fact, variable or definition called `name`."""
        return self.world.attribute(self.entity, name)


@dataclass(frozen=True)
class EdgePart:
    """A handoff in an expression; compared with `leaving` it stands for its own label."""

    world: World
    edge: Edge

    @property
    def label(self) -> str:
        """Its label in the sort of `leaving`."""
        return self.edge.name

    def attribute(self, name: str) -> Meaning:
        """Whether it is `clean`, `crash`, `user_stopped`, `tree_handed_on`. Raises LanguageError for anything else."""
        edge = self.edge
        match name:
            case "clean":
                return Const(edge.clean)
            case "crash":
                return Const(edge.kind == "crash")
            case "user_stopped":
                return self.world.known(edge_fact(edge.name), edge.user_stopped)
            case "tree_handed_on":
                return self.world.known(tree_fact(edge.name), edge.tree_handed_on)
        raise LanguageError(f"a handoff has no attribute {name}")


@dataclass(frozen=True)
class Now:
    """The running kernel: its facts, and its features with `_` for `-`."""

    world: World

    def attribute(self, name: str) -> Meaning:
        """A fact of the running kernel, as a case split over kernels."""
        return self.world.now(name)
