"""Calls that are inside the secure world because the world put them there: they enter, do RPCs, sleep and
return.

From __thread_std_smc_entry and get_rpc_arg (OP-TEE @3.13.0), and optee_handle_rpc and handle_rpc_func_cmd
(Linux).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kexecspec.machine.harms import Event, Outcome
from kexecspec.machine.objects import CORE_LOCK, Thread
from kexecspec.machine.state import State, Steps, waiting
from kexecspec.machine.tee_driver import TeeDriver
from kexecspec.machine.tee_rpc import begin_rpc, end_rpcs
from kexecspec.machine.tee_shm import EINVAL, ENOMEM, ArgumentPage, Shm

USER = "user"


@dataclass(eq=False)
class Task:
    """A task of the running kernel with a call in the secure world, or on its way there."""

    owner: str
    service: str = ""
    thread: Thread | None = None
    page: ArgumentPage | None = None
    private: Shm | None = None
    asks_supplicant: bool = False
    steps: Steps | None = None
    doing: str = ""
    why: str = ""
    errno: int = 0


@dataclass
class Tasks:
    """Every task of the running kernel that has something to do with the secure world."""

    state: State
    tee: TeeDriver
    all: list[Task] = field(default_factory=list)

    def by_thread(self, index: int) -> Task:
        """The task whose call holds this secure thread; ValueError when no live task does."""
        for task in self.all:
            if task.thread is not None and task.thread.index == index:
                return task
        raise ValueError(f"no task of the running kernel holds secure thread {index}")

    def start(self, task: Task, doing: str, steps: Steps) -> Event:
        """Begin something; it goes as far as it can now, and is taken up again by `retry`."""
        if task.steps is not None:
            raise ValueError(f"{task.owner} still waits in {task.doing}")
        task.steps, task.doing = steps, doing
        if task not in self.all:
            self.all.append(task)
        return self._step(task)

    def retry(self) -> tuple[Event, ...]:
        """Let everybody who waits look again, oldest first, until nobody gets further."""
        events: list[Event] = []
        moved = True
        while moved:
            moved = False
            for task in [one for one in self.all if one.steps is not None]:
                event = self._step(task)
                if event.outcome is not Outcome.WAITING:
                    events.append(event)
                    moved = True
        return tuple(events)

    def enter(self, task: Task, buffers: bool = True) -> Steps:
        """The call goes in, with the buffers of its owner or without them."""
        rc, task.page, task.private = yield from self.tee.arguments(task.owner, False)
        if rc == 0:
            task.thread = yield from self.tee.enter(task.owner, task.page, task.private)
        if task.thread is None:
            self.tee.drop_arguments(task.page, task.private)
            self.all.remove(task)
            return rc or EINVAL
        yield from self._session_lock(task)
        secure = self.state.secure
        pseudo = secure.service(task.service).pseudo
        for one in secure.registrations:
            key = (one.client, one.generation, one.explicit)
            mine = buffers and key == (task.owner, self.state.generation, True)
            if mine and not secure.use(task.thread, one, mapped=pseudo):
                return self._no_room(task)
        return 0

    def _session_lock(self, task: Task) -> Steps:
        """tee_ta_get_session takes the session mutex for a moment."""
        secure, thread = self.state.secure, self._thread(task)
        while not secure.lock(thread, CORE_LOCK):
            yield waiting(task.owner, task.doing, "lock", lock=CORE_LOCK, thread=thread.index)
        secure.unlock(thread, CORE_LOCK)
        return 0

    def _no_room(self, task: Task) -> int:
        """A buffer could not be mapped: the call comes back with TEE_ERROR_OUT_OF_MEMORY."""
        secure, thread = self.state.secure, self._thread(task)
        self.tee.refusal = secure.refusal
        secure.leave(thread)
        self.tee.drop_arguments(task.page, task.private)
        task.thread = None
        self.tee.exhausted("call")
        return ENOMEM

    def rpc(self, task: Task, asks_supplicant: bool) -> Steps:
        """The call asks the normal world for something."""
        rc = yield from begin_rpc(self.tee, self._thread(task), task.owner)
        if rc:
            return rc
        task.asks_supplicant = asks_supplicant
        return 0

    def finish(self, task: Task) -> Steps:
        """The RPC is answered, the call runs to its end and returns."""
        thread, state = self._thread(task), self.state
        while task.asks_supplicant and not self.answered(task):
            yield waiting(task.owner, task.doing, "supplicant", thread=thread.index)
        yield from end_rpcs(self.tee, thread)
        state.secure.leave(thread)
        self.tee.drop_arguments(task.page, task.private)
        self.all.remove(task)
        return 0

    def answered(self, task: Task) -> bool:
        """Whether somebody answers the supplicant's RPC; a killed caller gives up where the kernel lets
        it.
        """
        state = self.state
        if state.supplicant and state.user_space:
            return True
        return not state.user_space and task.owner == USER and self.kill_ends()

    def kill_ends(self) -> bool:
        """Whether a killed caller leaves optee_supp_thrd_req. Before the wait was killable it did so only when
        there was no context of a supplicant, and one whose supplicant is gone stays open as long as a call has
        a buffer of it: so here where there has never been one.
        """
        state = self.state
        return state.running().has("optee-supplicant-killable") or not state.config.secure.supplicant

    def take_lock(self, task: Task, lock: str = CORE_LOCK) -> Steps:
        """The call takes a core lock, or sleeps until it can."""
        thread = self._thread(task)
        while not self.state.secure.lock(thread, lock):
            yield waiting(task.owner, "takes-lock", "lock", lock=lock, thread=thread.index)
        return 0

    def user_register(self, pages: int) -> Steps:
        """TEE_IOC_SHM_REGISTER by a user task."""
        state = self.state
        extent = state.pages().alloc(pages, f"tee:{USER}")
        if extent is None:
            return ENOMEM
        shm = Shm(state.fresh_cookie(), extent, pages, USER, frozenset({"user_mapped"}))
        rc = yield from self.tee.register(shm)
        if rc:
            state.pages().free(extent)
            self.tee.exhausted("TEE_IOC_SHM_REGISTER")
            return rc
        self.tee.buffers.by_cookie[shm.cookie] = shm
        return 0

    def runtime(self, steps: tuple[Steps, ...], owner: str) -> Steps:
        """A driver does what it does when it is asked for something, up to the first failure."""
        for step in steps:
            rc = yield from step
            if rc:
                self.tee.exhausted(owner)
                return rc
        return 0

    def user_stops(self) -> None:
        """User space is killed: what can end ends, and closing its file descriptors gives everything back."""
        state, kernel = self.state, self.state.running()
        for task in [
            one for one in self.all if one.owner == USER and one.steps is None and one.thread is not None
        ]:
            if task.asks_supplicant and not self.kill_ends():
                continue  # init may end the supplicant before its clients
            task.asks_supplicant = False
            self.start(task, "killed", self.finish(task))
        state.user_space = state.supplicant = False
        if any(task.owner == USER for task in self.all):
            return
        for shm in [one for one in self.tee.buffers.by_cookie.values() if "user_mapped" in one.flags]:
            self.start(Task(USER), "close", self.tee.free(shm))
        if not kernel.has("optee-internal-context") and any(
            shm.client == USER and "user_mapped" not in shm.flags
            for shm in self.tee.buffers.by_cookie.values()
        ):
            self.tee.closed.add(USER)
            return
        for session in [
            s for s in state.secure.sessions if (s.generation, s.client) == (state.generation, USER)
        ]:
            state.secure.close_session(session.service, session.generation, session.client)

    def _thread(self, task: Task) -> Thread:
        if task.thread is None:
            raise ValueError(f"{task.owner} has no call in the secure world")
        return task.thread

    def _step(self, task: Task) -> Event:
        assert task.steps is not None
        try:
            event = next(task.steps)
        except StopIteration as end:
            task.steps, task.why, task.errno = None, "", end.value or 0
            if task.thread is None and task in self.all:
                self.all.remove(task)
            detail = {"errno": task.errno, "thread": task.thread.index if task.thread else None}
            return Event(task.owner, task.doing, Outcome.FAILED if task.errno else Outcome.OK, detail)
        task.why = str(event.detail.get("why", ""))
        return Event(task.owner, task.doing, Outcome.WAITING, event.detail)
