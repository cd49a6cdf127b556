"""Pages and their owners; SMMU registers and what they make of a transaction; the machine's independence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import kexecspec.machine
from kexecspec.machine.config import MemoryMap, Range, SmmuConfig
from kexecspec.machine.memory import PageAllocator, PhysicalMemory, usable_pages
from kexecspec.machine.smmu import Entry, PageTable, Result, SmmuV2, SmmuV3, Stream, new_smmu

MAP = MemoryMap(
    ram=(Range(0x10000, 0x100000),),
    reserved=(Range(0x20000, 0x1000),),
    crashkernel=(Range(0x80000, 0x10000),),
    static_shm=Range(0x90000, 0x1000),
)


def test_usable_memory() -> None:
    """A crash kernel has its ranges only; another has RAM without everything that is spoken for."""
    assert usable_pages(MAP, crash=True) == ((0x80, 16),)
    assert usable_pages(MAP, crash=False) == ((0x10, 16), (0x21, 0x5F), (0x91, 0x7F))


def test_allocator_goes_upwards_round_what_is_taken() -> None:
    memory = PhysicalMemory(MAP)
    pages = PageAllocator(memory, 1, usable_pages(MAP, crash=False))
    first = pages.alloc(10, "a")
    assert first.start == 0x10
    assert pages.alloc(10, "b").start == 0x21
    pages.place = 0x40
    assert pages.alloc(4, "c").start == 0x40
    pages.place = 0x42
    with pytest.raises(ValueError, match="not free"):
        pages.alloc(1, "d")
    assert pages.alloc(0x1000, "e") is None
    assert memory.owner(0x41).purpose == "c"


def test_freeing_other_peoples_pages() -> None:
    memory = PhysicalMemory(MAP)
    memory.take(0x30, 8, 1, "victim")
    assert [one.purpose for one in memory.tear(0x32, 2)] == ["victim"]
    assert sorted((one.start, one.count) for one in memory.extents) == [(0x30, 2), (0x34, 4)]


def test_a_dead_kernels_pages_are_nobodys() -> None:
    memory = PhysicalMemory(MAP)
    memory.take(0x30, 8, 1, "old")
    memory.take(0x40, 8, 2, "image")
    memory.forget(2)
    assert memory.owner(0x30) is None
    assert [one.purpose for one in memory.own(2)] == ["image"]


def v2() -> SmmuV2:
    smmu = new_smmu(SmmuConfig("s"))
    assert isinstance(smmu, SmmuV2)
    return smmu


def v3(**more: object) -> SmmuV3:
    smmu = new_smmu(SmmuConfig("s", version=3, **more))  # type: ignore[arg-type]
    assert isinstance(smmu, SmmuV3)
    return smmu


def test_v2_clientpd_bypasses_whatever_the_entries_say() -> None:
    """IHI 0062, SMMU_sCR0.CLIENTPD."""
    smmu = v2()
    smmu.streams[1] = Stream(Entry.ABORT, 1)
    assert smmu.translate(1, 5, True).page == 5
    assert not smmu.translates


@pytest.mark.parametrize(("usfcfg", "result"), [(True, Result.FAULT), (False, Result.OK)])
def test_v2_unmatched_streams(usfcfg: bool, result: Result) -> None:
    """IHI 0062, SMMU_sCR0.USFCFG; the interrupt only with GFIE."""
    smmu = v2()
    smmu.clientpd, smmu.usfcfg = False, usfcfg
    found = smmu.translate(1, 5, True)
    assert found.result is result
    assert not found.irq
    smmu.gfie = True
    assert smmu.translate(1, 5, True).irq is usfcfg


def test_v2_translates_by_the_entrys_table() -> None:
    smmu = v2()
    smmu.clientpd = False
    smmu.streams[1] = Stream(Entry.TRANSLATE, 1, PageTable(1, 0x30, [(0x100, 0x40, 2)]))
    assert smmu.translate(1, 0x101, True).page == 0x41
    found = smmu.translate(1, 0x102, True)
    assert (found.result, found.how) == (Result.FAULT, "context")
    assert "Unhandled context fault: fsr=0x402, iova=0x00102000" in found.lines[0]


def test_v3_off_means_gbpa() -> None:
    """IHI 0070, SMMU_GBPA.ABORT while SMMU_CR0.SMMUEN is 0; nothing is recorded."""
    smmu = v3()
    assert smmu.translate(1, 5, True).page == 5
    smmu.gbpa_abort = True
    found = smmu.translate(1, 5, True)
    assert (found.result, found.irq) == (Result.ABORT, False)


def test_v3_events_need_the_event_queue() -> None:
    """C_BAD_STREAMID and F_TRANSLATION are recorded, the latter with the address; Config=Abort is not."""
    smmu = v3()
    smmu.smmuen = True
    smmu.unlisted = Entry.UNKNOWN
    event = smmu.translate(1, 5, True).lines
    assert event[0].endswith("event 0x02 received:") and event[3].endswith("\t0x0000000000000000")
    assert not smmu.translate(1, 5, True).irq
    smmu.evtqen = True
    assert smmu.translate(1, 5, True).irq
    smmu.streams[1] = Stream(Entry.TRANSLATE, 1, PageTable(1, 0x30))
    event = smmu.translate(1, 5, True).lines
    assert event[0].endswith("event 0x10 received:") and event[3].endswith("\t0x0000000000005000")
    smmu.unlisted = Entry.ABORT
    assert smmu.translate(2, 5, True).lines == ()


def test_v3_commands_need_the_command_queue() -> None:
    """arm_smmu_cmdq_issue_cmdlist@6.12.117: a timeout each, and in the end no room."""
    smmu = v3(cmdq_entries=4)
    smmu.cmdqen = True
    assert smmu.sync() == ()
    smmu.cmdqen = False
    assert "CMD_SYNC timeout at 0x00000002 [hwprod 0x00000002, hwcons 0x00000000]" in smmu.sync()[0]
    smmu.sync()
    assert smmu.sync()[0].endswith("CMDQ timeout")
    assert smmu.queue_full


def test_the_machine_stands_alone() -> None:
    """It imports the standard library and itself: nothing of the rules can reach it."""
    folder = Path(kexecspec.machine.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("kexecspec") or name.startswith("kexecspec.machine"), path
                assert name.split(".")[0] not in ("yaml", "z3", "jsonschema", "click"), path
