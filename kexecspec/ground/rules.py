"""Rules: the components' own, and one for each variant of each operation at each position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.ground.names import World, by_kernel, variable
from kexecspec.ground.presence import goes_on, is_there, may_start, none_there, ready
from kexecspec.ground.walks import BOUND, FAILED, READY, Turn
from kexecspec.ir.expr import conjoin, disjoin, equal, negate
from kexecspec.ir.language import Group, LanguageError, Meaning, Scope, Thing, lower, within
from kexecspec.ir.nodes import FALSE, TRUE, And, Const, Expr, Ref, same
from kexecspec.ir.system import Place, Rule, Source
from kexecspec.platform.facts import Entity
from kexecspec.platform.stated import fact_in, order_fact
from kexecspec.quantities import format_size


@dataclass(frozen=True)
class OpPart:
    """An operation in an expression: `op.FACT`."""

    world: World
    name: str
    turn: Turn

    def attribute(self, name: str) -> Meaning:
        """The fact called `name`; an operation that does not have it has it false."""
        value = dict(self.turn.op.facts).get(name, False)
        return by_kernel({k: self.world.known(fact_in(f"{self.name}.{name}", k), value) for k in self.turn.kernels})


def component_rules(world: World, entity: Entity, component: Mapping[str, Any]) -> Iterator[Rule]:
    """The rules that `component` gives `entity`."""
    scope = world.scope({"self": world.part(entity.name)})
    for name, spec in component.get("rules", {}).items():
        order = lower(str(spec["order"]), scope) if "order" in spec else TRUE
        yield Rule(
            name=variable(entity, name),
            actor=_said(str(spec["actor"]), entity),
            guard=lower(str(spec["when"]), scope),
            effect=effects(spec.get("then", {}), scope),
            order=_conjuncts(order),
            says=_said(str(spec["says"]), entity) if "says" in spec else "",
            operation=tuple(entity.name if part == "device" else str(part) for part in spec.get("does", ())),
            sources=sources(spec) or sources(component),
            place=Place(str(component["path"]), 1),
        )


def walk_rules(world: World, entity: Entity) -> Iterator[Rule]:
    """Every operation of a driver's hooks, variant by variant."""
    bare = {k: none_there(world, entity, k, "probe") for k in entity.hooks if _present(entity, k)}
    if any(not same(none, FALSE) for none in bare.values()):
        yield _bare_bind(world, entity, bare)
    if "suppliers" in entity.facts:
        yield _unsupplied(world, entity)
    for turn in world.turns[entity.name]:
        component, variants = _operation(world, turn.op.do)
        scope = _scope(world, entity, turn)
        for name, spec in variants.items():
            if name != "sources":
                yield _variant(world, entity, turn, name, spec, scope, component)
    if entity.facts.get("on_tee_bus"):
        yield _unlisted(world, entity)


def effects(spec: Mapping[str, Any], scope: Scope) -> dict[str, Expr]:
    """An effect table as variable names and values. `X for NAME in GROUP` gives one entry for each member."""
    found: dict[str, Expr] = {}
    for target, value in spec.items():
        each, _, rest = str(target).partition(" for ")
        if not rest:
            found[_target(each, scope)] = lower(str(value), scope)
            continue
        name, _, group = rest.partition(" in ")
        members = _group(group, scope)
        for member in members.members:
            inner = within(scope, name, member)
            found[_target(each, inner)] = lower(str(value), inner)
    return found


def sources(spec: Mapping[str, Any]) -> tuple[Source, ...]:
    """The citations of a piece of specification."""
    return tuple(Source(str(s["ref"]), str(s.get("says", ""))) for s in spec.get("sources", ()))


def _variant(
    world: World,
    entity: Entity,
    turn: Turn,
    name: str,
    spec: Mapping[str, Any],
    scope: Scope,
    component: Mapping[str, Any],
) -> Rule:
    at, goes = Ref(f"{entity.name}.at"), str(spec.get("goes", "next"))
    here = ready(world, entity, turn)
    if goes != "wait" and any(
        v.get("goes") == "wait" for k, v in _operation(world, turn.op.do)[1].items() if k != "sources"
    ):
        here = disjoin((here, equal(at, Const(turn.waiting))))
    guard = conjoin(
        (
            _in(turn.kernels, world),
            equal(Ref("phase"), Const("boot" if turn.hook == "probe" else "down")),
            here,
            is_there(world, entity, turn),
            lower(str(spec.get("when", True)), scope),
            may_start(world, entity, turn, conjoin((_supplied(world, entity), _on_bus(world, entity)))),
        )
    )
    effect = effects(spec.get("then", {}), scope)
    ends = {"wait": Const(turn.waiting), "fail": Const(FAILED)}
    effect[f"{entity.name}.at"] = goes_on(world, entity, turn) if goes == "next" else ends[goes]
    if goes == "fail":
        effect = _unwound(entity) | effect
    buffer = world.platform.entities.get(turn.op.buffer or "")
    short = f"({buffer.name.split('.')[-1]})" if buffer is not None else ""
    return Rule(
        name=f"{entity.name}.{turn.hook}.{turn.op.do}{short}.{name}{_suffix(turn, world.turns[entity.name])}",
        actor=entity.name,
        guard=guard,
        effect=effect,
        order=(*turn_order(world, entity, turn.hook), *_conjuncts(lower(str(spec.get("order", True)), scope))),
        says=_said(str(spec.get("says", f"{{self}}: {turn.op.do}")), entity, buffer),
        operation=(entity.name, turn.op.do, turn.hook, name),
        sources=sources(spec) or sources(_operation(world, turn.op.do)[1]) or sources(component),
        place=Place(str(component["path"]), 1),
    )


def _bare_bind(world: World, entity: Entity, bare: Mapping[str, Expr]) -> Rule:
    """The driver binds without any operation that matters, in kernels where none is there."""
    at = f"{entity.name}.at"
    guard = conjoin(
        (
            _where(bare, world),
            equal(Ref("phase"), Const("boot")),
            equal(Ref(at), Const(READY)),
            _supplied(world, entity),
            _on_bus(world, entity),
        )
    )
    return Rule(
        f"{entity.name}.probe",
        entity.name,
        guard,
        {at: Const(BOUND)},
        turn_order(world, entity, "probe"),
        f"{entity.name} probe: the driver is bound",
        operation=(entity.name, "bound", "probe", ""),
    )


def _supplied(world: World, entity: Entity) -> Expr:
    """Every part that this one needs has probed."""
    if "suppliers" not in entity.facts:
        return TRUE
    return conjoin(_expr(supplier.attribute("probed")) for supplier in _members(world, entity, "suppliers"))


def _on_bus(world: World, entity: Entity) -> Expr:
    """The device is there: one on the TEE bus is if the devices on it could be listed."""
    return negate(_expr(world.part("tee").attribute("unlisted"))) if entity.facts.get("on_tee_bus") else TRUE


def _unlisted(world: World, entity: Entity) -> Rule:
    at = f"{entity.name}.at"
    there = _expr(world.part(entity.name).attribute("present"))
    here = (equal(Ref("phase"), Const("boot")), equal(Ref(at), Const(READY)), there)
    guard = (*here, _supplied(world, entity), negate(_on_bus(world, entity)))
    return Rule(
        f"{entity.name}.probe.unlisted",
        entity.name,
        conjoin(guard),
        {at: Const(FAILED)},
        turn_order(world, entity, "probe"),
        f"{entity.name}: the TEE bus is empty, so there is no device that its driver could probe",
        operation=(entity.name, "deferred", "probe", ""),
    )


def _unsupplied(world: World, entity: Entity) -> Rule:
    at = f"{entity.name}.at"
    missing = "there is no TEE bus, so there is no device that its driver could probe"
    why = missing if entity.facts.get("on_tee_bus") else "what it needs is not there, its probe is deferred for ever"
    guard = conjoin(
        (
            equal(Ref("phase"), Const("boot")),
            equal(Ref(at), Const(READY)),
            _expr(world.part(entity.name).attribute("present")),
            negate(_supplied(world, entity)),
        )
    )
    return Rule(
        f"{entity.name}.probe.deferred",
        entity.name,
        guard,
        {at: Const(FAILED)},
        turn_order(world, entity, "probe"),
        f"{entity.name}: {why}",
        operation=(entity.name, "deferred", "probe", ""),
    )


def _members(world: World, entity: Entity, fact: str) -> tuple[Thing, ...]:
    group = world.part(entity.name).attribute(fact)
    return group.members if isinstance(group, Group) else ()


def turn_order(world: World, entity: Entity, hook: str) -> tuple[Expr, ...]:
    """Whose turn it is: in a probe walk everybody before has settled; in the shutdown walk everybody that must go
    first has stopped and nobody is in the middle of a hook."""
    key = (entity.name, hook)
    if key not in world.orders:
        world.orders[key] = _probe_order(world, entity) if hook == "probe" else _shutdown_order(world, entity)
    return world.orders[key]


def _probe_order(world: World, entity: Entity) -> tuple[Expr, ...]:
    parts: list[Expr] = []
    for other in world.platform.of_kind("walker"):
        if other.name == entity.name:
            break
        parts.extend(_conjuncts(_expr(world.part(other.name).attribute("settled"))))
    return tuple(parts)


def _shutdown_order(world: World, entity: Entity) -> tuple[Expr, ...]:
    parts: list[Expr] = []
    for other in world.platform.of_kind("walker"):
        if other.name == entity.name:
            continue
        thing = world.part(other.name)
        if other.name in entity.shut_after:
            ordered = world.known(order_fact(other.name, entity.name), True)
            parts.extend(_conjuncts(disjoin((negate(ordered), _expr(thing.attribute("stopped"))))))
        parts.extend(_conjuncts(negate(_expr(thing.attribute("stopping")))))
    return tuple(parts)


def _unwound(entity: Entity) -> dict[str, Expr]:
    if "client" not in entity.kinds:
        return {}
    buffers = entity.facts["buffers"].names  # type: ignore[union-attr]
    undone: dict[str, Expr] = {f"{entity.name}.session": FALSE}
    return undone | {f"{name}.state": Const("none") for name in buffers}


def _scope(world: World, entity: Entity, turn: Turn) -> Scope:
    op = OpPart(world, f"{entity.name}.{turn.hook}.{turn.label}", turn)
    local: dict[str, Meaning] = {"self": world.part(entity.name), "op": op}
    if turn.op.buffer:
        local["b"] = world.part(turn.op.buffer)
    return world.scope(local)


def _operation(world: World, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The component that says what an operation does, and what it says."""
    if name not in world.operations:
        raise LanguageError(f"no component says what {name} does")
    component = world.operations[name]
    return component, component["operations"][name]


def known_operations(components: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """The operations that some component gives a meaning."""
    return frozenset(name for c in components.values() for name in c.get("operations", {}))


def _in(kernels: tuple[str, ...], world: World) -> Expr:
    if set(kernels) == set(world.platform.kernels):
        return TRUE
    return disjoin(equal(Ref("kernel"), Const(k)) for k in kernels)


def _where(holds: Mapping[str, Expr], world: World) -> Expr:
    """A condition that depends on the running kernel; false in kernels that are not named."""
    if all(same(expr, TRUE) or same(expr, FALSE) for expr in holds.values()):
        return _in(tuple(k for k, expr in holds.items() if same(expr, TRUE)), world)
    return disjoin(conjoin((equal(Ref("kernel"), Const(k)), expr)) for k, expr in holds.items())


def _suffix(turn: Turn, among: Sequence[Turn]) -> str:
    same = [t for t in among if (t.hook, t.op.do, t.op.buffer) == (turn.hook, turn.op.do, turn.op.buffer)]
    return "" if len(same) == 1 else f"#{same.index(turn) + 1}"


def _present(entity: Entity, kernel: str) -> bool:
    present = entity.facts["present"]
    return bool(present.values[kernel])  # type: ignore[union-attr]


def _target(text: str, scope: Scope) -> str:
    expr = lower(text.strip(), scope)
    if isinstance(expr, Ref):
        return expr.name
    if isinstance(expr, Const) and isinstance(expr.value, str):
        return expr.value
    raise LanguageError(f"{text} is no variable")


def _group(text: str, scope: Scope) -> Group:
    owner, _, attribute = text.strip().rpartition(".")
    meaning = scope(owner).attribute(attribute) if owner else scope(attribute)  # type: ignore[union-attr]
    if not isinstance(meaning, Group):
        raise LanguageError(f"{text} is no group")
    return meaning


def _said(template: str, entity: Entity, buffer: Entity | None = None) -> str:
    said = template.replace("{self}", entity.name)
    if buffer is not None:
        short = buffer.name.split(".")[-1]
        said = said.replace("{buffer}", short).replace("{size}", format_size(int(buffer.facts["size"])))  # type: ignore[arg-type]
    return said


def _conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return _flat([expr])


def _flat(parts: list[Expr]) -> tuple[Expr, ...]:
    whole = conjoin(parts)
    if same(whole, TRUE):
        return ()
    return whole.terms if isinstance(whole, And) else (whole,)


def _expr(meaning: Meaning) -> Expr:
    return meaning  # type: ignore[return-value]
