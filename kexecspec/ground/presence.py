"""Which operations of a hook a kernel performs, where that is open: a driver's walk then leads from one that is there
to the next one that is."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.ground.names import World, by_kernel
from kexecspec.ground.walks import BOUND, READY, SHUT, Turn
from kexecspec.ir.expr import choose, conjoin, disjoin, equal, negate
from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Ref
from kexecspec.platform.drivers import ALLOCATIONS
from kexecspec.platform.facts import Entity, Op
from kexecspec.platform.stated import fact_in, labelled

FIRST = {"probe": READY, "shutdown": BOUND}
LAST = {"probe": BOUND, "shutdown": SHUT}


def is_there(world: World, entity: Entity, turn: Turn) -> Expr:
    """The operation is performed."""
    if world.loose is None:
        return TRUE
    return by_kernel({k: _there(world, entity, k, turn.hook, turn.label, turn.op) for k in turn.kernels})


def goes_on(world: World, entity: Entity, turn: Turn) -> Expr:
    """Where the driver stands when the operation is over."""
    return by_kernel({k: _next(world, entity, k, turn) for k in turn.kernels})


def _open(world: World) -> Expr:
    return TRUE if world.loose is not None else FALSE


def _comes_first(world: World, entity: Entity, turn: Turn) -> Expr:
    """No operation before this one is there."""
    if world.loose is None:
        return FALSE
    before = {k: list(_before(world, entity, k, turn)) for k in turn.kernels}
    return by_kernel({k: conjoin(negate(there) for there in found) for k, found in before.items()})


def none_there(world: World, entity: Entity, kernel: str, hook: str) -> Expr:
    """No operation of a hook is there."""
    return conjoin(negate(there) for _, there in _of_hook(world, entity, kernel, hook))


def has_shutdown(world: World, entity: Entity) -> Expr:
    """There is something to do at shutdown."""
    return by_kernel({k: negate(none_there(world, entity, k, "shutdown")) for k in entity.hooks})


def keeps_arguments(world: World, driver: Entity) -> Expr:
    """The running kernel's TEE driver keeps a registered page for the arguments of its calls."""
    args = world.platform.entities["tee"].facts["args"].names  # type: ignore[union-attr]
    return by_kernel({k: disjoin(_registered(world, driver, k, name) for name in args) for k in driver.hooks})


def _registered(world: World, entity: Entity, kernel: str, buffer: str) -> Expr:
    return _matters(world, entity, kernel, buffer, ("registers",))


def _next(world: World, entity: Entity, kernel: str, turn: Turn) -> Expr:
    found = list(_of_hook(world, entity, kernel, turn.hook))
    number = [label for label, _ in found].index(turn.label)
    position: Expr = Const(LAST[turn.hook])
    for later in range(len(found) - 1, number, -1):
        position = choose(found[later][1], Const(f"{turn.hook}_{later}"), position)
    return position


def _before(world: World, entity: Entity, kernel: str, turn: Turn) -> Iterator[Expr]:
    for label, there in _of_hook(world, entity, kernel, turn.hook):
        if label == turn.label:
            return
        yield there


def _of_hook(world: World, entity: Entity, kernel: str, hook: str) -> Iterator[tuple[str, Expr]]:
    hooks = entity.hooks[kernel]
    for label, op in labelled(hooks.probe if hook == "probe" else hooks.shutdown):
        yield label, _there(world, entity, kernel, hook, label, op)


def _there(world: World, entity: Entity, kernel: str, hook: str, label: str, op: Op) -> Expr:
    """The kernel has the operation; one on a buffer counts only if the allocation of that concerns the secure world."""
    there = world.known(fact_in(f"{entity.name}.{hook}.{label}", kernel), op.there)
    if op.buffer is None:
        return there
    keys = ("registers", "refused") if op.do in ALLOCATIONS else ("registers",)
    return conjoin((there, _matters(world, entity, kernel, op.buffer, keys)))


def _matters(
    world: World, entity: Entity, kernel: str, buffer: str, keys: tuple[str, ...]
) -> Expr:
    ways = []
    for label, op in labelled(entity.hooks[kernel].probe):
        if op.buffer == buffer and op.do in ALLOCATIONS:
            name, facts = f"{entity.name}.probe.{label}", dict(op.facts)
            there = world.known(fact_in(name, kernel), op.there)
            concerns = disjoin(world.known(fact_in(f"{name}.{key}", kernel), facts[key]) for key in keys)
            ways.append(conjoin((there, concerns)))
    return disjoin(ways)


def ready(world: World, entity: Entity, turn: Turn) -> Expr:
    """The driver stands where the operation is next."""
    at, first = Ref(f"{entity.name}.at"), Const(FIRST[turn.hook])
    starts = conjoin((equal(at, first), _comes_first(world, entity, turn)))
    return disjoin((equal(at, Const(turn.before)), starts))


def may_start(world: World, entity: Entity, turn: Turn, supplied: Expr) -> Expr:
    """Where the operation is the first of its probe, what the driver needs is `supplied`."""
    if turn.hook != "probe":
        return TRUE
    if turn.before == READY:
        return supplied
    return disjoin((negate(conjoin((equal(Ref(f"{entity.name}.at"), Const(READY)), _open(world)))), supplied))
