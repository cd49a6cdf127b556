"""What the machine shows of interrupt controllers."""

from __future__ import annotations

from kexecspec.ir.values import Value
from kexecspec.machine.config import PAGE
from kexecspec.platform.facts import Entity
from kexecspec.replay.stage import Stage


def tables(stage: Stage, entity: Entity) -> Value | None:
    """Whose LPI tables the redistributors use."""
    found = stage.machine.state.gics[entity.name]
    if not found.enabled:
        return "off"
    return "own" if found.generation == stage.machine.generation else "stale"


def reserved(stage: Stage, entity: Entity) -> Value | None:
    """Whether every later kernel leaves their memory alone."""
    return stage.machine.state.gics[entity.name].reserved


def in_reserve(stage: Stage, entity: Entity) -> Value | None:
    """Whether a dead kernel's tables lie where crash kernels live; nothing shows of reserved ones."""
    gic = stage.machine.state.gics[entity.name]
    if tables(stage, entity) != "stale" or gic.reserved:
        return None
    return reserve_has(stage, gic.tables[0][0])


def reserve_has(stage: Stage, page: int) -> bool | None:
    """Whether a page is in the memory of crash kernels; nothing shows while one runs that another loaded, whose part
    of that memory may be any."""
    state = stage.machine.state
    if state.crashes > 1:
        return None
    return any(span.start <= page * PAGE < span.end for span in state.config.memory.crashkernel)


def limited(stage: Stage) -> bool:
    """Whether the running kernel was entered by kexec, with the limits of a crash kernel."""
    return stage.entered == "kexec" and stage.machine.state.limited
