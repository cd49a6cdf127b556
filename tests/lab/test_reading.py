"""The lab's readers, on a few lines of a recorded run: 6.1.192 crashes under traffic into its like."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from lab.console import marks, worth
from lab.phases import Cell, cells
from lab.tee.run import registered
from lab.trace import Frame, Registers, Transaction, Write, read, registers

HERE = Path(__file__).parent
CONSOLE = (HERE / "crash-traffic.console.txt").read_text(encoding="utf-8").splitlines()
TRACE = (HERE / "crash-traffic.trace.txt").read_text(encoding="utf-8").splitlines()


def recorded() -> dict[tuple[int, str], Cell]:
    found = cells(tuple(marks(CONSOLE)), tuple(read(TRACE)), 1795273305.0)
    return {(cell.span.kernel, cell.span.phase): cell for cell in found}


def test_the_console_is_cut_at_versions_and_marks() -> None:
    assert [(mark.kernel, mark.kind) for mark in marks(CONSOLE)] == [
        (1, "kernel"), (1, "up"), (1, "driver"), (1, "running"), (1, "leaving"), (1, "bye"),
        (2, "kernel"), (2, "up"), (2, "driver"), (2, "running"), (2, "leaving"), (2, "done"),
    ]  # fmt: skip


def test_what_the_smmu_said_is_kept_without_its_time() -> None:
    assert list(worth(CONSOLE)) == [
        (1, "Kernel panic - not syncing: sysrq triggered crash"),
        (2, "arm-smmu-v3 9050000.smmuv3: SMMU currently enabled! Resetting..."),
    ]


def test_phases_follow_each_other_without_a_gap() -> None:
    spans = [cell.span for cell in recorded().values()]

    assert all(first.end == second.begin for first, second in pairwise(spans))
    assert [span.phase for span in spans if span.kernel == 2] == [
        "before the SMMU's probe", "SMMU probe", "before the driver's probe", "driver's probe", "running", "leaving",
    ]  # fmt: skip


def test_old_work_is_translated_until_the_new_kernel_resets_the_smmu_and_faults_from_then_on() -> None:
    seen = recorded()

    assert seen[1, "between kernels"].outcomes == (("translated", 4),)
    assert seen[2, "before the SMMU's probe"].outcomes == (("translated", 4),)
    assert seen[2, "SMMU probe"].outcomes == ()
    assert seen[2, "before the driver's probe"].outcomes == (("faulted", 4),)
    assert seen[2, "before the driver's probe"].faults == ("SMMU_EVT_C_BAD_STREAMID",)
    assert seen[2, "running"].outcomes == (("translated", 4),)


def test_registers_are_those_at_the_end_of_a_phase() -> None:
    seen = recorded()

    assert seen[1, "between kernels"].enabled
    assert seen[1, "between kernels"].gbpa is None
    assert not seen[2, "SMMU probe"].enabled
    assert seen[2, "SMMU probe"].gbpa == 0x80100000
    assert not seen[2, "leaving"].enabled


def test_a_card_without_descriptors_is_told_from_one_to_which_nothing_came() -> None:
    seen = recorded()

    assert (seen[2, "before the driver's probe"].frames, seen[2, "before the driver's probe"].full) == (1, True)
    assert (seen[2, "SMMU probe"].frames, seen[2, "SMMU probe"].full) == (0, False)


def test_a_fault_without_an_event_has_the_time_of_the_line_before_it() -> None:
    fault = next(event for event in read(TRACE) if isinstance(event, Transaction) and event.outcome == "faulted")

    assert fault == Transaction(1795273298.327569, "faulted", None, 0xFFFFC2E0, why="SMMU_EVT_C_BAD_STREAMID")


def test_each_kind_of_line_is_read() -> None:
    lines = [
        "1@2.5:smmuv3_translate_disable smmuv3-0 sid=0x8 bypass (smmu disabled) iova:0xffffc650 is_write=1",
        "1@3.5:smmuv3_write_mmio addr: 0x44 val:0x80100000 size: 0x4(0)",
        "1@3.6:smmuv3_write_mmio addr: 0x98 val:0x2 size: 0x4(0)",
        "1@4.5:e1000e_rx_can_recv_rings_full Cannot receive: all rings are full",
        "1@4.6:smmuv3_transl",
    ]

    assert list(read(lines)) == [
        Transaction(2.5, "passed-disabled", 8, 0xFFFFC650), Write(3.5, "GBPA", 0x80100000), Frame(4.5, True),
    ]  # fmt: skip


def test_a_line_that_was_cut_off_is_none() -> None:
    assert list(marks(["1795273305.0 [    0.000000] Linux ver", "no time LAB step=1 up"])) == []


REGISTERS = (
    "1795273290.1 CR0=0xd CR0ACK=0xd GBPA=0x1000",
    "1795273298.4 CR0=0x9 CR0ACK=0x9 GBPA=0x101000",
    "1795273299.0 CR0=0x9 CR0ACK=0x",
)


def test_registers_that_the_monitor_read_stand_in_the_phase_in_which_they_were_read() -> None:
    found = cells(tuple(marks(CONSOLE)), (*read(TRACE), *registers(REGISTERS)), 1795273305.0)
    seen = {cell.span.kernel: cell.read for cell in found if cell.read}

    assert seen == {1: (Registers(1795273290.1, True, False),), 2: (Registers(1795273298.4, True, True),)}


def test_what_each_kernel_registered_with_op_tee_is_counted_for_those_that_came_up() -> None:
    kernel = "[    0.000000] Linux version 6.1.0\n[    2.7] LAB step={} up\n"
    four = "[    3.8] LAB tee registered\n" * 4
    console = f"NOTICE:  Booting\n{kernel.format(1)}{four}{kernel.format(2)}[    3.8] LAB tee refused\n"

    assert registered(console + "[    0.000000] Linux version 6.1.0\n") == [4, 0]
