"""Linux's arm-smmu and arm-smmu-v3 drivers, and the parts of the IOMMU core and the DMA API that meet them.

I/O addresses from the end of 4 GiB downwards: alloc_iova_fast's limit in iommu_dma_alloc_iova.  From
drivers/iommu/arm/arm-smmu/arm-smmu.c, arm-smmu-qcom.c, arm-smmu-v3/arm-smmu-v3.c,
drivers/iommu/iommu.c and dma-iommu.c @6.12.117; the group release on unregister from commit 57365a04c921.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kexecspec.machine.config import PAGE, DeviceConfig, KernelConfig
from kexecspec.machine.harms import HarmKind, oops
from kexecspec.machine.memory import Extent
from kexecspec.machine.smmu import STRTAB_SPLIT, Entry, PageTable, Smmu, SmmuV2, SmmuV3, Stream
from kexecspec.machine.state import State
from kexecspec.machine.tee_shm import EBUSY

MSI_DOORBELL_PAGE = 0x0602_0000 // PAGE
NULL_GROUP = {"iommu_dma_map_page": 0x98, "iommu_dma_unmap_page": 0xA8}
"""The addresses in the reports of 57365a04c921, by the caller; the offset depends on the configuration."""
IOVA_END = 0x1_0000_0000 // PAGE


@dataclass
class Group:
    """A device's IOMMU group with its default domain; `table` is None in an identity domain."""

    number: int
    table: PageTable | None
    next_page: int
    upwards: bool

    def take(self, count: int) -> int:
        """The next free I/O pages: from a given window upwards, otherwise from the end of 4 GiB downwards."""
        if self.upwards:
            self.next_page += count
            return self.next_page - count
        self.next_page -= count
        return self.next_page


@dataclass
class IommuCore:
    """One kernel's IOMMU core: the groups of its devices; None is a group that was taken away."""

    state: State
    groups: dict[str, Group | None] = field(default_factory=dict)

    def probe_device(self, device: DeviceConfig) -> None:
        """__iommu_probe_device, when the device's driver is about to probe: of an SMMUv3 the streams' second level."""
        smmu = self.state.smmus.get(device.smmu or "")
        if isinstance(smmu, SmmuV3) and smmu.bound:
            for stream in device.streams:
                _second_level(smmu, stream, self.state.running())

    def attach(self, device: DeviceConfig) -> None:
        """The default domain's attach, which follows."""
        smmu = self.state.smmus.get(device.smmu or "")
        if smmu is None or not smmu.bound:
            return
        state = self.state
        table = None
        if not self._direct(device):
            extent = state.pages().alloc(1, f"io-table:{device.name}")
            table = PageTable(state.generation, extent.start if extent else 0)
        first = device.iova.start // PAGE if device.iova else IOVA_END
        group = Group(len(self.groups), table, first, device.iova is not None)
        self.groups[device.name] = group
        if device.dma == "msi":
            state.devices[device.name].doorbell = group.take(1) if table else MSI_DOORBELL_PAGE
            if table:
                table.spans.append((state.devices[device.name].doorbell, MSI_DOORBELL_PAGE, 1))
        state.log.say(
            f"{device.driver} {device.dev_name or device.name}: Adding to iommu group {group.number}"
        )
        entry = Entry.TRANSLATE if table else Entry.BYPASS
        for stream in device.streams:
            smmu.streams[stream] = Stream(entry, state.generation, table)

    def map(self, device: DeviceConfig, extent: Extent) -> int:
        """dma_map: the I/O page that the device is to use."""
        if self._direct(device):
            return extent.start
        group = self._group(device, "iommu_dma_map_page")
        if group is None or group.table is None:
            return extent.start
        page = group.take(extent.count)
        group.table.spans.append((page, extent.start, extent.count))
        return page

    def unmap(self, device: DeviceConfig, page: int, context: str) -> None:
        """dma_unmap, whose invalidation an SMMUv3 must answer.

        `context` is walk when the handoff itself waits for it, task otherwise.
        """
        if self._direct(device):
            return
        group = self._group(device, "iommu_dma_unmap_page")
        if group is None or group.table is None:
            return
        group.table.spans = [span for span in group.table.spans if span[0] != page]
        smmu = self.state.smmus[device.smmu or ""]
        if not isinstance(smmu, SmmuV3):
            return
        lines = smmu.sync()
        if lines:
            self.state.log.say(*lines)
            self.state.harm(
                HarmKind.HANG,
                "cmd-sync",
                *lines,
                device=device.name,
                context=context,
                endless=smmu.queue_full,
            )

    def unregister(self, smmu: Smmu) -> None:
        """iommu_device_unregister: since v6.1 every client device loses its group."""
        state = self.state
        if not state.running().has("iommu-unregister-releases-groups"):
            return
        for device in state.config.devices:
            group = self.groups.get(device.name)
            if device.smmu != smmu.config.name or group is None:
                continue
            driver, name = device.printed(state.running())
            state.log.say(f"{driver} {name}: Removing from iommu group {group.number}")
            self.groups[device.name] = None
            for stream in device.streams:
                if isinstance(smmu, SmmuV3):
                    smmu.streams[stream] = Stream(_initial_entry(state.running()), state.generation)
                else:
                    smmu.streams.pop(stream, None)

    def _direct(self, device: DeviceConfig) -> bool:
        """Whether the device has no iommu_dma_ops: iommu_setup_dma_ops gives them to those of DMA domains only."""
        return device.domain == "identity" or self.state.running().passthrough

    def _group(self, device: DeviceConfig, caller: str) -> Group | None:
        if device.name in self.groups and self.groups[device.name] is None:
            address = NULL_GROUP[caller]
            release = self.state.running().numbers
            lines = oops(address, "iommu_get_dma_domain+0x14/0x20", caller, release, null=True)
            raise self.state.die("iommu_get_dma_domain", lines, device=device.name)
        return self.groups.get(device.name)


def _initial_entry(kernel: KernelConfig) -> Entry:
    """What an SMMUv3 stream meets before its device is attached."""
    if not kernel.has("smmu3-unattached-abort"):
        return Entry.BYPASS
    if kernel.has("smmu3-disable-bypass-param") and not kernel.disable_bypass:
        return Entry.BYPASS
    return Entry.ABORT


def _second_level(smmu: SmmuV3, stream: int, kernel: KernelConfig) -> None:
    """arm_smmu_init_l2_strtab: the span of a stream gets its second level once, with initial entries throughout."""
    if smmu.config.two_level_table:
        smmu.spans.setdefault(stream >> STRTAB_SPLIT, _initial_entry(kernel))


def adoption(state: State) -> str:
    """The feature with which the running kernel goes on with a dead one's stream table."""
    return "smmu3-kdump-adopt" if state.kdump() else "smmu3-kexec-adopt"


def _adopts(state: State, smmu: SmmuV3) -> bool:
    found = smmu.config.coherent and smmu.smmuen and smmu.table_generation > 0
    return found and state.running().has(adoption(state))


def bypass_window(state: State, smmu: Smmu) -> int:
    """arm_smmu_rmr_install_bypass_smr: CLIENTPD is set, whether or not there is an RMR."""
    assert isinstance(smmu, SmmuV2)
    smmu.clientpd = True
    state.log.say(f"arm-smmu {smmu.config.name}: \tpreserved 0 boot mappings")
    return 0


def reset_v2(state: State, smmu: Smmu) -> int:
    """arm_smmu_device_reset; on Qualcomm the stream entries found valid come back as bypass."""
    assert isinstance(smmu, SmmuV2)
    kernel = state.running()
    keep = kernel.has("smmu2-qcom-keeps-smrs") and (smmu.config.qcom or "qcom" in smmu.config.driver)
    left = smmu.streams if keep else {}
    smmu.streams = {stream: Stream(Entry.BYPASS, one.generation) for stream, one in left.items()}
    smmu.gfie = not (state.kdump() and kernel.has("smmu2-kdump-masks-fault-irqs"))
    smmu.clientpd, smmu.usfcfg, smmu.bound = False, kernel.disable_bypass, True
    return 0


def gbpa_abort(state: State, smmu: Smmu) -> int:
    """What arm_smmu_device_reset does first when it finds the SMMU enabled."""
    assert isinstance(smmu, SmmuV3)
    if smmu.smmuen and not _adopts(state, smmu):
        state.log.say(f"arm-smmu-v3 {smmu.config.name}: SMMU currently enabled! Resetting...")
        smmu.gbpa_abort = True
    return 0


def disable_v3(state: State, smmu: Smmu) -> int:
    """arm_smmu_device_disable at probe; v4.19's kdump kernel goes no further when it found the SMMU
    enabled.
    """
    assert isinstance(smmu, SmmuV3)
    kernel, found = state.running(), smmu.smmuen
    if _adopts(state, smmu):
        return 0
    smmu.smmuen = smmu.cmdqen = smmu.evtqen = False
    if found and state.kdump() and kernel.has("smmu3-kdump-fails-probe"):
        smmu.gbpa_abort = True
        return EBUSY
    return 0


def enable_v3(state: State, smmu: Smmu) -> int:
    """The rest of arm_smmu_device_reset: the stream table, the queues, SMMUEN; a kdump kernel stops
    events.
    """
    assert isinstance(smmu, SmmuV3)
    kernel = state.running()
    smmu.cmdqen, smmu.queued, smmu.bound = True, 0, True
    if _adopts(state, smmu):
        smmu.evtqen = False
        return 0
    extent = state.pages().alloc(1, f"stream-table:{smmu.config.name}")
    smmu.table_page, smmu.table_generation = extent.start if extent else None, state.generation
    smmu.streams, smmu.spans = {}, {}
    smmu.unlisted = Entry.UNKNOWN if smmu.config.two_level_table else _initial_entry(kernel)
    smmu.evtqen = not (state.kdump() and kernel.has("smmu3-kdump-evtq-off"))
    smmu.smmuen = True
    return 0


def clientpd(state: State, smmu: Smmu) -> int:
    """arm_smmu_device_shutdown: sCR0 becomes CLIENTPD and nothing else; stream entries stay as they are."""
    assert isinstance(smmu, SmmuV2)
    if any(one.entry is Entry.TRANSLATE for one in smmu.streams.values()):
        state.log.say(f"arm-smmu {smmu.config.name}: disabling translation")
    smmu.clientpd, smmu.usfcfg, smmu.gfie = True, False, False
    return 0


def cr0_clear(state: State, smmu: Smmu) -> int:
    """arm_smmu_device_disable at shutdown: CR0 becomes 0, queues included; GBPA is not touched."""
    assert isinstance(smmu, SmmuV3)
    smmu.smmuen = smmu.cmdqen = smmu.evtqen = False
    return 0


def unregister(state: State, smmu: Smmu) -> int:
    """iommu_device_unregister."""
    assert state.iommu is not None
    state.iommu.unregister(smmu)
    return 0


def abort_v2(state: State, smmu: Smmu) -> int:
    """Proposed: every stream faults, and no interrupt says so."""
    assert isinstance(smmu, SmmuV2)
    smmu.streams, smmu.clientpd, smmu.usfcfg, smmu.gfie = {}, False, True, False
    return 0


def gbpa_set_abort(state: State, smmu: Smmu) -> int:
    """Proposed: GBPA.ABORT is set at shutdown."""
    assert isinstance(smmu, SmmuV3)
    smmu.gbpa_abort = True
    return 0


SMMU_OPERATIONS: Mapping[str, Callable[[State, Smmu], int]] = {
    "smmu_bypass_window": bypass_window,
    "smmu_reset": reset_v2,
    "smmu3_gbpa_abort": gbpa_abort,
    "smmu3_disable": disable_v3,
    "smmu3_enable": enable_v3,
    "smmu_clientpd": clientpd,
    "smmu3_cr0_clear": cr0_clear,
    "iommu_device_unregister": unregister,
    "smmu_abort": abort_v2,
    "smmu3_gbpa_set_abort": gbpa_set_abort,
}
