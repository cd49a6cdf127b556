"""Properties that somebody laid over the library: what means nothing is their mistake, told at its place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import chain

from kexecspec.diagnostics import Diagnostic, InputError, allowed_help, quote, suggest
from kexecspec.ground.names import World
from kexecspec.ground.properties import properties
from kexecspec.ir.language import LanguageError, parse
from kexecspec.ir.system import Property, Var
from kexecspec.ir.typing import SortError, sort_of
from kexecspec.ir.values import BOOL
from kexecspec.library import Spec
from kexecspec.platform.facts import Entity, PerKernel
from kexecspec.tree import at

EXPRESSIONS = ("if", "violated", "premise", "boot")


def site_rule(world: World, spec: Spec, variables: Mapping[str, Var] | None = None) -> tuple[Property, ...]:
    """The instances of the property `spec` on this platform.

    Raises InputError, at the entry's place, for one that speaks of what is not there, or, where the platform's
    `variables` are given, that compares what has no sort in common.
    """
    found: list[Property] = []
    for number, entry in enumerate(spec.content["instances"]):
        _refuse_labels(world, spec, number)
        try:
            made = tuple(properties(world, {**spec.content, "instances": [entry]}))
            if variables is not None:
                _check_sorts(made, variables)
        except (LanguageError, SortError) as error:
            raise InputError([_wrong(world, spec, number, str(error))]) from None
        twice = {prop.id for prop in made} & {prop.id for prop in found}
        if twice:
            message = f"two entries speak of {quote(min(twice))}"
            place = at(spec.node, ("instances", number))
            raise InputError([Diagnostic("KX023", message, place, (), 'instance: "{self}:NAME" tells them apart')])
        found += made
    return tuple(found)


def _refuse_labels(world: World, spec: Spec, number: int) -> None:
    """InputError for a label that nothing can have: what is compared with it would be false for ever, and the rule
    kept by everybody."""
    entry = spec.content["instances"][number]
    here = (*world.platform.kernels, *(edge.name for edge in world.platform.edges))
    for key in EXPRESSIONS:
        for name in _labels(world, str(entry.get(key, "true"))):
            known = sorted({*_known_labels(world), *here})
            if name not in known:
                place = at(spec.node, ("instances", number, key))
                help_text = allowed_help(name, known) if suggest(name, known) else "for some kernels: kernels: [NAME*]"
                message = f"{quote(name)} is no name, and no label that anything can have"
                raise InputError([Diagnostic("KX002", message, place, (), help_text)])


def _labels(world: World, text: str) -> Iterator[str]:
    """The bare names in an expression that name nothing."""
    nodes = list(ast.walk(parse(text)))
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    named = {"true", "false", "self", "here", "served", *bound}
    scope = world.scope({})
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in named and scope(node.id) is None:
            yield node.id


def _known_labels(world: World) -> Iterator[str]:
    """The labels of all sorts and facts, and those that the library's own rules speak of."""
    for component in world.components.values():
        for variable in component.get("variables", {}).values():
            yield from str(variable["sort"]).split()[1:]
        rules = (rule["when"] for rule in component.get("rules", {}).values())
        for text in chain(map(str, component.get("define", {}).values()), map(str, rules)):
            yield from re.findall(r"(?:==|!=|[(,]) *([a-z][\w]*)", text)
    for entity in world.platform.entities.values():
        for fact in entity.facts.values():
            values = fact.values.values() if isinstance(fact, PerKernel) else (fact,)
            yield from (value for value in values if isinstance(value, str))


def _check_sorts(made: tuple[Property, ...], variables: Mapping[str, Var]) -> None:
    for prop in made:
        if any(sort_of(expr, variables) != BOOL for expr in (prop.holds, prop.companion)):
            raise SortError(f"{prop.id} is neither true nor false")


def _wrong(world: World, spec: Spec, number: int, said: str) -> Diagnostic:
    """At the misspelt attribute's expression, with the one that was probably meant; else at the entry's `violated`."""
    entry = spec.content["instances"][number]
    for entity in world.platform.of_kind(str(entry["for"])):
        known = sorted(_attributes(world, entity))
        for key, name in _asked(entry):
            if name not in known:
                place = at(spec.node, ("instances", number, key))
                message = f"{entity.name} ({entry['for']}) has no attribute {quote(name)}"
                return Diagnostic("KX002", message, place, (), allowed_help(name, known))
    place = at(spec.node, ("instances", number, "violated"))
    return Diagnostic("KX036", f"on {world.platform.name} this means nothing: {said}", place)


def _asked(entry: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Each attribute of `self` that an entry's expressions ask for, with the expression's key."""
    for key in EXPRESSIONS:
        for node in ast.walk(parse(str(entry.get(key, "true")))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                yield key, node.attr


def _attributes(world: World, entity: Entity) -> Iterator[str]:
    described = (c.get(part, {}) for c in world.components_of(entity) for part in ("variables", "define"))
    derived = (name for owner, name in world.derived if owner == entity.name)
    return chain(entity.facts, derived, chain.from_iterable(described))
