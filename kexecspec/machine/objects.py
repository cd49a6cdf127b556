"""What the secure world is made of: threads, registrations, sessions, and the codes of its calls.

From core/arch/arm/include/sm/optee_smc.h, core/include/kernel/thread.h and core/arch/arm/mm/mobj_dyn_shm.c
@3.13.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

OK, ETHREAD_LIMIT, EBUSY, ERESUME, EBADADDR, EBADCMD, ENOMEM, ENOTAVAIL = range(8)
SUCCESS, BAD_PARAMETERS, TA_BUSY, BLOCKED = "SUCCESS", "BAD_PARAMETERS", "BUSY", "BLOCKED"
ITEM_NOT_FOUND = "ITEM_NOT_FOUND"
COMMUNICATION = "COMMUNICATION"  # what Linux answers for a call that the secure world did not let in
CORE_LOCK = "tee_ta_mutex"

Pages = tuple[tuple[int, int], ...]


class ThreadState(StrEnum):
    """States of a secure thread (enum thread_state)."""

    FREE = "FREE"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


@dataclass(eq=False)
class Registration:
    """A shared memory object: explicit ones have a cookie and are unguarded, implicit ones are guarded."""

    cookie: int
    pages: Pages
    generation: int
    client: str
    explicit: bool = True
    releasing: bool = False
    refs: int = 0
    maps: int = 0
    count: int = field(init=False)

    def __post_init__(self) -> None:
        self.count = sum(size for _, size in self.pages)


@dataclass(eq=False)
class Session:
    """An open session: of which service, opened by whom."""

    service: str
    generation: int
    client: str


@dataclass
class Thread:
    """One secure thread; `generation` is the kernel that started its call."""

    index: int
    state: ThreadState = ThreadState.FREE
    generation: int = 0
    owner: str = ""
    rpc: Registration | None = None
    arg: Registration | None = None
    memrefs: list[Registration] = field(default_factory=list)
    locks: set[str] = field(default_factory=set)
    wants: str = ""
    runaway: bool = False
