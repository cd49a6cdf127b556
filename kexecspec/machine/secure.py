"""OP-TEE: its threads, its registrations and its calls, which outlive every kernel until the platform is
reset.

From core/arch/arm/kernel/thread.c, thread_optee_smc.c, core/arch/arm/mm/mobj_dyn_shm.c,
core/tee/entry_std.c and core/kernel/tee_ta_manager.c @3.13.0, and the same files @4.9.0 for RPC_ARG and
CFG_PREALLOC_RPC_CACHE.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kexecspec.machine.config import SecureConfig, Service
from kexecspec.machine.heap import Pool, mobj_cost, object_size, page_array_cost, va_cost
from kexecspec.machine.objects import (
    BAD_PARAMETERS,
    BLOCKED,
    EBADADDR,
    EBUSY,
    ENOMEM,
    ENOTAVAIL,
    ERESUME,
    ETHREAD_LIMIT,
    ITEM_NOT_FOUND,
    OK,
    SUCCESS,
    TA_BUSY,
    Pages,
    Registration,
    Session,
    Thread,
    ThreadState,
)


@dataclass
class SecureWorld:
    """The secure world's whole state.  The attributes are the observation; the methods are the calls."""

    config: SecureConfig
    threads: list[Thread] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    locks: dict[str, int] = field(default_factory=dict)
    protected: list[tuple[int, int, int]] = field(default_factory=list)
    heap: Pool = field(default_factory=lambda: Pool(0))
    va: Pool = field(default_factory=lambda: Pool(0))
    cache_enabled: bool = False
    refusal: str = ""

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """What the platform's reset leaves: everything free but what a boot loader suspended."""
        config = self.config
        self.threads = [Thread(index) for index in range(config.threads)]
        for thread in self.threads[: config.suspended_threads]:
            thread.state, thread.owner = ThreadState.SUSPENDED, "boot loader"
        self.registrations, self.sessions, self.protected = [], [], []
        self.locks = {}
        self.heap = Pool(config.heap_size, config.base_use)
        self.va = Pool(config.va_space)
        self.cache_enabled = False
        self.refusal = ""

    # Fast calls.

    def enable_shm_cache(self) -> int:
        """OPTEE_SMC_ENABLE_SHM_CACHE: refused while any thread is not free, unless there is no cache to
        enable.
        """
        if not self.config.prealloc_cache:
            return OK
        if self._any_busy():
            return EBUSY
        self.cache_enabled = True
        return OK

    def disable_shm_cache(self) -> tuple[int, int]:
        """OPTEE_SMC_DISABLE_SHM_CACHE: the next cached cookie, EBUSY, or ENOTAVAIL when no more is cached."""
        if self._any_busy():
            return EBUSY, 0
        for thread in self.threads:
            if thread.rpc is not None:
                cookie = thread.rpc.cookie
                self.drop_rpc(thread)
                return OK, cookie
        self.cache_enabled = False
        return ENOTAVAIL, 0

    # Threads.

    def enter(
        self, generation: int, owner: str, arg: int | None, regd: int | None
    ) -> tuple[int, Thread | None]:
        """Start a standard call: with a page of arguments by address (`arg`), or by cookie (`regd`), or
        neither.
        """
        thread = next((one for one in self.threads if one.state is ThreadState.FREE), None)
        if thread is None:
            return ETHREAD_LIMIT, None
        code, mobj = self._arguments(arg, regd, generation)
        if code != OK:
            return code, None
        thread.state, thread.generation, thread.owner = ThreadState.ACTIVE, generation, owner
        thread.arg = mobj
        return OK, thread

    def leave(self, thread: Thread) -> None:
        """The call is over: its locks, mappings and arguments go, the thread is free."""
        for lock in list(thread.locks):
            self.unlock(thread, lock)
        for memref in thread.memrefs:
            self.put_memref(memref)
        if thread.arg is not None:
            self._unmap(thread.arg)
            if not thread.arg.explicit:
                self._drop(thread.arg)
            else:
                thread.arg.refs -= 1
        thread.memrefs, thread.arg, thread.wants = [], None, ""
        thread.state, thread.owner, thread.runaway = ThreadState.FREE, "", False

    def suspend(self, thread: Thread) -> None:
        """An RPC or a foreign interrupt: the thread waits for the normal world to resume it."""
        thread.state = ThreadState.SUSPENDED

    def resume(self, index: int) -> int:
        """OPTEE_SMC_CALL_RETURN_FROM_RPC: nothing asks which kernel started the thread."""
        if index >= len(self.threads) or self.threads[index].state is not ThreadState.SUSPENDED:
            return ERESUME
        self.threads[index].state = ThreadState.ACTIVE
        return OK

    def lock(self, thread: Thread, lock: str) -> bool:
        """Take a core mutex or a TA's busy flag; a thread that has to wait sleeps through an RPC."""
        if self.locks.get(lock, thread.index) != thread.index:
            thread.wants = lock
            self.suspend(thread)
            return False
        self.locks[lock] = thread.index
        thread.locks.add(lock)
        thread.wants = ""
        thread.state = ThreadState.ACTIVE
        return True

    def unlock(self, thread: Thread, lock: str) -> None:
        """Let a lock go."""
        thread.locks.discard(lock)
        self.locks.pop(lock, None)

    # Registrations.

    def register(self, cookie: int, pages: Pages, generation: int, client: str) -> str:
        """REGISTER_SHM: any failure is BAD_PARAMETERS; `refusal` says what it was."""
        count = sum(size for _, size in pages)
        self.refusal = ""
        if self._meets_protected(pages):
            return self._refuse("protected memory")
        if not self.heap.take(page_array_cost(count)):
            return self._refuse("heap")
        taken = self.heap.take(self._object(count))
        self.heap.give(page_array_cost(count))
        if not taken:
            return self._refuse("heap")
        self.registrations.insert(0, Registration(cookie, pages, generation, client))
        return SUCCESS

    def find(self, cookie: int) -> Registration | None:
        """The newest registration with this cookie; cookie 0 is nobody's."""
        return next((one for one in self.registrations if cookie and one.cookie == cookie), None)

    def unregister(self, cookie: int) -> str:
        """UNREGISTER_SHM: BLOCKED while somebody still uses it, BAD_PARAMETERS when it is not there to
        release.
        """
        found = self.find(cookie)
        if found is None or not found.explicit:
            return BAD_PARAMETERS
        found.releasing = True
        if found.refs:
            return BLOCKED
        self._drop(found)
        return SUCCESS

    def share_rpc_arg(self, thread: Thread, cookie: int, page: int, static: bool = False) -> bool:
        """The page that an RPC ALLOC brought becomes the thread's argument page: mapped, guarded, kept."""
        mobj = Registration(cookie, ((page, 1),), thread.generation, "rpc-arg", explicit=False)
        if not static and not self._implicit(mobj):
            return False
        thread.rpc = mobj
        return True

    def drop_rpc(self, thread: Thread) -> None:
        """Forget a thread's argument page."""
        if thread.rpc is not None and thread.rpc in self.registrations:
            self._unmap(thread.rpc)
            self._drop(thread.rpc)
        thread.rpc = None

    def use(self, thread: Thread, registration: Registration, mapped: bool) -> bool:
        """A call is given a buffer; the core maps it only for pseudo TAs."""
        if mapped and not self._map(registration):
            return False
        registration.refs += 1
        thread.memrefs.append(registration)
        return True

    def put_memref(self, registration: Registration) -> None:
        """The call no longer uses the buffer."""
        registration.refs -= 1
        self._unmap(registration)

    # Sessions.

    def service(self, name: str) -> Service:
        """The service of that name; one that was not declared is a plain pseudo TA."""
        return next((one for one in self.config.services if one.name == name), Service(name))

    def open_session(self, name: str, generation: int, client: str) -> str:
        """Single-instance TAs that are not multi-session refuse a second session while one is open."""
        service = self.service(name)
        if (
            service.single_instance
            and not service.multi_session
            and any(s.service == name for s in self.sessions)
        ):
            return TA_BUSY
        if not self.heap.take(self.config.session_bytes):
            return self._refuse("heap")
        self.sessions.insert(0, Session(name, generation, client))
        return SUCCESS

    def close_session(self, name: str, generation: int, client: str) -> str:
        """Close the session that this client of this generation opened; ITEM_NOT_FOUND where there is none."""
        for session in self.sessions:
            if (session.service, session.generation, session.client) == (name, generation, client):
                self.sessions.remove(session)
                self.heap.give(self.config.session_bytes)
                return SUCCESS
        return ITEM_NOT_FOUND

    # The rest is how the above keeps its books.

    def _any_busy(self) -> bool:
        return any(thread.state is not ThreadState.FREE for thread in self.threads)

    def _refuse(self, what: str) -> str:
        self.refusal = what
        return BAD_PARAMETERS

    def _meets_protected(self, pages: Pages) -> bool:
        return any(
            start < first + count and first < start + size
            for start, size, _ in self.protected
            for first, count in pages
        )

    def _arguments(
        self, arg: int | None, regd: int | None, generation: int
    ) -> tuple[int, Registration | None]:
        if regd is not None:
            found = self.find(regd)
            if found is None:
                return EBADADDR, None
            if not self._map(found):
                return ENOMEM, None
            found.refs += 1
            return OK, found
        if arg is None:
            return OK, None
        mobj = Registration(0, ((arg, 1),), generation, "call-arg", explicit=False)
        if not self._implicit(mobj):
            return EBADADDR, None
        return OK, mobj

    def _object(self, pages: int) -> int:
        """What a registration costs in this release."""
        return mobj_cost(pages, object_size("smc", self.config.version))

    def _implicit(self, mobj: Registration) -> bool:
        if not self.heap.take(self._object(mobj.count)):
            self.refusal = "heap"
            return False
        if not self._map(mobj):
            self.heap.give(self._object(mobj.count))
            return False
        self.registrations.insert(0, mobj)
        return True

    def _map(self, mobj: Registration) -> bool:
        if mobj.maps == 0 and not self.va.take(va_cost(mobj.count)):
            self.refusal = "address space"
            return False
        mobj.maps += 1
        return True

    def _unmap(self, mobj: Registration) -> None:
        if mobj.maps == 0:
            return
        mobj.maps -= 1
        if mobj.maps == 0 and not (self.config.va_leaks and mobj.explicit):
            self.va.give(va_cost(mobj.count))

    def _drop(self, mobj: Registration) -> None:
        if mobj in self.registrations:
            self.registrations.remove(mobj)
            self.heap.give(self._object(mobj.count))
