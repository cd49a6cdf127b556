"""DMA masters: engines that go on whoever runs, what stops them, and what one transaction does.

Bus mastering from drivers/pci/pci-driver.c (pci_device_shutdown) @6.12.117 and pcie/portdrv_core.c
@6.1.192, whose pcie_port_device_remove still disabled the port at shutdown (portdrv.c @6.12.117 does so
at remove only); iommu_dma_get_msi_page (drivers/iommu/dma-iommu.c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from kexecspec.machine.config import PAGE, DeviceConfig
from kexecspec.machine.harms import Event, HarmKind, Outcome
from kexecspec.machine.iommu_driver import MSI_DOORBELL_PAGE, adoption
from kexecspec.machine.memory import Extent
from kexecspec.machine.smmu import Result, SmmuV2, Translation
from kexecspec.machine.state import State
from kexecspec.machine.tee_shm import ENOMEM

BUFFER_PAGES = 1


@dataclass
class Device:
    """A master's own state: it knows nothing of kernels, only what it was told to do and by whom.

    What firmware owns runs from the platform's reset on.
    """

    config: DeviceConfig
    engine: bool = False
    bus_master: bool = False
    port_master: bool = True
    posted: int = 0
    generation: int = 0
    bound: bool = False
    mapped: list[tuple[int, Extent]] = field(default_factory=list)
    doorbell: int = MSI_DOORBELL_PAGE

    def reset(self) -> None:
        """The platform's reset."""
        self.engine = self.bus_master = self.config.dma == "firmware"
        self.bound = False
        self.port_master, self.posted, self.generation, self.mapped = True, 0, 0, []
        self.doorbell = MSI_DOORBELL_PAGE

    @property
    def pending(self) -> bool:
        """Whether there is work that it would do without being told again."""
        return self.config.dma in ("periodic-write", "periodic-read", "firmware", "msi") or self.posted > 0

    @property
    def recurrent(self) -> bool:
        """Whether the work does not end by itself."""
        return self.config.recurrent or self.config.dma in ("periodic-write", "periodic-read", "firmware")

    @property
    def on(self) -> bool:
        """Engine enabled, allowed onto the bus, and with work to do."""
        if self.config.dma == "none" or not self.engine or not self.pending:
            return False
        if self.config.bus != "pci" or not self.config.drains:
            return True
        return self.port_master and (self.bus_master or self.config.bus_master == "ignored")

    @property
    def writes(self) -> bool:
        return self.config.dma != "periodic-read"


# Operations of hooks.


def dma_reset(state: State, device: Device) -> int:
    """The driver resets the device: what an earlier kernel told it is forgotten."""
    device.engine, device.posted, device.mapped = False, 0, []
    return 0


def dma_map(state: State, device: Device) -> int:
    """The driver allocates a buffer and maps it."""
    assert state.iommu is not None
    extent = state.pages().alloc(BUFFER_PAGES, f"dma:{device.config.name}")
    if extent is None:
        return ENOMEM
    device.mapped.append((state.iommu.map(device.config, extent), extent))
    return 0


def dma_start(state: State, device: Device) -> int:
    """The driver posts what it mapped and starts the engine."""
    device.engine = device.bus_master = device.port_master = True
    device.posted, device.generation = device.config.posted, state.generation
    return 0


def payload_uses(state: State, device: Device) -> int:
    """A payload that is no Linux resets the device and gives it work, in its own memory and by physical addresses."""
    dma_reset(state, device)
    rc = dma_map(state, device)
    if rc == 0:
        dma_start(state, device)
        device.posted, device.doorbell = max(device.posted, 1), MSI_DOORBELL_PAGE
    return rc


def dma_stop(state: State, device: Device) -> int:
    """The driver stops the engine."""
    device.engine, device.posted = False, 0
    return 0


def dma_unmap(state: State, device: Device) -> int:
    """The driver unmaps its buffers and frees them."""
    assert state.iommu is not None
    while device.mapped:
        page, extent = device.mapped.pop()
        state.iommu.unmap(device.config, page, "walk" if state.phase == "walk" else "task")
        state.pages().free(extent)
    return 0


DMA_OPERATIONS: Mapping[str, Callable[[State, Device], int]] = {
    "dma_reset": dma_reset,
    "dma_map": dma_map,
    "dma_start": dma_start,
    "dma_stop": dma_stop,
    "dma_unmap": dma_unmap,
}


def bus_shutdown(state: State, device: Device, edge: str) -> bool:
    """What the bus, the core, a child or a supplier does at the device's turn in the walk; whether it did."""
    kernel, config, was = state.running(), device.config, device.on
    if config.bus == "pci":
        clears = kernel.has("pci-clear-master-always")
        clears = clears or (edge == "kexec" and kernel.has("pci-clear-master-on-kexec"))
        if clears:
            device.bus_master = False
        if config.behind_port and (clears or kernel.has("pci-port-shutdown")):
            device.port_master = False
    if config.quiesced_by in ("core", "bus", "child", "supplier") and config.bus != "pci":
        dma_stop(state, device)
    return was and not device.on


# Transactions.


def target(state: State, device: Device) -> int:
    """The I/O page that the next transaction goes to."""
    if device.config.dma == "msi":
        return device.doorbell
    if device.mapped:
        return device.mapped[0][0]
    return device.config.iova.start // PAGE if device.config.iova else 0


def look(state: State, device: Device) -> Translation:
    """What the device's SMMU would make of its next transaction, now.

    Its interrupt is masked at the interrupt controller until the running kernel's driver has asked for it.
    """
    smmu = state.smmus.get(device.config.smmu or "")
    page = target(state, device)
    if smmu is None or not device.config.streams:
        return Translation(Result.OK, "direct", page)
    found = smmu.translate(device.config.streams[0], page, device.writes)
    if not smmu.bound:
        return replace(found, irq=False)
    old = not state.running().has("smmu2-disable-bypass-default")
    if old and found.how == "unmatched" and isinstance(smmu, SmmuV2):
        return replace(found, lines=smmu.old_words(device.config.streams[0], device.writes))
    return found


def transact(state: State, device: Device) -> Event:
    """The device's next transaction, through its SMMU to memory."""
    name = device.config.name
    if not device.on:
        return Event(name, "transact", Outcome.FAILED, {"why": "off"})
    found = look(state, device)
    if found.irq:
        state.log.say(*found.lines)
    detail: dict[str, object] = {
        "how": found.how,
        "result": str(found.result),
        "page": found.page,
        "irq": found.irq,
    }
    if found.result is not Result.OK:
        _walked(state, device, found)
        _blocked(state, device, found)
        return Event(name, "transact", Outcome.FAILED, detail)
    if device.config.dma in ("ring", "one-shot") and not device.recurrent:
        device.posted -= 1
    assert found.page is not None
    _walked(state, device, found)
    if device.writes:
        detail["victim"] = _written(state, device, found)
    return Event(name, "transact", Outcome.OK, detail)


def _own_buffer(device: Device, page: int, owner: Extent) -> bool:
    return any(extent is owner and extent.holds(page) for _, extent in device.mapped)


def _written(state: State, device: Device, found: Translation) -> str:
    assert found.page is not None
    owner = state.memory.owner(found.page)
    name = device.config.name
    if device.generation == state.generation and found.table and found.table.generation == state.generation:
        if owner is not None:
            owner.writer, owner.contents = name, f"data of {name}"
        return ""
    if owner is None:
        if state.phase == "walk" and not state.memory.is_ram_of_kernels(found.page):
            _corrupts(state, device, found, "MMIO", state.generation)
        return ""
    owner.writer = name
    if _own_buffer(device, found.page, owner):
        owner.contents = f"data of {name}"
        return ""
    owner.contents = "garbage"
    _corrupts(state, device, found, owner.purpose, owner.generation)
    return owner.purpose


def _corrupts(state: State, device: Device, found: Translation, victim: str, generation: int) -> None:
    name, page = device.config.name, found.page or 0
    stale = found.table is not None and found.table.generation != state.generation
    state.harm(
        HarmKind.CORRUPTION,
        name,
        f"page {page:#x} of {victim} was overwritten by a transaction of {name} ({found.how})",
        page=page,
        victim=victim,
        owner=generation,
        how=found.how,
        phase=state.phase,
        window=state.window,
        programmed_by=device.generation,
        stale_table=stale,
    )


def walks_dead_table(state: State, device: Device, found: Translation) -> bool:
    """Whether it is old work that goes through a dead kernel's table: a walk reads its page before it can fault
    (Arm IHI 0070, F_TRANSLATION), and what stands there by now decides.
    """
    return found.table is not None and device.generation != state.generation != found.table.generation


def _walked(state: State, device: Device, found: Translation) -> None:
    """A table that is still walked, in a page that is somebody else's by now, or that a dead kernel left."""
    if found.table is None or found.page is None and not walks_dead_table(state, device, found):
        return
    kernel = state.running()
    adopted = kernel.has(adoption(state)) or kernel.adopts and kernel.kdump is state.kdump()
    owner = state.memory.owner(found.table.page)
    if owner is not None and owner.generation != found.table.generation and not adopted:
        state.harm(
            HarmKind.CORRUPTION,
            "table-walk",
            f"page {found.table.page:#x}, the table of {device.config.name}, is {owner.purpose} now",
            page=found.table.page,
            device=device.config.name,
        )
    if found.page is not None and device.generation == state.generation != found.table.generation and not adopted:
        state.harm(
            HarmKind.CORRUPTION,
            "stale-translation",
            f"{device.config.name} was sent to page {found.page:#x} by a dead kernel's table",
            page=found.page,
            device=device.config.name,
        )


def _blocked(state: State, device: Device, found: Translation) -> None:
    name = device.config.name
    smmu = state.smmus[device.config.smmu or ""]
    own = device.generation == state.generation and state.phase in ("boot", "up") and device.engine
    if device.config.dma == "one-shot":
        device.posted -= 1  # the transfer has ended, in an error
    if own:
        state.harm(
            HarmKind.REFUSED,
            "transaction-aborted",
            f"a transaction of {name} was blocked ({found.how})",
            device=name,
            how=found.how,
        )
    if smmu.config.abort_is_fatal:
        line = "Kernel panic - not syncing: Asynchronous SError Interrupt"
        state.log.say(line)
        state.dead = True
        state.harm(HarmKind.REFUSED, "abort-is-fatal", line, device=name, how=found.how)
