"""Grounding: every component is instantiated for every part it describes, and the whole becomes one system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from kexecspec.ground.handoffs import Aging, handoff_rules
from kexecspec.ground.names import World, variable
from kexecspec.ground.presence import has_shutdown, keeps_arguments
from kexecspec.ground.properties import properties
from kexecspec.ground.rules import component_rules, known_operations, walk_rules
from kexecspec.ground.site_rules import site_rule
from kexecspec.ground.veil import unveiled
from kexecspec.ir.flow import control_groups, flow_invariants
from kexecspec.ir.fold import fold
from kexecspec.ir.language import LanguageError, lower
from kexecspec.ir.nodes import Const
from kexecspec.ir.system import Invariant, Lifetime, Place, Property, Rule, TransitionSystem, Var
from kexecspec.ir.typing import check
from kexecspec.ir.values import BOOL, EnumSort, IntSort, Sort
from kexecspec.library import Library, Spec
from kexecspec.platform.facts import Entity, Hooks, PerKernel, Platform
from kexecspec.platform.stated import Stated, stated

CONTROL = ("kernel", "phase", "leaving")


class SpecError(Exception):
    """The specifications do not fit together: a defect of specs/, not of a platform file."""


def ground(platform: Platform, library: Library) -> TransitionSystem:
    """The transition system of `platform` with all property instances, constants folded away.

    Raises SpecError when a component or property is not well-formed for this platform.
    """
    return with_flow(folded(platform, library))


def folded(platform: Platform, library: Library) -> TransitionSystem:
    """As `ground`, without the invariants that follow from control flow alone, which only a judge needs."""
    try:
        return fold(unfolded(platform, library))
    except LanguageError as error:
        raise SpecError(str(error)) from error


def loosened(platform: Platform, library: Library) -> tuple[TransitionSystem, dict[str, Stated]]:
    """The unfolded system of a platform that was resolved whole, in which its facts are variables that never change,
    and the facts it looks at, by the names of their variables. With every fact as stated it is the platform's system,
    but for the names of positions in hooks.

    Raises SpecError as `ground` does.
    """
    facts = stated(platform)
    try:
        system = _system(platform, library, facts)
    except LanguageError as error:
        raise SpecError(str(error)) from error
    return system, {name: fact for name, fact in facts.items() if name in system.variables}


def unfolded(platform: Platform, library: Library) -> TransitionSystem:
    """As `ground`, with the variables that can never change and the rules that can never fire."""
    return _system(platform, library, None)


def with_flow(system: TransitionSystem) -> TransitionSystem:
    """`system` with the invariants that follow from its control flow."""
    return replace(system, invariants=(*system.invariants, *flow_invariants(system, control_groups(system, CONTROL))))


def watching(
    platform: Platform,
    library: Library,
    wanted: Callable[[World], Iterable[Property]],
    more: Mapping[str, Mapping[str, Any]],
) -> TransitionSystem:
    """As `folded`, with what is `wanted` in place of the library's properties, and with `more` components, which
    only watch.

    Raises SpecError as `ground` does.
    """
    try:
        return fold(_system(platform, library, None, wanted, more))
    except LanguageError as error:
        raise SpecError(str(error)) from error


def _system(
    platform: Platform,
    library: Library,
    loose: dict[str, Stated] | None,
    instead: Callable[[World], Iterable[Property]] | None = None,
    more: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> TransitionSystem:
    world = world_of(platform, library, loose, more)
    platform = world.platform
    if loose is not None:
        world.derived.update(((e.name, "has_shutdown"), has_shutdown(world, e)) for e in platform.of_kind("walker"))
        for driver in platform.of_kind("tee_driver"):
            world.derived["tee", "keeps_arguments"] = keeps_arguments(world, driver)
    variables, aging = _variables(world)
    rules: list[Rule] = []
    for entity in world.seen():
        for component in world.components_of(entity):
            rules.extend(component_rules(world, entity, component))
        if "walker" in entity.kinds:
            rules.extend(walk_rules(world, entity))
    rules.extend(handoff_rules(world, variables, aging))
    wanted = tuple(instead(world) if instead else _all_wanted(world, library))
    invariants = _invariants(world)
    for name, unknown in sorted(world.unknowns.items()):
        variables[name] = Var(
            name, unknown.sort, None, Lifetime.FIXED, says="a fact that the platform file leaves unknown"
        )
    open_facts = {name: Var(name, (loose or {})[name].sort, None, Lifetime.FIXED) for name in sorted(world.used)}
    system = TransitionSystem({**open_facts, **variables}, tuple(rules), invariants, wanted)
    system = unveiled(system) if platform.veiled else system
    problems = check(system)
    if problems:
        for spec in library.all("properties"):
            if library.of_others(spec):
                site_rule(world, spec, system.variables)
        raise SpecError("\n".join(problems))
    return system


def world_of(
    platform: Platform,
    library: Library,
    loose: dict[str, Stated] | None = None,
    more: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> World:
    """What names mean on a platform."""
    components = {**_components(library), **more}
    platform = _without_silent(platform, known_operations(components))
    return World(platform, components, frozenset(library.features), loose=loose)


@cache
def _components(library: Library) -> Mapping[str, Mapping[str, Any]]:
    return {spec.name: {**spec.content, "path": spec.path} for spec in library.all("components")}


def _all_wanted(world: World, library: Library) -> Iterator[Property]:
    return (prop for spec in library.all("properties") for prop in _wanted(world, spec, library))


def _wanted(world: World, spec: Spec, library: Library) -> tuple[Property, ...]:
    """The instances of a property, each as severe as the policies have it. Raises InputError for one that others have
    written and that means nothing on this platform."""
    found = site_rule(world, spec) if library.of_others(spec) else tuple(properties(world, spec.content))
    return tuple(replace(prop, severity=library.severity(prop.code, prop.severity, prop.handoff)) for prop in found)


def _without_silent(platform: Platform, known: frozenset[str]) -> Platform:
    """Operations that no component speaks of bear on no property; the executable model performs them all the same."""
    entities = {}
    for name, entity in platform.entities.items():
        hooks = {
            k: Hooks(
                tuple(op for op in h.probe if op.do in known),
                tuple(op for op in h.shutdown if op.do in known),
            )
            for k, h in entity.hooks.items()
        }
        entities[name] = replace(entity, hooks=hooks, facts=_shutdown_fact(entity, hooks))
    return replace(platform, entities=entities)


def _shutdown_fact(entity: Entity, hooks: Mapping[str, Hooks]) -> Mapping[str, Any]:
    if not hooks:
        return entity.facts
    return {**entity.facts, "has_shutdown": PerKernel({k: bool(h.shutdown) for k, h in hooks.items()})}


def _variables(world: World) -> tuple[dict[str, Var], dict[str, Aging]]:
    variables: dict[str, Var] = {}
    aging: dict[str, Aging] = {}
    for entity in world.seen():
        for component in world.components_of(entity):
            for name, spec in component.get("variables", {}).items():
                full = variable(entity, name)
                variables[full] = _variable(world, entity, full, spec, component)
                aging[full] = Aging(
                    entity.name,
                    _optional(spec, "at_begin"),
                    _optional(spec, "at_handoff"),
                    spec.get("cleared_by", component.get("cleared_by")),
                )
    for limit in world.platform.limits:
        sort, says = IntSort(0, max(limit.most, 1)), "handoffs since the last reset, of those that are limited"
        variables[limit.counter] = Var(limit.counter, sort, Const(0), Lifetime.PLATFORM, says=says)
        aging[limit.counter] = Aging("machine", None, None, None)
    return variables, aging


def _variable(world: World, entity: Entity, full: str, spec: Mapping[str, Any], component: Mapping[str, Any]) -> Var:
    scope = world.scope({"self": world.part(entity.name)})
    sort = _sort(world, entity, str(spec["sort"]))
    initial = lower(str(spec["initial"]), scope)
    return Var(
        full,
        sort,
        initial,
        Lifetime(spec["lifetime"]),
        says=str(spec.get("says", "")),
        place=Place(str(component["path"]), 1),
    )


def _sort(world: World, entity: Entity, text: str) -> Sort:
    word, *rest = text.split(maxsplit=1)
    if word == "bool":
        return BOOL
    if word == "int":
        low, high = rest[0].split("..")
        scope = world.scope({"self": world.part(entity.name)})
        bounds = [lower(bound, scope) for bound in (low, high)]
        if not all(isinstance(bound, Const) for bound in bounds):
            raise LanguageError(f"the bounds of {text} are not constant")
        return IntSort(*(int(bound.value) for bound in bounds))  # type: ignore[union-attr]
    return EnumSort(tuple(label for token in rest[0].split() for label in _labels(world, entity, token)))


def _labels(world: World, entity: Entity, token: str) -> tuple[str, ...]:
    match token:
        case "{kernels}":
            return tuple(world.platform.kernels)
        case "{edges}":
            return tuple(edge.name for edge in world.platform.edges)
        case "{positions}":
            return world.positions[entity.name]["positions"]
        case _:
            return (token,)


def _invariants(world: World) -> tuple[Invariant, ...]:
    found = []
    for entity in world.seen():
        for component in world.components_of(entity):
            for name, text in component.get("invariants", {}).items():
                holds = lower(str(text), world.scope({"self": world.part(entity.name)}))
                found.append(Invariant(variable(entity, name), holds, Place(str(component["path"]), 1)))
    return tuple(found)


def _optional(spec: Mapping[str, Any], key: str) -> str | None:
    return str(spec[key]) if key in spec else None
