"""`import` as a command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.goldens import ROOT

BOARD = ROOT / "examples/import/board.dtb"
SOURCE = BOARD.with_suffix(".dts")


def test_what_is_imported_is_checked_as_it_is(run: Run) -> None:
    ran = run("import", "--dtb", BOARD, "-o", "board.yaml")
    assert ran.code == 0 and ran.err == ""
    assert ran.out.startswith("wrote board.yaml: 3 devices, 3 of them behind 1 SMMU\n")
    assert "open 2: Is OP-TEE loaded? --tee RELEASE, or --tee none" in ran.out
    assert all(len(line) <= 78 for line in ran.out.splitlines())
    assert run("list", "board.yaml").code == 0
    checked = run("check", "board.yaml", "--only", "KX302/usb-3100000@crash", "--no-cache")
    assert checked.code == 1 and "REFUTED" in checked.out
    assert run("import", "--dtb", BOARD).out == Path("board.yaml").read_text()


def test_a_file_that_exists_is_left_alone(run: Run) -> None:
    Path("board.yaml").write_text("mine\n")
    ran = run("import", "--dtb", BOARD, "-o", "board.yaml")
    assert ran.code == 2 and "board.yaml exists" in ran.err and Path("board.yaml").read_text() == "mine\n"
    assert run("import", "--dtb", BOARD, "-o", "nowhere/board.yaml").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dtb", "missing.dtb"], "error[KX013]: cannot be read: No such file or directory"),
        (["--dtb", "."], "error[KX014]: a directory, not a file"),
        (["--dtb", str(SOURCE).replace(".dts", ".expect")], "error[KX013]"),
        (["--dtb", str(BOARD), "--tee", "3"], "'3' is no OP-TEE release such as 3.13.0, or none, or unknown"),
        (
            ["--dtb", str(BOARD), "--set", "smmus.iommu-5000000.variant=arm,smmu-v9"],
            "unknown SMMU variant 'arm,smmu-v9'",
        ),
        (["--tee", "none"], "Missing option '--dtb'"),
    ],
)
def test_bad_use_is_refused_without_a_file(run: Run, arguments: list[str], said: str) -> None:
    ran = run("import", *arguments, "-o", "board.yaml")
    assert ran.code == 2 and said in ran.err and not Path("board.yaml").exists()


def test_without_a_library_that_reads_blobs_the_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fdt", None)
    monkeypatch.setitem(sys.modules, "libfdt", None)
    ran = run("import", "--dtb", BOARD)
    assert ran.code == 2 and "kexecspec[import]" in ran.err


def compiler(folder: Path, program: str) -> str:
    """A PATH on which `dtc` is a shell script."""
    folder.mkdir()
    (folder / "dtc").write_text(f"#!/bin/sh\n{program}\n")
    (folder / "dtc").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_a_source_is_compiled(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", compiler(tmp_path / "bin", f"cat {BOARD}"))
    ran = run("import", "--dts", SOURCE)
    assert ran.code == 0 and "variant: board.dts:/soc/iommu@5000000" in ran.out


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("echo 'Error: board.dts:3.1-5 syntax error' >&2; exit 1", "dtc: Error: board.dts:3.1-5 syntax error"),
        ("exit 1", "dtc: no blob, and no reason"),
        ("echo nothing", "no device tree blob: it begins with 6e6f7468"),
    ],
)
def test_a_source_that_does_not_compile_says_why(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    monkeypatch.setenv("PATH", compiler(tmp_path / "bin", program))
    ran = run("import", "--dts", SOURCE)
    assert ran.code == 2 and said in ran.err


def test_without_dtc_a_source_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = run("import", "--dts", SOURCE)
    assert ran.code == 2 and "a source is compiled by dtc, which is not here" in ran.err


def test_an_update_keeps_what_was_changed_by_hand_and_shows_the_rest(run: Run) -> None:
    file = Path("board.yaml")
    run("import", "--dtb", BOARD, "-o", file)
    text = file.read_text()
    changed = text.replace("    driver: dwc3\n", "    # a gadget\n    driver: dwc3\n    quiesced_by: nothing  # so\n")
    changed = changed.replace("    dma: unknown\n", "    dma: one-shot\n", 1)
    file.write_text(changed + "# the end\n")
    ran = run("import", "--dtb", BOARD, "--update", file, "--tee", "3.13.0")
    assert ran.code == 0 and '+  optee: "3.13.0"' in ran.out and "-  none: true" in ran.out
    assert "kept by hand: devices.video-4000000.dma: one-shot (imported: unknown)" in ran.out
    assert "kept by hand: devices.usb-3100000.quiesced_by: nothing\n" in ran.out
    now = file.read_text()
    assert (
        "    # a gadget\n    driver: dwc3\n" in now and "quiesced_by: nothing  # so\n" in now and "# the end\n" in now
    )
    again = run("import", "--dtb", BOARD, "--update", file, "--tee", "3.13.0")
    assert again.out.endswith("board.yaml is as it would be imported now\n") and file.read_text() == now
    assert run("list", file).code == 0


def test_an_update_may_go_elsewhere(run: Run) -> None:
    run("import", "--dtb", BOARD, "-o", "board.yaml")
    before = Path("board.yaml").read_text()
    ran = run("import", "--dtb", BOARD, "--update", "board.yaml", "--tee", "none", "-o", "other.yaml")
    assert ran.code == 0 and Path("board.yaml").read_text() == before and "--tee" in Path("other.yaml").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [("- 1\n", "error[KX006]: the file is no mapping"), ("a: [\n", "error[KX001]"), ("kernels: 1\n", "error[KX006]")],
)
def test_what_is_no_platform_file_is_not_updated(run: Run, text: str, said: str) -> None:
    Path("board.yaml").write_text(text)
    ran = run("import", "--dtb", BOARD, "--update", "board.yaml")
    assert ran.code == 2 and said in ran.err and Path("board.yaml").read_text() == text


def test_a_kernel_tree_says_which_drivers_there_are(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEXECSPEC_CACHE", "off")
    (tmp_path / "linux/drivers").mkdir(parents=True)
    (tmp_path / "linux/Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\n")
    ran = run("import", "--dtb", BOARD, "--kernel", tmp_path / "linux", "-o", "board.yaml")
    assert ran.code == 0 and "left out: video-4000000 (no driver of this kernel binds it" in ran.out
    assert 'version: "6.1.192"' in Path("board.yaml").read_text()
    assert run("check", "board.yaml", "--only", "KX302/usb-3100000@crash", "--no-cache").code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kernel", "nowhere"], "--kernel 'nowhere': it is no folder"),
        (["--kernel", "."], "it is no kernel tree"),
        (["--config", "x"], "--config is about a kernel tree"),
        (["--kernel", ".", "--config", "missing"], "missing cannot be read as a configuration"),
    ],
)
def test_what_is_no_kernel_tree_is_refused(run: Run, arguments: list[str], said: str) -> None:
    if "missing" in arguments:
        Path("drivers").mkdir()
    ran = run("import", "--dtb", BOARD, *arguments)
    assert ran.code == 2 and said in ran.err


def test_a_running_machine_s_disagreements_are_printed(run: Run) -> None:
    device = Path("m/sys/bus/platform/devices/3100000.usb")
    device.mkdir(parents=True)
    (device / "uevent").write_text("DRIVER=dwc3\nOF_FULLNAME=/soc/usb@3100000\n")
    Path("m/proc/sys/kernel").mkdir(parents=True)
    Path("m/proc/sys/kernel/osrelease").write_text("6.1.0-13-arm64\n")
    ran = run("import", "--dtb", BOARD, "--sysfs", "m", "-o", "board.yaml")
    assert ran.code == 0 and 'version: "6.1.0-13-arm64"' in Path("board.yaml").read_text()
    assert "disagree: usb-3100000: the device tree says it is behind iommu-5000000" in ran.err
    assert "left out: mmc-2140000, video-4000000 (no driver is bound" in ran.out
    assert run("import", "--dtb", BOARD, "--sysfs", "nowhere").code == 2
