"""What the machine shows of each variable of the rules: the abstraction function, one small function a variable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kexecspec.ground.walks import READY
from kexecspec.ir.values import Value
from kexecspec.platform.facts import Entity
from kexecspec.replay import observe_dma as dma
from kexecspec.replay import observe_gic as gic
from kexecspec.replay import observe_tee as tee
from kexecspec.replay.residue import residue
from kexecspec.replay.stage import Stage

Observation = Callable[[Stage, Entity], Value | None]
"""The value that the machine shows, or None where it shows nothing."""

PHASES = {"off": "boot", "boot": "boot", "up": "up", "walk": "down"}


def phase(stage: Stage, entity: Entity) -> Value | None:
    """Where the running kernel is between its start and its end."""
    return "down" if stage.leaving is not None else PHASES[stage.machine.state.phase]


def place(stage: Stage, entity: Entity) -> Value | None:
    """How far a walker's hook has come."""
    return stage.places.get(entity.name, READY)


OBSERVED: Mapping[str, Mapping[str, Observation]] = {
    "machine": {
        "kernel": lambda stage, entity: stage.kernel,
        "phase": phase,
        "leaving": lambda stage, entity: stage.leaving.name if stage.leaving else "none",
        "entered": lambda stage, entity: stage.entered,
        "limits_kept": lambda stage, entity: gic.limited(stage),
        "headers_kept": lambda stage, entity: stage.entered == "kexec" and stage.machine.state.headers,
        "taken": lambda stage, entity: stage.taken,
    },
    "walker": {"at": place},
    "tee": {
        "stale": tee.stale,
        "live_user": tee.live_user,
        "live_kernel": tee.live_kernel,
        "parked": tee.parked,
        "nested": tee.nested,
        "supplicant_dead": tee.supplicant_dead,
        "cache_on": tee.cache_on,
        "cache_own": tee.cache_own,
        "cache_user": tee.cache_user,
        "cache_stale": tee.cache_stale,
        "lock": tee.lock,
        "stale_bytes": lambda stage, entity: residue(stage).heap_bytes,
        "stale_handles": tee.stale_handles,
        "user_pages": tee.user_pages,
        "user_refusal": tee.user_refusal,
        "user_left": lambda stage, entity: residue(stage).user_left,
        "rxtx": tee.rxtx,
        "oops_rpc": lambda stage, entity: tee.oopsed(stage, "rpc"),
        "oops_drain": lambda stage, entity: tee.oopsed(stage, "drain"),
        "drain_deadlock": tee.drain_deadlock,
        "sleeps": tee.sleeps,
        "overwrote": tee.overwrote,
        "page_refused": tee.page_refused,
        "unlisted": tee.unlisted,
    },
    "buffer": {
        "state": tee.buffer_state,
        "left": lambda stage, entity: entity.name in residue(stage).buffers,
    },
    "client": {
        "session": tee.session,
        "orphan": lambda stage, entity: entity.name in residue(stage).sessions,
        "refused": tee.refused,
        "session_refused": tee.session_refused,
        "api_refused": tee.api_refused,
        "lost": tee.lost,
    },
    "smmu": {
        "on": dma.is_on,
        "off_abort": dma.off_abort,
        "irq": dma.irq,
        "listed": dma.listed,
        "released": dma.released,
        "off_by_hook": dma.off_by_hook,
    },
    "gic": {
        "tables": gic.tables,
        "reserved": gic.reserved,
        "in_reserve": gic.in_reserve,
    },
    "device": {
        "engine": dma.engine,
        "bus_master": dma.bus_master,
        "aims": dma.aims,
        "entry": dma.entry,
        "in_reserve": dma.in_reserve,
        "oops": dma.oops,
        "sync_lost": dma.sync_lost,
    },
}

UNOBSERVED: Mapping[str, str] = {
    "FACT": "a fact that the platform file leaves unknown: the machine is built with the value that the trace chose",
}
"""Variables that the machine does not show, and why."""


def observer(stage: Stage, variable: str) -> Callable[[], Value | None] | None:
    """The observation of `variable`, or None where it is none of the machine's (see UNOBSERVED)."""
    owner, _, suffix = variable.rpartition(".")
    entity = stage.platform.entities.get(owner or "machine")
    if entity is None:
        return None
    for kind in entity.kinds:
        seen = OBSERVED.get(kind, {}).get(suffix)
        if seen is not None:
            return lambda: seen(stage, entity)
    return None


def owner_of(variable: str) -> str:
    """The part of the platform that `variable` is about."""
    return variable.rpartition(".")[0] or "machine"


def observe(stage: Stage, variables: Iterable[str]) -> dict[str, Value]:
    """The values of those `variables` that the machine shows now."""
    found: dict[str, Value] = {}
    for name in variables:
        seen = observer(stage, name)
        value = seen() if seen is not None else None
        if value is not None:
            found[name] = value
    return found
