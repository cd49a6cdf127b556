"""Properties: each specification becomes one instance for every part it is about and every kind of handoff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from kexecspec.diagnostics import Span
from kexecspec.ground.names import World
from kexecspec.ir.expr import conjoin, disjoin, equal, negate
from kexecspec.ir.language import Scope, lower
from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Ref
from kexecspec.ir.system import Place, Property
from kexecspec.platform.facts import Edge, Entity

ANY, BOOT = "any", "boot"


def properties(world: World, spec: Mapping[str, Any]) -> Iterator[Property]:
    """All instances of one specification on this platform, in the order of its entries, parts and kinds of handoff.
    Severities are those of the entries."""
    for entry in spec["instances"]:
        yield from _instances(world, spec, entry)


def _instances(world: World, spec: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[Property]:
    if entry["for"] == "duty":
        yield from _duties(world, spec, entry)
        return
    about = world.platform.about
    for entity in world.platform.of_kind(entry["for"]):
        if about is not None and entity.name not in about or not fits(entity.driver, entry.get("drivers")):
            continue
        yield from _of(
            world,
            spec,
            entry,
            entity.name,
            _name(entry, entity),
            world.scope({"self": world.part(entity.name)}),
            entity.span,
            world.platform.edges,
        )


def _duties(world: World, spec: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[Property]:
    for kernel, duty, providers, span in world.platform.duties:
        served = disjoin(world.part(name).attribute("live") for name in providers)  # type: ignore[misc]
        here = equal(Ref("kernel"), Const(kernel))
        scope = world.scope({"served": served, "here": here})
        edges = tuple(edge for edge in world.platform.edges if edge.end == kernel)
        yield from _of(world, spec, entry, duty, f"{duty}:{kernel}", scope, span, edges)


def fits(name: str, patterns: list[str] | None) -> bool:
    """Whether a name is of one of the patterns; all are where there are none."""
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)


def _name(entry: Mapping[str, Any], entity: Entity) -> str:
    return str(entry.get("instance", "{self}")).replace("{self}", entity.name)


def _of(
    world: World,
    spec: Mapping[str, Any],
    entry: Mapping[str, Any],
    part: str,
    instance: str,
    scope: Scope,
    span: Span | None,
    edges: tuple[Edge, ...],
) -> Iterator[Property]:
    if "if" in entry and lower(str(entry["if"]), scope) == FALSE:
        return
    where = _in_kernels(world, entry.get("kernels"))
    if where == FALSE:
        return
    violated = conjoin((lower(str(entry["violated"]), scope), where))
    premise = conjoin((lower(str(entry["premise"]), scope), where))
    for handoff, during, before in _handoffs(world, entry, edges):
        yield Property(
            code=str(spec["property"]),
            instance=instance,
            handoff=handoff,
            holds=negate(conjoin((violated, during))),
            companion=conjoin((premise, before)),
            harm=str(entry.get("harm", spec["harm"])),
            severity=str(entry.get("severity", "")),
            says=str(entry["says"]).replace("{self}", part),
            place=Place(span.path, span.line, span.column) if span else None,
            counter=entry.get("counter"),
            absent=str(entry.get("absent", "")),
        )


def _in_kernels(world: World, patterns: list[str] | None) -> Expr:
    """That one of the kernels runs that fit `patterns`, any if None."""
    if patterns is None:
        return TRUE
    return disjoin(equal(Ref("kernel"), Const(name)) for name in world.platform.kernels if fits(name, patterns))


def _handoffs(world: World, entry: Mapping[str, Any], able: tuple[Edge, ...]) -> Iterator[tuple[str, Expr, Expr]]:
    """(label, the condition of being in such a handoff, what its premise must add) for each kind of edge in `able`."""
    when = entry.get("handoff", "entered")
    if when == ANY:
        yield ANY, TRUE, TRUE
        return
    if "boot" in entry and lower(str(entry["boot"]), world.scope({})) != FALSE:
        yield BOOT, equal(Ref("entered"), Const("none")), TRUE
    kinds = dict.fromkeys(edge.kind for edge in able)
    for kind in kinds:
        if kind not in entry.get("kinds", kinds):
            continue
        edges = tuple(edge for edge in able if edge.kind == kind)
        if when == "leaving":
            if kind == "crash":
                continue
            leaving = disjoin(equal(Ref("leaving"), Const(edge.name)) for edge in edges)
            yield kind, leaving, TRUE
        elif _residue(world, edges):
            yield kind, equal(Ref("entered"), Const(kind)), _starts(edges)


def _starts(edges: tuple[Edge, ...]) -> Expr:
    return disjoin(equal(Ref("kernel"), Const(edge.start)) for edge in edges)


def _residue(world: World, edges: tuple[Edge, ...]) -> bool:
    return bool(world.platform.warm_keeps) or not all(edge.resets for edge in edges)
