"""What a running kernel does by itself: its boot, and its way to a handoff.

device_shutdown from drivers/base/core.c, really_probe's messages from drivers/base/dd.c, the two ways of
kexec from kernel/kexec_core.c and arch/arm64/kernel/machine_kexec.c, all @6.12.117.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kexecspec.machine.config import DeviceConfig, GicConfig, Hooks, Operation, SmmuConfig
from kexecspec.machine.devices import DMA_OPERATIONS, bus_shutdown
from kexecspec.machine.harms import Event, HarmKind, Outcome, counted
from kexecspec.machine.interrupts import FEATURE, Booting, Started, init_lpis, left_enabled
from kexecspec.machine.iommu_driver import SMMU_OPERATIONS
from kexecspec.machine.objects import ThreadState
from kexecspec.machine.state import KernelDied, State, Steps
from kexecspec.machine.tasks import Tasks
from kexecspec.machine.tee_ops import TEE_OPERATIONS, close_session, shm_free
from kexecspec.machine.tee_shm import ENODEV, ENOENT, EPROBE_DEFER

TEE = "tee"


@dataclass
class Program:
    """The running kernel as a program: `advance` goes one operation further."""

    state: State
    tasks: Tasks
    steps: Iterator[Event] = field(default_factory=lambda: iter(()))
    bound: dict[str, None] = field(default_factory=dict)
    provided: set[str] = field(default_factory=set)

    def advance(self) -> Event:
        """The next operation; WAITING again while nothing changed, DEAD after an oops."""
        if self.state.dead:
            return Event("kernel", "off", Outcome.DEAD)
        try:
            return next(self.steps, Event("kernel", "idle"))
        except KernelDied as death:
            return Event("kernel", "oops", Outcome.DEAD, {"where": str(death)})

    # Boot.

    def boot(self) -> Iterator[Event]:
        """The probe walk: SMMUs, the TEE driver, then devices in order; up at the end."""
        state, kernel = self.state, self.state.running()
        state.phase, state.window, self.bound, self.provided = "boot", "gap", {}, set()
        for gic in state.config.gics:
            yield from self._start_interrupts(gic)
        for smmu in state.config.smmus if kernel.smmu_aware else ():
            yield from self._probe_smmu(smmu)
        state.window = "gap" if state.window == "gap" else "after"
        for device in self._probe_order(early=True):
            yield from self._probe(device)
        if state.config.secure.kind != "none":
            yield from self._probe_tee()
        for device in self._probe_order(early=False):
            yield from self._probe(device)
        self._take_stock()
        state.phase, state.window = "up", "up"
        yield Event("kernel", "up", detail={"bound": tuple(self.bound), "generation": state.generation})

    def _probe_order(self, early: bool) -> list[DeviceConfig]:
        """Devices in order; early is what the TEE driver stands on, which is the FF-A core."""
        order = {name: place for place, name in enumerate(self.state.running().probe_order)}
        found = [device for device in self.state.config.devices if (device.bus == "ffa") is early]
        return sorted(found, key=lambda device: order.get(device.name, len(order)))

    def _start_interrupts(self, config: GicConfig) -> Iterator[Event]:
        """An interrupt controller is no device; no walk comes by it again."""
        state, kernel = self.state, self.state.running()
        gic, hooks = state.gics[config.name], kernel.drivers.get(config.driver)
        booting = Booting(state.memory, state.pages(), state.generation, state.kdump(), kernel.has(FEATURE))
        if hooks is None or not kernel.linux:
            self._suffer(config.name, left_enabled(gic, booting))
            return
        for operation in hooks.probe:
            self._suffer(config.name, init_lpis(gic, booting))
            yield Event(config.name, operation.do, detail={"errno": 0})
        yield Event(config.name, "bound")

    def _suffer(self, name: str, started: Started) -> None:
        """What the interrupt controller's start has done to the kernel."""
        lines = self.state.log.say(*started.lines)
        if started.harm is not None:
            self.state.harm(started.harm, name, *lines, pages=started.hit)

    def _probe_smmu(self, config: SmmuConfig) -> Iterator[Event]:
        state, hooks = self.state, self.state.running().drivers.get(config.driver)
        if hooks is None:
            return
        smmu = state.smmus[config.name]
        for operation in hooks.probe:
            state.window = "smmu-probe"
            rc = SMMU_OPERATIONS[operation.do](state, smmu)
            yield Event(config.name, operation.do, Outcome.FAILED if rc else Outcome.OK, {"errno": rc})
            if rc:
                state.log.say(self._failed(config.driver, config.name, rc))
                yield Event(config.name, "probe-failed", Outcome.FAILED, {"errno": rc})
                return
        self.bound[config.name] = None
        yield Event(config.name, "bound")

    def _probe_tee(self) -> Iterator[Event]:
        state = self.state
        driver = state.config.secure.driver
        hooks = state.running().drivers.get(driver)
        if hooks is None:
            return
        device = replace(self._tee_device(), needs=state.config.secure.needs)
        if self._absent(device):
            yield Event(TEE, "probe-failed", Outcome.FAILED, {"errno": ENODEV, "why": "absent"})
            return
        for operation in hooks.probe:
            rc = yield from self._operation(device, operation)
            if rc:
                state.tee_driver().bound = False
                silent = rc in (ENODEV, EPROBE_DEFER)
                said = tuple(line for line in state.log.tail(1) if line.startswith("optee: "))
                failed = () if silent else state.log.say(self._failed(*device.printed(state.running()), rc))
                state.tee_driver().exhausted(TEE, *said, *failed)
                yield Event(TEE, "probe-failed", Outcome.FAILED, {"errno": rc})
                return
        state.tee_driver().bound = True
        if state.config.secure.kind == "optee":
            state.log.say("optee: initialized driver")
        self.bound[TEE] = None
        self._residue()
        yield Event(TEE, "bound")

    def _tee_device(self) -> DeviceConfig:
        secure = self.state.config.secure
        return DeviceConfig(TEE, secure.driver, driver_name=secure.driver_name, dev_name=secure.dev_name)

    def _residue(self) -> None:
        """What a clean kexec should have taken along."""
        state = self.state
        if state.entered_by != "kexec":
            return
        left = [
            one for one in state.secure.registrations if one.explicit and one.generation != state.generation
        ]
        if left:
            pages = sum(one.count for one in left)
            state.harm(
                HarmKind.LEAK,
                "registrations",
                f"left of dead kernels: {counted(len(left), 'registration')}, {counted(pages, 'page')}",
                count=len(left),
                pages=pages,
                clients=tuple(sorted({one.client for one in left})),
                heap_used=state.secure.heap.used,
            )

    def _probe(self, device: DeviceConfig) -> Iterator[Event]:
        state, kernel = self.state, self.state.running()
        hooks = kernel.hooks(device)
        if hooks is None or kernel.name in device.absent_in:
            return
        absent = self._absent(device)
        if absent:
            yield Event(device.name, "probe-failed", Outcome.FAILED, {"errno": absent, "why": "absent"})
            return
        if kernel.smmu_aware:
            state.iommu_core().probe_device(device)
        if device.service is None:
            yield Event(device.name, "iommu_probe_device")
        if kernel.smmu_aware:
            state.iommu_core().attach(device)
        if device.service is None:
            yield Event(device.name, "attach")
        done: list[Operation] = []
        for operation in self._probe_operations(device, hooks):
            rc = yield from self._operation(device, operation)
            if rc:
                yield from self._unwind(device, done, rc)
                return
            done.append(operation)
        state.devices[device.name].bound = True
        self.bound[device.name] = None
        self.provided.update(device.provides)
        yield Event(device.name, "bound")

    def _absent(self, device: DeviceConfig) -> int:
        """Why a device is not there to be probed, or has to wait for ever."""
        if any(need not in self.provided and need not in self.bound for need in device.needs):
            return EPROBE_DEFER
        tee = self.state.tee_driver()
        if device.bus == TEE and not (tee.bound and tee.enumerated):
            return ENOENT
        return 0

    def _probe_operations(self, device: DeviceConfig, hooks: Hooks) -> tuple[Operation, ...]:
        if device.dma == "none" or any(operation.do in DMA_OPERATIONS for operation in hooks.probe):
            skip = set() if device.starts_at_probe else {"dma_start"}
            return tuple(operation for operation in hooks.probe if operation.do not in skip)
        added = ("dma_reset", "dma_map", *(("dma_start",) if device.starts_at_probe else ()))
        return hooks.probe + tuple(Operation(name) for name in added)

    def _unwind(self, device: DeviceConfig, done: list[Operation], rc: int) -> Iterator[Event]:
        state, tee = self.state, self.state.tee_driver()
        for operation in reversed(done):
            if operation.do.startswith(("tee_shm_alloc", "tee_shm_register")):
                yield from self._quietly(shm_free(tee, device, operation.params))
            elif operation.do == "tee_client_open_session":
                yield from self._quietly(close_session(tee, device, operation.params))
        silent = rc in (ENODEV, EPROBE_DEFER) or (rc == ENOENT and device.service is not None)
        silent = silent or device.bus == "ffa"  # an initcall: nobody says that it failed
        lines = () if silent else state.log.say(self._failed(*device.printed(state.running()), rc))
        tee.exhausted(device.name, *(state.log.tail(2) if lines else ()))
        yield Event(device.name, "probe-failed", Outcome.FAILED, {"errno": rc})

    def _quietly(self, steps: Steps) -> Iterator[Event]:
        yield from steps

    def _failed(self, driver: str, device: str, rc: int) -> str:
        if self.state.running().numbers >= (6, 10):
            return f"{driver} {device}: probe with driver {driver} failed with error {rc}"
        return f"{driver}: probe of {device} failed with error {rc}"

    def _take_stock(self) -> None:
        state, kernel = self.state, self.state.running()
        provided = {TEE} if TEE in self.bound else set()
        for device in state.config.devices:
            if device.name in self.bound:
                provided |= {device.name, device.driver, *device.provides}
        for duty in kernel.duties:
            if duty not in provided:
                state.harm(
                    HarmKind.REFUSED, f"duty:{duty}", f"no driver of {kernel.name} provides {duty}", duty=duty
                )
        if TEE not in self.bound or state.config.secure.kind != "optee":
            return
        stale = [
            thread.index
            for thread in state.secure.threads
            if thread.state is not ThreadState.FREE and thread.generation != state.generation
        ]
        if stale and len(state.secure.threads) - len(stale) < kernel.min_threads:
            state.harm(
                HarmKind.EXHAUSTION,
                "secure-threads",
                f"secure threads {stale} are lost until the platform is reset",
                stale=tuple(stale),
                threads=len(state.secure.threads),
            )

    # The way to a handoff.

    def walk(self, order: tuple[str, ...], edge: str) -> Iterator[Event]:
        """device_shutdown: each device in turn, its driver's hook and then its bus."""
        state = self.state
        state.phase, state.window = "walk", "before-handoff"
        for name in order:
            yield from self._shut_down(name, edge)
        yield Event("kernel", "walk-done")

    def _shut_down(self, name: str, edge: str) -> Iterator[Event]:
        state, kernel = self.state, self.state.running()
        if name in state.smmus:
            smmu = state.smmus[name]
            for operation in kernel.drivers[smmu.config.driver].shutdown:
                SMMU_OPERATIONS[operation.do](state, smmu)
                yield Event(name, operation.do)
            yield Event(name, "shutdown")
            return
        device = self._tee_device() if name == TEE else state.devices[name].config
        for operation in (kernel.hooks(device) or Hooks()).shutdown:
            if edge in operation.params.get("edges", (edge,)):  # type: ignore[operator]
                yield from self._operation(device, operation)
        quiet = name in state.devices and bus_shutdown(state, state.devices[name], edge)
        yield Event(name, "shutdown", detail={"quiesced": quiet})

    def default_order(self) -> tuple[str, ...]:
        """Reverse registration order, but consumers before their suppliers, and every client before its
        SMMU.
        """
        config = self.state.config
        last_first = [
            device for device in reversed(self._probe_order(early=False)) if device.name in self.bound
        ]
        consumers: dict[str, list[DeviceConfig]] = {}
        for device in last_first:
            for supplier in device.suppliers:
                consumers.setdefault(supplier, []).append(device)
        placed: dict[str, None] = {}

        def place(device: DeviceConfig) -> None:
            if device.name in placed:
                return
            for other in consumers.get(device.name, ()):
                place(other)
            placed[device.name] = None

        for device in last_first:
            place(device)
        tail = [TEE] if TEE in self.bound else []
        tail += [
            device.name for device in reversed(self._probe_order(early=True)) if device.name in self.bound
        ]
        tail += [smmu.name for smmu in reversed(config.smmus) if smmu.name in self.bound]
        return (*placed, *tail)

    # One operation of a hook.

    def _operation(self, device: DeviceConfig, operation: Operation) -> Steps:
        state = self.state
        if operation.do in TEE_OPERATIONS:
            steps = TEE_OPERATIONS[operation.do](state.tee_driver(), device, operation.params)
            rc = yield from relabel(steps, device.name, operation.do)
            self.tasks.retry()
        elif operation.do in DMA_OPERATIONS:
            rc = DMA_OPERATIONS[operation.do](state, state.devices[device.name])
        else:
            raise ValueError(f"no machine knows the operation {operation.do}")
        outcome = Outcome.FAILED if rc else Outcome.OK
        yield Event(device.name, operation.do, outcome, {"errno": rc, **operation.params})
        return rc


def relabel(steps: Steps, actor: str, operation: str) -> Steps:
    """The same steps, every event under this actor and operation."""
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return int(end.value or 0)
        yield Event(actor, operation, event.outcome, event.detail)
