"""Handoffs: for each edge the rules that begin it and take it, made from the lifetimes of the variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kexecspec.ground.names import EdgePart, World
from kexecspec.ground.rules import _flat
from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, equal, negate
from kexecspec.ir.language import lower
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Place, Rule, Var
from kexecspec.platform.facts import Edge, Limit
from kexecspec.platform.stated import limit_fact


@dataclass(frozen=True)
class Aging:
    """What becomes of a variable at the start and at the end of a handoff, as text, and which part of a warm reset
    clears it."""

    entity: str
    at_begin: str | None
    at_handoff: str | None
    cleared_by: str | None


def handoff_rules(world: World, variables: Mapping[str, Var], aging: Mapping[str, Aging]) -> Iterator[Rule]:
    """Every way to begin a clean handoff, to finish it, and to crash."""
    for edge in world.platform.edges:
        here = equal(Ref("kernel"), Const(edge.start))
        limit = _limit(world, edge)
        effect = _arrival(world, edge, variables, aging)
        if edge.kind == "crash":
            running = disjoin(equal(Ref("phase"), Const(p)) for p in ("up", "down"))
            yield _rule(
                f"crash.{edge.name}",
                edge,
                conjoin((here, running, limit, *_idle(world))),
                effect,
                f"{edge.start} crashes; {edge.end} starts",
                ("kernel", "crash", edge.end),
                handoff=True,
            )
            continue
        guard = conjoin((here, equal(Ref("phase"), Const("up")), limit))
        yield _rule(
            f"begin.{edge.name}",
            edge,
            guard,
            _departure(world, edge, aging),
            _begins(edge),
            ("kernel", "begin", edge.name),
        )
        under_way = (equal(Ref("phase"), Const("down")), equal(Ref("leaving"), Const(edge.name)))
        guard = conjoin((here, *under_way, limit, *_idle(world)))
        yield _rule(
            f"{'reset' if edge.resets else 'jump'}.{edge.name}",
            edge,
            guard,
            effect,
            _ends(edge),
            ("kernel", "reset" if edge.resets else "jump", edge.end),
            handoff=True,
            order=_all_stopped(world),
        )


def _departure(world: World, edge: Edge, aging: Mapping[str, Aging]) -> dict[str, Expr]:
    effect: dict[str, Expr] = {"phase": Const("down"), "leaving": Const(edge.name)}
    for name, age in aging.items():
        if age.at_begin is not None:
            effect[name] = lower(age.at_begin, _scope(world, edge, age))
    return effect


def _arrival(world: World, edge: Edge, variables: Mapping[str, Var], aging: Mapping[str, Aging]) -> dict[str, Expr]:
    effect: dict[str, Expr] = {}
    for name, var in variables.items():
        age = aging[name]
        cleared = edge.resets and age.cleared_by not in world.platform.warm_keeps
        if var.lifetime is Lifetime.FIXED:
            continue
        if var.lifetime is Lifetime.KERNEL or cleared:
            effect[name] = _fresh(var)
        elif age.at_handoff is not None:
            effect[name] = lower(age.at_handoff, _scope(world, edge, age))
    effect |= {"kernel": Const(edge.end), "entered": Const(edge.kind)}
    for limit in world.platform.limits:
        if edge.resets:
            effect[limit.counter] = Const(0)
        elif edge.name in limit.edges:
            more = add((Ref(limit.counter), Const(1)))
            taken = disjoin((_holds(world, limit), _below(limit)))
            effect[limit.counter] = choose(taken, more, Ref(limit.counter))
    return effect


def _fresh(var: Var) -> Expr:
    if var.initial is None:
        raise ValueError(f"{var.name} has no initial value")
    return var.initial


def _scope(world: World, edge: Edge, age: Aging):  # type: ignore[no-untyped-def]
    local = {"edge": EdgePart(world, edge)}
    if age.entity in world.platform.entities:
        return world.scope({"self": world.part(age.entity), **local})
    return world.scope(local)


def _limit(world: World, edge: Edge) -> Expr:
    limits = (limit for limit in world.platform.limits if edge.name in limit.edges)
    return conjoin(disjoin((negate(_holds(world, limit)), _below(limit))) for limit in limits)


def _below(limit: Limit) -> Expr:
    return at_most(Ref(limit.counter), Const(limit.most - 1))


def _holds(world: World, limit: Limit) -> Expr:
    return world.known(limit_fact(limit.counter), True)


def _idle(world: World) -> tuple[Expr, ...]:
    tee = world.platform.entities.get("tee")
    if tee is None:
        return ()
    none: Expr = world.part("tee").attribute("in_flight_none")  # type: ignore[assignment]
    idle = equal(world.part("tee").attribute("busy"), Const(0))  # type: ignore[arg-type]
    return _flat([disjoin((negate(none), idle))])


def _all_stopped(world: World) -> tuple[Expr, ...]:
    return _flat([world.part(e.name).attribute("stopped") for e in world.platform.of_kind("walker")])  # type: ignore[misc]


def _rule(
    name: str, edge: Edge, guard: Expr, effect: Mapping[str, Expr], says: str, operation: tuple[str, ...],
    handoff: bool = False, order: tuple[Expr, ...] = (),
) -> Rule:  # fmt: skip
    place = Place(edge.span.path, edge.span.line, edge.span.column) if edge.span else None
    return Rule(name, "kernel", guard, effect, order, says, handoff, operation, (), place)


def _begins(edge: Edge) -> str:
    space = "user space is stopped first" if edge.user_stopped else "user space still runs"
    word = {"kexec": "kexec", "reboot": "reboot", "reboot-force": "reboot --force"}[edge.kind]
    return f"{word} to {edge.end} begins, {space}; device_shutdown"


def _ends(edge: Edge) -> str:
    if edge.resets:
        return f"the platform is reset; {edge.end} starts"
    return f"the jump to {edge.end}"
