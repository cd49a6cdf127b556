"""What dead kernels have left in the secure world, counted from its registrations and sessions.

Counted are buffers that the rules speak of, pages of user space, and what calls of before RPC_ARG share over FF-A for
their arguments; not RPC arguments, which have a count of their own, and not sessions of user space.
"""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.machine.heap import mobj_cost, object_size
from kexecspec.machine.objects import Registration
from kexecspec.machine.tasks import USER
from kexecspec.platform.facts import Entity
from kexecspec.replay.configure import TEE
from kexecspec.replay.stage import Stage

ARGUMENTS, CALL_ARGUMENTS = "optee-arg-cache", "optee-call-arg"
ARGUMENT_BUFFER = "args"


@dataclass(frozen=True)
class Residue:
    """Heap bytes and handles that dead generations hold; the buffers and user memory that a clean kexec left; the
    clients with a session of a dead generation."""

    heap_bytes: int
    handles: int
    buffers: frozenset[str]
    sessions: frozenset[str]
    user_left: bool


def residue(stage: Stage) -> Residue:
    """The residue as it is now."""
    secure, now = stage.machine.state.secure, stage.machine.generation
    key = (now, len(secure.registrations), len(secure.sessions))
    if stage.counted is None or stage.counted[0] != key:
        stage.counted = (key, _count(stage, now))
    found = stage.counted[1]
    assert isinstance(found, Residue)
    return found


def buffer_of(stage: Stage, one: Registration) -> str | None:
    """The buffer of the platform that a registration is of; none for the arguments of one call, which are shared as
    long as that is inside. A handle that was given back may be somebody else's by now."""
    if one.client == ARGUMENTS:
        driver = stage.entity(TEE)
        return f"{driver.name}.{ARGUMENT_BUFFER}" if driver is not None else None
    name = stage.names.get(one.cookie)
    return name if name is not None and owner_name(stage, name) == one.client else None


def owner_name(stage: Stage, buffer: str) -> str:
    """What the machine calls the owner of a buffer, or of a page of user space."""
    return USER if buffer == USER else client_name(stage, stage.platform.entities[buffer.rpartition(".")[0]])


def client_name(stage: Stage, entity: Entity) -> str:
    """What the machine calls a client."""
    return TEE if "tee_driver" in entity.kinds else entity.name


def _count(stage: Stage, now: int) -> Residue:
    secure = stage.machine.state.secure
    found = [one for one in secure.registrations if one.explicit and one.generation != now]
    dead = [one for one in found if one.client == CALL_ARGUMENTS or buffer_of(stage, one) is not None]
    sessions = [one for one in secure.sessions if one.generation != now and one.client != USER]
    clean = [one for one in dead if stage.exits.get(one.generation) == "kexec"]
    names = (buffer_of(stage, one) for one in clean)
    size = object_size(secure.config.abi, secure.config.version)
    held = sum(mobj_cost(one.count, size) for one in dead) + secure.config.session_bytes * len(sessions)
    return Residue(
        heap_bytes=held,
        handles=len(dead) if secure.config.abi == "ffa" else 0,
        buffers=frozenset(name for name in names if name is not None),
        sessions=frozenset(one.client for one in sessions),
        user_left=any(one.client == USER for one in clean),
    )
