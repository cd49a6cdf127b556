"""What the machine shows of interrupt controllers."""

from __future__ import annotations

from kexecspec.ir.values import Value
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
