"""What a cell of prediction beside observation says, and the files that a lab machine told of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.phases import Cell, Phase, Span
from lab.predict import Expected
from lab.report import judged
from lab.scenario import SCENARIOS
from lab.table import line, table
from lab.told import lay_out
from lab.trace import Outcome, Registers

TOLD = (
    "1.5 LABFILE /sys/devices/platform/p/pci0000:00/0000:00:01.0/uevent DRIVER=e1000e",
    "1.5 LABFILE /sys/devices/platform/p/pci0000:00/0000:00:01.0/uevent PCI_ID=8086:10D3",
    "1.6 [    8.1] some driver speaks in between",
    "1.7 LABLINK /sys/bus/pci/devices/0000:00:01.0 /sys/devices/platform/p/pci0000:00/0000:00:01.0",
    "1.8 LABFILE /proc/cmdline console=ttyAMA0 crashkernel=512M",
)


def cell(*seen: tuple[Outcome, int], phase: Phase = "running", frames: int = 0, full: bool = False) -> Cell:
    return Cell(Span(1, phase, 0.0, 1.0), seen, (), frames, full, True, None)


@pytest.mark.parametrize(
    ("seen", "predicted", "said"),
    [
        (cell(("translated", 3), frames=1), {"translated"}, "agrees"),
        (cell(("translated", 3), frames=1), {"translated", "faulted"}, "agrees"),
        (cell(("faulted", 3), frames=1), {"translated"}, "DIFFERS"),
        (cell(("translated", 1)), None, "DIFFERS"),
        (cell(frames=2), set(), "agrees"),
        (cell(), set(), "agrees: nothing came"),
        (cell(), {"faulted"}, "not seen: nothing came"),
        (cell(full=True), {"faulted"}, "not seen: the ring was spent"),
    ],
)
def test_a_cell_agrees_where_nothing_was_seen_that_was_not_predicted(
    seen: Cell, predicted: set[Outcome] | None, said: str
) -> None:
    expected = None if predicted is None else Expected(predicted)

    assert judged(1, seen, expected, seen.frames > 0).said == said


def test_what_was_not_predicted_is_named() -> None:
    row = judged(1, cell(("faulted", 3), ("translated", 2)), Expected({"translated"}), True)

    assert (row.unexpected, row.seen) == (frozenset({"faulted"}), ("faulted 3", "translated 2"))


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ((), "registers not read"),
        ((Registers(0.1, True, False), Registers(0.2, True, False)), "registers agree"),
        ((Registers(0.1, True, True),), "registers DIFFER: CR0.SMMUEN=1 GBPA.ABORT=1"),
    ],
)
def test_what_was_read_of_the_smmu_is_held_against_where_the_model_has_it_stand(
    read: tuple[Registers, ...], said: str
) -> None:
    seen = Cell(Span(1, "running", 0.0, 1.0), (), (), 0, False, True, None, read)

    assert judged(1, seen, Expected(set(), {(True, False)}), False).standing == said


def test_what_a_machine_told_is_laid_out_as_its_files(tmp_path: Path) -> None:
    lay_out(TOLD, tmp_path / "sys")

    device = tmp_path / "sys/sys/bus/pci/devices/0000:00:01.0"
    assert (device / "uevent").read_text() == "DRIVER=e1000e\nPCI_ID=8086:10D3\n"
    assert device.resolve() == (tmp_path / "sys/sys/devices/platform/p/pci0000:00/0000:00:01.0").resolve()
    assert (tmp_path / "sys/proc/cmdline").read_text() == "console=ttyAMA0 crashkernel=512M\n"


def test_a_run_is_a_line_of_the_table_and_cells_are_summed() -> None:
    counted = {"agrees": 9, "agrees: nothing came": 2, "not seen: nothing came": 1, "DIFFERS": 1, "registers agree": 5}
    first = line(SCENARIOS[0], "ended, 17 s", 2, counted, ["KX301/nic@kexec", "KX301/disk@kexec", "KX302/nic@kexec"])
    late = line(SCENARIOS[0], "killed when it was late, 90 s", 1, {"agrees": 3, "registers DIFFER": 1}, [])

    assert first == ("kexec-idle", "17", "2 of 2", "9", "2", "1", "1", "5 of 5", "KX301, KX302")
    assert late == ("kexec-idle", "90 (killed)", "1 of 2", "3", "0", "0", "0", "0 of 1", "-")
    assert table((first, late)).splitlines()[-1] == "| all |  |  | 12 | 2 | 1 | 1 |  |  |"
