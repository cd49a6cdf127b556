"""What SMMUs report: the words of a fault, when a command finds no room, and when faults are a storm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_machines import ARM_SMMU_5_10, MASTER, SMMU2, SMMU3, V5_10, dma_machine, kernel

from kexecspec.machine import DeviceConfig, HarmKind, Machine
from kexecspec.machine.smmu import Entry, PageTable, Result, SmmuV2, SmmuV3, Stream
from kexecspec.machine.world import STORM


@pytest.mark.parametrize(("write", "global_word", "context_word"), [(False, 0, 0x1), (True, 0x2, 0x11)])
def test_a_fault_says_whether_it_was_a_write(write: bool, global_word: int, context_word: int) -> None:
    """WNR is bit 1 of sGFSYNR0 (Arm IHI 0062) and bit 4 of FSYNR0 (arm-smmu.h@6.12.117)."""
    smmu = SmmuV2(SMMU2, clientpd=False, usfcfg=True, gfie=True)
    smmu.streams = {4: Stream(Entry.ABORT, 1), 5: Stream(Entry.TRANSLATE, 1, PageTable(1, 99))}
    unmatched, stopped, context = (smmu.translate(stream, 9, write).lines for stream in (0x1_0003, 4, 5))
    assert "Blocked unknown Stream ID 0x3;" in unmatched[0], "%hx prints sixteen bits"
    words = f"GFSYNR0 0x{global_word:08x}, GFSYNR1 0x"
    assert unmatched[1].endswith(f"\tGFSR 0x00000002, {words}00010003, GFSYNR2 0x00000000")
    assert stopped[0].endswith("Unexpected global fault, this could be serious")
    assert stopped[1].endswith(f"\tGFSR 0x00000001, {words}00000004, GFSYNR2 0x00000000")
    told = f"fsr=0x402, iova=0x00009000, fsynr=0x{context_word:x}, cbfrsynra=0x5, cb=0"
    assert context[0].endswith(f"Unhandled context fault: {told}")


def test_a_command_queue_takes_as_many_commands_as_it_has_entries() -> None:
    """queue_has_space@6.12.117: a command and its sync fit while two entries are left; then the wait has no end."""
    smmu = SmmuV3(replace(SMMU3, cmdq_entries=4))
    said = [(smmu.sync()[0].split(": ")[1].split(" at")[0], smmu.queue_full) for _ in range(3)]
    assert said == [("CMD_SYNC timeout", False), ("CMD_SYNC timeout", False), ("CMDQ timeout", True)]


def test_what_is_unmapped_faults_and_what_is_mapped_beside_it_does_not() -> None:
    device = DeviceConfig("eth", "nic", smmu=SMMU2.name, streams=(3,), dma="ring")
    drivers = {"arm-smmu": ARM_SMMU_5_10, "nic": MASTER}
    machine = Machine(dma_machine(kernel("prod", V5_10, drivers), devices=(device,)))
    machine.power_on("prod")
    machine.run_until("up")
    for _ in range(2):
        machine.task_dma_map("eth")
    kept, also, gone = (page for page, _ in machine.state.devices["eth"].mapped)
    machine.task_dma_unmap("eth")
    smmu = machine.state.smmus[SMMU2.name]
    results = [smmu.translate(3, page, True).result for page in (kept, also, gone)]
    assert results == [Result.OK, Result.OK, Result.FAULT]


def test_a_storm_counts_its_faults_and_a_master_that_stops_makes_none() -> None:
    device = DeviceConfig("dma", "nic", smmu=SMMU2.name, streams=(3,), dma="periodic-write")
    drivers = {"arm-smmu": ARM_SMMU_5_10, "nic": MASTER}
    for stops in (False, True):
        dump = kernel("dump", V5_10, {"arm-smmu": ARM_SMMU_5_10})
        machine = Machine(dma_machine(kernel("prod", V5_10, drivers), dump, devices=(device,)))
        machine.power_on("prod")
        machine.run_until("up")
        machine.crash("dump")
        machine.state.devices["dma"].engine = not stops
        machine.run_on()
        told = [(harm.kind, harm.detail["faults"]) for harm in machine.harms]
        assert told == ([] if stops else [(HarmKind.STORM, STORM)])
