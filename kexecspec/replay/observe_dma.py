"""What the machine shows of SMMUs and DMA masters."""

from __future__ import annotations

from kexecspec.ir.values import Value
from kexecspec.machine import HarmKind
from kexecspec.machine.config import PAGE
from kexecspec.machine.devices import Device
from kexecspec.machine.smmu import STRTAB_SPLIT, Entry, Smmu, SmmuV2, SmmuV3, Stream
from kexecspec.platform.facts import Entity
from kexecspec.replay.observe_gic import reserve_has
from kexecspec.replay.stage import Stage
from kexecspec.replay.suffered import of_this_kernel


def is_on(stage: Stage, smmu: Entity) -> Value | None:
    """Whether client traffic is looked at."""
    return _smmu(stage, smmu).translates


def off_abort(stage: Stage, smmu: Entity) -> Value | None:
    """Whether it aborts while it is off; an SMMUv2 never does."""
    found = _smmu(stage, smmu)
    return found.gbpa_abort if isinstance(found, SmmuV3) else False


def irq(stage: Stage, smmu: Entity) -> Value | None:
    """Whether faults interrupt."""
    found = _smmu(stage, smmu)
    return found.gfie if isinstance(found, SmmuV2) else found.evtqen


def listed(stage: Stage, smmu: Entity) -> Value | None:
    """Whether a kernel has given an SMMUv3 its stream table."""
    found = _smmu(stage, smmu)
    return isinstance(found, SmmuV3) and found.table_generation > 0


def released(stage: Stage, smmu: Entity) -> Value | None:
    """Whether its clients' groups were taken away; nothing shows where it had no client."""
    groups = stage.machine.state.iommu_core().groups
    mine = [name for name, device in stage.machine.state.devices.items()
            if device.config.smmu == smmu.name and name in groups]
    return any(groups[name] is None for name in mine) if mine else None


def off_by_hook(stage: Stage, smmu: Entity) -> Value | None:
    """Whether this kernel's shutdown hook turned it off."""
    return smmu.name in stage.turned_off


def engine(stage: Stage, entity: Entity) -> Value | None:
    """Whose work is pending."""
    device = _device(stage, entity)
    idle = device.config.dma == "none" or not device.engine or not device.pending or device.generation == 0
    return "off" if idle else "own" if device.generation == stage.machine.generation else "stale"


def aims(stage: Stage, entity: Entity) -> Value | None:
    """What addresses the running kernel's work was posted with, and in whose memory physical ones lie."""
    device = _device(stage, entity)
    if not device.mapped or engine(stage, entity) != "own":
        return None
    page, extent = device.mapped[0]
    if not extent.holds(page):
        return "iova"
    reserve = stage.machine.state.config.memory.crashkernel
    return "reserve" if any(span.start <= page * PAGE < span.end for span in reserve) else "ram"


def bus_master(stage: Stage, entity: Entity) -> Value | None:
    """Whether it and the port above it may issue transactions."""
    device = _device(stage, entity)
    if device.generation == 0 and device.config.dma == "firmware":
        return None
    return device.bus_master and device.port_master


def entry(stage: Stage, entity: Entity) -> Value | None:
    """What the entry of its stream does; of entries that are none, nothing shows while the SMMU is off. Of one that
    came with a device of the same span and aborts nothing is said either: rules may leave it out."""
    device = _device(stage, entity)
    smmu = stage.machine.state.smmus.get(device.config.smmu or "")
    if smmu is None:
        return None
    found = smmu.streams.get(device.config.streams[0])
    if found is not None and found.entry is Entry.TRANSLATE and found.table is not None:
        return "own" if found.table.generation == stage.machine.generation else "stale"
    if not smmu.translates:
        return None
    if isinstance(smmu, SmmuV3) and found is None and (device.config.streams[0] >> STRTAB_SPLIT) in smmu.spans:
        return "bypass" if smmu.first_entry(device.config.streams[0]) is Entry.BYPASS else None
    if _bypasses(smmu, found):
        return "passes" if found is None and isinstance(smmu, SmmuV2) else "bypass"
    return "unlisted" if isinstance(smmu, SmmuV3) and found is None and smmu.unlisted is Entry.UNKNOWN else "fault"


def in_reserve(stage: Stage, entity: Entity) -> Value | None:
    """Whether a dead kernel's tables, through which its stream goes, lie where crash kernels live."""
    if entry(stage, entity) != "stale":
        return None
    found = _device(stage, entity).config
    table = stage.machine.state.smmus[str(found.smmu)].streams[found.streams[0]].table
    assert table is not None
    return reserve_has(stage, table.page)


def oops(stage: Stage, entity: Entity) -> Value | None:
    """Whether the DMA API found no domain for it."""
    return _suffered(stage, HarmKind.OOPS, "iommu_get_dma_domain", entity.name, None)


def sync_lost(stage: Stage, entity: Entity) -> Value | None:
    """Whether a task's CMD_SYNC for it got no answer."""
    return _suffered(stage, HarmKind.HANG, "cmd-sync", entity.name, "task")


def _bypasses(smmu: Smmu, found: Stream | None) -> bool:
    if found is not None:
        return found.entry is Entry.BYPASS
    return not smmu.usfcfg if isinstance(smmu, SmmuV2) else smmu.unlisted is Entry.BYPASS


def _suffered(stage: Stage, kind: HarmKind, where: str, device: str, context: str | None) -> bool:
    return any(
        harm.detail.get("device") == device and context in (None, harm.detail.get("context"))
        for harm in of_this_kernel(stage, kind, where)
    )


def _smmu(stage: Stage, entity: Entity) -> Smmu:
    return stage.machine.state.smmus[entity.name]


def _device(stage: Stage, entity: Entity) -> Device:
    return stage.machine.state.devices[entity.name]
