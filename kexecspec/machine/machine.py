"""The machine: it runs kernels one after another, and lets the caller choose where the world has a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kexecspec.machine.config import PAGE, Hooks, KernelConfig, MachineConfig
from kexecspec.machine.devices import Device, dma_start, payload_uses, transact
from kexecspec.machine.ffa import FfaPartition
from kexecspec.machine.handoff import enter, reset, stage, stop_processors
from kexecspec.machine.harms import Event, Harm, Outcome
from kexecspec.machine.interrupts import Gic
from kexecspec.machine.kernel import Program
from kexecspec.machine.memory import PhysicalMemory
from kexecspec.machine.objects import OK
from kexecspec.machine.secure import SecureWorld
from kexecspec.machine.smmu import new_smmu
from kexecspec.machine.state import KernelDied, State, Steps
from kexecspec.machine.tasks import USER, Task, Tasks
from kexecspec.machine.tee_ops import TEE_OPERATIONS

EDGES = ("kexec", "reboot", "reboot-force")


class Machine:
    """One machine.  See the package's docstring for what to call and what to look at."""

    def __init__(self, config: MachineConfig) -> None:
        secure = SecureWorld(config.secure)
        self.state = State(config, PhysicalMemory(config.memory), secure, FfaPartition(secure))
        self.state.smmus = {smmu.name: new_smmu(smmu) for smmu in config.smmus}
        self.state.devices = {device.name: Device(device) for device in config.devices}
        self.state.gics = {gic.name: Gic(gic) for gic in config.gics}
        self._order: tuple[str, ...] = ()

    # Running.

    def power_on(self, kernel: str) -> None:
        """Reset the platform, all of it, and start this kernel."""
        reset(self.state, frozenset({"secure_world", "smmus", "devices"}))
        self._enter(kernel, "reset")

    def advance(self) -> Event:
        """The running kernel's next operation."""
        return self.program.advance()

    def run_until(self, *operations: str) -> Event:
        """Advance until one of these operations, or until the kernel waits, idles or dies."""
        while True:
            event = self.advance()
            stopped = event.outcome in (Outcome.WAITING, Outcome.DEAD) or event.operation == "idle"
            if stopped or event.operation in operations:
                return event

    # Handoffs.

    def stage(self, kernel: str, page: int | None = None) -> Event:
        """kexec_load: the next kernel's image gets its pages, now."""
        return stage(self.state, kernel, page)

    def begin(self, edge: str, to_kernel: str, user_space: str = "running", tree_handed_on: bool = False) -> Event:
        """Start a kexec, a reboot or a reboot by force; advance() then walks device_shutdown and jumps or
        resets. `tree_handed_on`: the next kernel was loaded by kexec_load, with the running one's device tree.
        """
        if edge not in EDGES:
            raise ValueError(f"no edge {edge!r}")
        state = self.state
        state.config.kernel(to_kernel)
        if state.phase == "walk":
            raise ValueError("the kernel is on its way to a handoff already")
        if edge == "kexec" and state.staged is None:
            self.stage(to_kernel)
        if user_space == "stopped":
            self._try(self.tasks.user_stops)
            self._try(self.tasks.retry)
            self._try(self.tasks.user_stops)  # what waited for a thread that has come free, ends too
        self.program.steps = self._leave(edge, to_kernel, tree_handed_on)
        return Event("kernel", "begin", detail={"edge": edge, "user_space": user_space})

    def choose_shutdown_order(self, names: tuple[str, ...]) -> None:
        """The order of the next walk; what is not named keeps its default place behind these."""
        self._order = names

    def crash(self, to_kernel: str) -> Event:
        """A panic with a crash kernel loaded: no hook runs, processors stop where they are."""
        state = self.state
        state.log.say(
            "Kernel panic - not syncing: sysrq triggered crash", "Starting crashdump kernel...", "Bye!"
        )
        stop_processors(state)
        self._enter(to_kernel, "crash")
        return Event("kernel", "crash", detail={"to": to_kernel, "generation": state.generation})

    # Choices of the world: secure calls.

    def call_enters(self, who: str = USER, service: str | None = None, buffers: bool = True) -> Event:
        """A task of `who` (a device, or user) makes a secure call, which goes in or waits for a thread; with
        `buffers` it is given all memory that its owner has registered.
        """
        device = self.state.devices.get(who)
        known = service or (device.config.service if device else None) or who
        task = Task(who, known)
        return self._begin(task, "call-enters", self.tasks.enter(task, buffers))

    def call_rpc(self, thread: int, to_supplicant: bool | None = None) -> Event:
        """The call in this thread makes an RPC; user TAs' go to the supplicant unless told otherwise."""
        task = self.tasks.by_thread(thread)
        asks = to_supplicant
        if asks is None:
            asks = task.owner == USER or self.state.secure.service(task.service).makes_rpc
        return self._begin(task, "call-rpc", self.tasks.rpc(task, asks))

    def call_suspends(self, thread: int) -> Event:
        """A foreign interrupt takes the call out of the secure world."""
        self.state.secure.suspend(self.state.secure.threads[thread])
        return Event(f"thread{thread}", "call-suspends")

    def call_returns(self, thread: int) -> Event:
        """The call runs to its end; whoever waited for a thread gets it."""
        task = self.tasks.by_thread(thread)
        event = self._begin(task, "call-returns", self.tasks.finish(task))
        self._try(self.tasks.retry)
        return event

    def takes_lock(self, thread: int, lock: str = "tee_ta_mutex") -> Event:
        """The call takes a lock of the secure world's core, or a TA's busy flag, and keeps it."""
        task = self.tasks.by_thread(thread)
        return self._begin(task, "takes-lock", self.tasks.take_lock(task, lock))

    def drops_lock(self, thread: int, lock: str = "tee_ta_mutex") -> Event:
        """The call gives a lock back, and goes on."""
        self.state.secure.unlock(self.state.secure.threads[thread], lock)
        self._try(self.tasks.retry)
        return Event(f"thread{thread}", "drops-lock")

    def supplicant_dies(self) -> Event:
        """tee-supplicant is gone: RPCs to it are not answered any more."""
        self.state.supplicant = False
        return Event("tee-supplicant", "dies")

    def resume_thread(self, thread: int) -> Event:
        """A payload resumes a secure thread by its number, whoever started it; the thread goes on writing."""
        state = self.state
        code = state.secure.resume(thread)
        if code != OK:
            return Event(f"thread{thread}", "resume", Outcome.FAILED, {"code": code})
        one = state.secure.threads[thread]
        one.runaway = one.generation != state.generation
        hit = self.thread_writes(thread)
        return Event(f"thread{thread}", "resume", detail={"code": code, "corrupted": hit})

    def thread_writes(self, thread: int) -> bool:
        """What a resumed thread writes to, it writes to: buffers, arguments; whether somebody else owned
        it.
        """
        one = self.state.secure.threads[thread]
        pages = tuple(piece for mobj in (*one.memrefs, one.arg, one.rpc) if mobj for piece in mobj.pages)
        return self.state.secure_write(pages, f"secure thread {thread}", one.generation)

    def user_registers(self, pages: int) -> Event:
        """A user task registers this many pages of its own."""
        return self._begin(Task(USER), "user-registers", self.tasks.user_register(pages))

    def asks_for_page(self) -> Event:
        """Somebody's call wants memory for its arguments; nothing more comes of it."""
        return self._begin(Task(USER), "asks-for-page", self._asking())

    def user_opens(self, service: str) -> Event:
        """A user task opens a session."""
        return self._begin(Task(USER), "user-opens", self._opening(service))

    def asks(self, device: str) -> Event:
        """Somebody asks this device's driver for something: its runtime operations, one after another."""
        state = self.state
        config, tee = state.devices[device].config, state.tee_driver()
        todo = (state.running().hooks(config) or Hooks()).runtime
        steps = tuple(TEE_OPERATIONS[one.do](tee, config, one.params) for one in todo)
        return self._begin(Task(device), "asks", self.tasks.runtime(steps, device))

    def registration_fails(self, where: str = "kernel") -> None:
        """The next registration fails: in the kernel before the call, or in the secure world."""
        self.state.fail_next = where

    def opening_makes_rpc(self) -> None:
        """The next session that is opened takes an RPC: its TA has to be loaded, or asks for something."""
        self.state.rpc_at_open = True

    # Choices of the world: devices and memory.

    def packet(self, device: str) -> Event:
        """A packet arrives: the device's next transaction."""
        return self.transact(device)

    def transact(self, device: str) -> Event:
        """The device's next transaction, if it is on."""
        return transact(self.state, self.state.devices[device])

    def task_dma_map(self, device: str) -> Event:
        """A task or softirq of the running kernel maps a buffer for this device."""
        return self._task_dma(device, "task-dma-map", self._map)

    def task_dma_unmap(self, device: str) -> Event:
        """A task or softirq of the running kernel unmaps a buffer of this device."""
        return self._task_dma(device, "task-dma-unmap", self._unmap)

    def task_dma_start(self, device: str) -> Event:
        """A task of the running kernel opens the device: its engine starts."""
        return self._task_dma(device, "task-dma-start", lambda one: dma_start(self.state, one))

    def payload_uses(self, device: str) -> Event:
        """The running payload, which is no Linux, starts the device for itself; it stops nothing when it is left."""
        rc = payload_uses(self.state, self.state.devices[device])
        return Event(device, "payload-uses", Outcome.FAILED if rc else Outcome.OK, {"errno": rc})

    def request(self, device: str) -> Event:
        """Somebody asks the device for one transfer, which it has then to make."""
        one = self.state.devices[device]
        one.engine, one.generation, one.posted = True, self.state.generation, one.posted + 1
        return Event(device, "request")

    def allocate_from(self, page: int) -> None:
        """The running kernel's allocations go upwards from this page from now on."""
        self.state.pages().cursor = page

    def place_next_allocation(self, page: int) -> None:
        """The running kernel's next allocation starts at this page."""
        self.state.pages().place = page

    def place_next_cookie(self, cookie: int) -> None:
        """The next struct tee_shm lies at this address."""
        self.state.next_cookie = cookie

    def covers_tables(self, gic: str) -> None:
        """The running kernel's image was put where this controller's LPI property table lies, which nothing forbids;
        to be said before the kernel starts its interrupts.
        """
        self.state.gics[gic].covered = True

    def lends_protected(self, start: int, pages: int) -> None:
        """Memory is lent to the secure world and protected, until the platform is reset."""
        self.state.secure.protected.append((start // PAGE, pages, self.state.generation))

    def choices(self) -> tuple[tuple[str, tuple[object, ...]], ...]:
        """What the world may choose now: method names with arguments, handoffs left out."""
        from kexecspec.machine.choices import choices

        return choices(self)

    def run_on(self, limit: int = 400, masters: tuple[str, ...] | None = None) -> tuple[Harm, ...]:
        """Let the world go on from here, and say what was suffered; `masters` are the devices that have anything
        to do meanwhile, all by default.
        """
        from kexecspec.machine.world import run_on

        return run_on(self, limit, masters)

    # What can be seen.

    @property
    def harms(self) -> tuple[Harm, ...]:
        return tuple(self.state.harms)

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(self.state.log.lines)

    @property
    def generation(self) -> int:
        return self.state.generation

    @property
    def kernel(self) -> KernelConfig | None:
        return self.state.kernel

    @property
    def bound(self) -> tuple[str, ...]:
        return tuple(self.program.bound)

    @property
    def blocked(self) -> tuple[tuple[str, str, str], ...]:
        """Tasks that wait in the secure world or for it: who, in what, for what."""
        return tuple((task.owner, task.doing, task.why) for task in self.tasks.all if task.steps is not None)

    # How it goes from kernel to kernel.

    def _enter(self, name: str, edge: str, tree_handed_on: bool = False) -> None:
        enter(self.state, name, edge, tree_handed_on)
        self._order = ()
        self.tasks = Tasks(self.state, self.state.tee_driver())
        self.program = Program(self.state, self.tasks)
        self.program.steps = self.program.boot()

    def _leave(self, edge: str, to_kernel: str, tree_handed_on: bool) -> Iterator[Event]:
        state = self.state
        chosen = (name for name in self._order if name in self.program.bound)
        order = tuple(dict.fromkeys((*chosen, *self.program.default_order())))
        yield from self.program.walk(order, edge)
        if edge == "kexec":
            state.log.say("kexec_core: Starting new kernel", "Bye!")
            stop_processors(state)
            self._enter(to_kernel, edge, tree_handed_on)
        else:
            state.log.say("reboot: Restarting system")
            stop_processors(state)
            reset(state, state.config.warm_clears)
            self._enter(to_kernel, "reset")
        arrived = {"to": to_kernel, "generation": state.generation}
        yield Event("kernel", "jump" if edge == "kexec" else "reset", detail=arrived)

    def _begin(self, task: Task, doing: str, steps: Steps) -> Event:
        events: list[Event] = []
        self._try(lambda: events.append(self.tasks.start(task, doing, steps)))
        return events[0] if events else Event(task.owner, doing, Outcome.DEAD)

    def _try(self, action: Callable[[], object]) -> None:
        """Do it; an oops ends the kernel, not the caller."""
        try:
            action()
        except KernelDied:
            return

    def _opening(self, service: str) -> Steps:
        rc, _ = yield from self.state.tee_driver().open_session(USER, service)
        return rc

    def _asking(self) -> Steps:
        tee = self.state.tee_driver()
        rc, page, private = yield from tee.arguments(USER, False)
        tee.drop_arguments(page, private)
        return rc

    def _task_dma(self, name: str, doing: str, action: Callable[[Device], object]) -> Event:
        device = self.state.devices[name]
        self._try(lambda: action(device))
        return Event(name, doing, Outcome.DEAD if self.state.dead else Outcome.OK)

    def _map(self, device: Device) -> None:
        extent = self.state.pages().alloc(1, f"dma:{device.config.name}")
        if extent is not None:
            device.mapped.append((self.state.iommu_core().map(device.config, extent), extent))

    def _unmap(self, device: Device) -> None:
        if len(device.mapped) < 2:
            self._map(device)
        page, extent = device.mapped.pop()
        self.state.iommu_core().unmap(device.config, page, "task")
        self.state.pages().free(extent)
