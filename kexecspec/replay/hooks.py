"""A driver's hooks as the machine takes them: every operation that the running kernel's features leave."""

from __future__ import annotations

from typing import Any

from kexecspec.machine.config import Hooks, Operation
from kexecspec.platform.drivers import Driver, applies
from kexecspec.platform.facts import Entity, Kernel

NOT_PARAMETERS = ("do", "when", "unless", "why")
EDGES = {"on_kexec": ("kexec",), "on_reboot": ("reboot", "reboot-force")}


def driver_hooks(driver: Driver, kernel: Kernel, entity: Entity) -> Hooks:
    """The hooks of `driver` in `kernel`, whole. A master's shutdown ends with what else stops it there."""
    written = driver.content.get("hooks", {})
    found = {
        name: tuple(_operation(item) for item in written.get(name) or () if _stands(item, kernel))
        for name in ("probe", "shutdown", "remove")
    }
    if "device" in entity.kinds:
        found["shutdown"] += _stopped_by_others(entity, kernel, found["shutdown"])
    return Hooks(**found)


def _stands(item: Any, kernel: Kernel) -> bool:
    return isinstance(item, str) or applies(item, kernel.features)


def _operation(item: Any) -> Operation:
    if isinstance(item, str):
        return Operation(item)
    return Operation(str(item["do"]), {k: v for k, v in item.items() if k not in NOT_PARAMETERS})


def _stopped_by_others(entity: Entity, kernel: Kernel, own: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """The stop that the core, a child or a supplier makes, on the handoffs where it does."""
    if any(operation.do == "dma_stop" for operation in own):
        return ()
    for op in entity.hooks[kernel.name].shutdown:
        if op.do == "dma_stop":
            stops = dict(op.facts)
            edges = tuple(edge for name, named in EDGES.items() if stops.get(name) for edge in named)
            return (Operation("dma_stop", {"edges": edges}),) if edges else ()
    return ()
