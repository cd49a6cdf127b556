"""The running kernel's OP-TEE driver: memory, calls, and what it does about RPCs.

From drivers/tee/optee/{core,call,rpc,smc_abi,ffa_abi}.c.  Every call is a generator: it yields WAITING events
while the kernel sleeps, and returns an errno.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from kexecspec.machine.config import PAGE
from kexecspec.machine.ffa import FFA_NO_MEMORY, FFA_OK
from kexecspec.machine.harms import Event, HarmKind, counted
from kexecspec.machine.heap import cost, mobj_cost, object_size, page_array_cost
from kexecspec.machine.objects import BLOCKED, COMMUNICATION, CORE_LOCK, ETHREAD_LIMIT, OK, SUCCESS, Thread
from kexecspec.machine.state import State, Steps, waiting
from kexecspec.machine.tee_rpc import begin_rpc, end_rpcs
from kexecspec.machine.tee_shm import (
    EINVAL,
    ENOMEM,
    ArgumentPage,
    Buffers,
    Shm,
    frees_after_failure,
    kernel_buf_flags,
    page_count,
    private_flags,
    refused_flags,
    registers,
)

TEE, ARGUMENT_PAGE = "tee", "argument page"
ARG_SLOTS = 10  # PAGE_SIZE / optee_msg_arg_size(4): 4096 / 384
Work = Callable[[Thread], str]
Got = Generator[Event, None, tuple[int, Shm | None]]
Called = Generator[Event, None, tuple[int, str]]


@dataclass
class TeeDriver:
    """One kernel's instance of the driver.

    `enumerated` is false when the pseudo TA that lists the TEE bus could not be asked.  `refusal` is why
    the last registration failed, `needed` the heap that it wanted, `room` what was free then; `closed` are the
    contexts that only a cached buffer keeps open.
    """

    state: State
    bound: bool = False
    enumerated: bool = True
    buffers: Buffers = field(default_factory=Buffers)
    refusal: str = ""
    needed: int = 0
    room: int | None = None
    closed: set[str] = field(default_factory=set)

    @property
    def shared_arguments(self) -> bool:
        """Whether arguments travel in registered pages, with room for the RPC's (RPC_ARG; always on FF-A)."""
        secure = self.state.secure.config
        if secure.abi == "ffa":
            return True
        return secure.rpc_arg and secure.dynamic_shm and self.state.running().has("optee-rpc-arg")

    # Memory.

    def alloc(self, client: str, size: int, flags: frozenset[str], asker: str | None = None) -> Got:
        """tee_shm_alloc and its successors: (errno, None), or (0, the buffer). Whose code asks is said of flags that
        are not taken, where it is not the client's.
        """
        state, kernel, secure = self.state, self.state.running(), self.state.secure.config
        bad = refused_flags(kernel, flags)
        if bad is not None:
            line = f"{secure.driver_name} {secure.dev_name}: invalid shm flags 0x{bad:x}"
            state.log.say(line)
            state.harm(HarmKind.REFUSED, "tee_shm_alloc", line, client=asker or client, flags=tuple(sorted(flags)))
            return EINVAL, None
        count = page_count(kernel, size)
        if state.secure.config.kind == "optee" and not state.secure.config.dynamic_shm:
            return 0, self._keep(Shm(state.fresh_cookie(), None, count, client, flags))
        extent = state.pages().alloc(count, f"tee:{client}")
        if extent is None:
            return ENOMEM, None
        shm = Shm(state.fresh_cookie(), extent, count, client, flags)
        if registers(kernel, state.secure.config, flags):
            rc = yield from self.register(shm)
            if rc:
                self._after_failure(shm)
                return rc, None
        return 0, self._keep(shm)

    def register(self, shm: Shm) -> Steps:
        """optee_shm_register or optee_ffa_shm_register."""
        state = self.state
        failing, state.fail_next = state.fail_next, None
        self.refusal, self.room, self.needed = "", None, self.peak_bytes(shm.count)
        if failing == "kernel":
            self.refusal = "kernel"
            return ENOMEM
        if state.secure.config.abi == "ffa":
            return self._share(shm)
        assert shm.extent is not None
        pages = ((shm.extent.start, shm.extent.count),)

        def work(thread: Thread) -> str:
            if failing == "secure":
                return "BAD_PARAMETERS"
            return state.secure.register(shm.cookie, pages, state.generation, shm.client)

        rc, result = yield from self.call(shm.client, work, plain=True)
        if rc or result != SUCCESS:
            self.refusal = state.secure.refusal or failing or "call"
            self.room = state.secure.heap.free
            return EINVAL
        shm.registered = True
        return 0

    def free(self, shm: Shm) -> Steps:
        """tee_shm_release: unregister, then give the pages back whatever the secure world said."""
        state = self.state
        if shm.registered:
            if state.secure.config.abi == "ffa":
                self._reclaim(shm)
            else:
                yield from self.call(
                    shm.client, lambda thread: state.secure.unregister(shm.cookie), plain=True
                )
        self.buffers.by_cookie.pop(shm.cookie, None)
        if shm.extent is not None:
            state.pages().free(shm.extent)
        return 0

    # Calls.

    def call(
        self, owner: str, work: Work, plain: bool = False, locks: tuple[str, ...] = (), rpc: bool = False
    ) -> Called:
        """A standard call from beginning to end: (errno, what the work in the secure world came to). Without memory
        for its arguments there is no call and an errno; one that the secure world does not let in is COMMUNICATION.

        With `rpc` the work, if it succeeds, asks the kernel for something.
        """
        secure = self.state.secure
        rc, page, private = yield from self.arguments(owner, plain)
        if rc:
            return rc, ""
        thread = yield from self.enter(owner, page, private)
        if thread is None:
            self.drop_arguments(page, private)
            return 0, COMMUNICATION
        for lock in locks:
            while not secure.lock(thread, lock):
                yield waiting(owner, "std-call", "lock", lock=lock, thread=thread.index)
        while (result := work(thread)) == BLOCKED:
            secure.suspend(thread)
            yield waiting(owner, "std-call", "release", thread=thread.index)
        if rpc and result == SUCCESS:
            yield from begin_rpc(self, thread, owner)
            yield from end_rpcs(self, thread)
        secure.leave(thread)
        self.drop_arguments(page, private)
        return 0, result

    def enter(
        self, owner: str, page: ArgumentPage | None, private: Shm | None
    ) -> Generator[Event, None, Thread | None]:
        """Get a secure thread, waiting for one in the call queue as long as it takes; None where the secure world
        refuses the arguments.
        """
        secure, generation = self.state.secure, self.state.generation
        regd = page.shm.cookie if page else None
        arg = private.extent.start if private and private.extent else None
        while True:
            code, thread = secure.enter(generation, owner, arg, regd)
            if code != ETHREAD_LIMIT:
                break
            yield waiting(owner, "std-call", "thread")
        if code != OK:
            self.refusal = secure.refusal or "heap"
            return None
        return thread

    def arguments(
        self, owner: str, plain: bool
    ) -> Generator[Event, None, tuple[int, ArgumentPage | None, Shm | None]]:
        """optee_get_msg_arg: a slot in a registered page, or a page of its own that is passed by address."""
        kernel = self.state.running()
        if self.state.secure.config.kind != "optee":
            return 0, None, None
        if plain or not self.shared_arguments:
            rc, shm = yield from self.alloc(owner, PAGE, private_flags(kernel), TEE)
            return rc, None, shm
        for page in self.buffers.arguments:
            if page.used < page.slots:
                page.used += 1
                return 0, page, None
        cached = kernel.has("optee-rpc-arg")
        keeper = "optee-arg-cache" if cached else "optee-call-arg"
        rc, shm = yield from self.alloc(keeper, PAGE, kernel_buf_flags(kernel))
        if shm is None:
            self.exhausted(ARGUMENT_PAGE)
            return rc, None, None
        page = ArgumentPage(shm, ARG_SLOTS, 1, cached)
        if cached:
            self.buffers.arguments.insert(0, page)
        return 0, page, None

    def drop_arguments(self, page: ArgumentPage | None, private: Shm | None) -> None:
        """Give a slot or a private page back; cached pages stay registered until the driver's remove.

        FF-A drivers older than the cache reclaim the page after each call.
        """
        if page is not None:
            page.used -= 1
            if not page.cached:
                private = page.shm
                self._reclaim(private)
        if private is not None:
            self.buffers.by_cookie.pop(private.cookie, None)
            if private.extent is not None:
                self.state.pages().free(private.extent)

    def open_session(self, client: str, service: str) -> Called:
        """tee_client_open_session; opening takes the core's session mutex, and may load the TA by an RPC."""
        state = self.state
        rpc, state.rpc_at_open = state.rpc_at_open, False
        if state.secure.config.kind != "optee":
            return 0, state.secure.open_session(service, state.generation, client)
        return (
            yield from self.call(
                client,
                lambda thread: state.secure.open_session(service, state.generation, client),
                locks=(CORE_LOCK,),
                rpc=rpc,
            )
        )

    def close_session(self, client: str, service: str) -> Called:
        """tee_client_close_session."""
        state = self.state
        if state.secure.config.kind != "optee":
            return 0, state.secure.close_session(service, state.generation, client)
        return (
            yield from self.call(
                client,
                lambda thread: state.secure.close_session(service, state.generation, client),
                locks=(CORE_LOCK,),
            )
        )

    # What residue does to it.

    def exhausted(self, where: str, *lines: str) -> bool:
        """Record a registration that was refused for want of something that residue holds."""
        refusal, state = self.refusal, self.state
        if refusal not in ("heap", "handles", "address space", "overlap", "protected memory"):
            return False
        self.refusal = ""
        dead, free = self.residue_bytes(), state.secure.heap.free if self.room is None else self.room
        self.room = None
        kept = self.shared_arguments and state.running().has("optee-rpc-arg")
        missing = kept and not self.buffers.arguments and where != ARGUMENT_PAGE
        state.harm(
            HarmKind.EXHAUSTION,
            where,
            *lines,
            refusal=refusal,
            needed=self.needed,
            heap_free=free,
            dead=dead,
            by_residue=dead > 0 and self._fits_clean(refusal, free + dead, missing),
        )
        return True

    def _fits_clean(self, refusal: str, room: int, missing: bool) -> bool:
        """Whether it would have been accepted of a kernel that found nothing of others, and so would have the page for
        arguments that is `missing` now.
        """
        secure = self.state.secure
        if refusal == "heap":
            own = mobj_cost(1, object_size(secure.config.abi, secure.config.version))
            return room - (own if missing else 0) >= self.needed
        if refusal == "handles" and secure.config.handles is not None:
            mine = [one for one in self.state.ffa.handles if one.generation == self.state.generation]
            return len(mine) + missing < secure.config.handles
        return True

    def residue_bytes(self) -> int:
        """Heap bytes that dead generations still hold."""
        secure, now = self.state.secure, self.state.generation
        size = object_size(secure.config.abi, secure.config.version)
        dead = sum(mobj_cost(one.count, size) for one in secure.registrations if one.generation != now)
        return dead + sum(secure.config.session_bytes for one in secure.sessions if one.generation != now)

    def peak_bytes(self, pages: int) -> int:
        """Heap bytes that a registration needs while it is made: arguments, page array and object."""
        secure = self.state.secure.config
        kept = mobj_cost(pages, object_size(secure.abi, secure.version))
        return kept if secure.abi == "ffa" else cost(80) + page_array_cost(pages) + kept

    # Books.

    def _keep(self, shm: Shm) -> Shm:
        self.buffers.by_cookie[shm.cookie] = shm
        return shm

    def _share(self, shm: Shm) -> int:
        assert shm.extent is not None
        state = self.state
        pages = ((shm.extent.start, shm.extent.count),)
        code, handle = state.ffa.share(pages, state.generation, shm.client)
        if code != FFA_OK:
            self.refusal, self.room = state.secure.refusal, state.secure.heap.free
            return ENOMEM if code == FFA_NO_MEMORY else EINVAL
        shm.cookie, shm.registered = handle, True
        return 0

    def _reclaim(self, shm: Shm) -> None:
        code = self.state.ffa.reclaim(shm.cookie)
        if code != FFA_OK:
            self.state.log.say(
                f"optee: Unregister SHM id 0x{shm.cookie:x} rc {code}",
                f"optee: mem_reclaim: 0x{shm.cookie:x} {code}",
            )

    def _after_failure(self, shm: Shm) -> None:
        state, extent = self.state, shm.extent
        assert extent is not None
        what = frees_after_failure(state.running())
        if what == "own" or state.secure.config.abi == "ffa":
            state.pages().free(extent)
            return
        if what == "behind":
            victims = [victim.purpose for victim in state.memory.tear(extent.end, extent.count)]
            state.harm(
                HarmKind.CORRUPTION,
                "pool_op_alloc",
                f"pages {extent.end:#x}-{extent.end + extent.count - 1:#x}, which are not this call's, were freed; "
                f"they were {', '.join(victims) or 'free already'}",
                victims=tuple(victims),
                start=extent.end,
                count=extent.count,
                client=shm.client,
            )
        state.harm(
            HarmKind.LEAK,
            "pool_op_alloc",
            f"{counted(extent.count, 'page')} at {extent.start:#x} lost to {shm.client}",
            pages=extent.count,
            client=shm.client,
        )
