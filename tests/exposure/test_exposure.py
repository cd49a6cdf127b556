"""`kexecspec exposure`: bars are what the states say, in whichever way these are found out; logs give them lengths."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kexecspec.check import check
from kexecspec.exposure import exposed as looked
from kexecspec.exposure.asked import charts
from kexecspec.exposure.exposed import Exposed, exposed
from kexecspec.exposure.text import duration
from kexecspec.ir.verdict import Verdict
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform.ways import read_platforms
from kexecspec.resources import specs_root
from kexecspec.schema import validate
from kexecspec.source import load, parse
from tests.conftest import Run
from tests.goldens import ROOT

MODES = ROOT / "examples/smmu-shutdown-modes"


def bars(story: str) -> dict[str, Exposed]:
    found = [platform for _, platform in read_platforms(str(ROOT / f"examples/{story}.yaml"), library())]
    return {one.name: one for one in exposed(found, library(), Options(inside=True))}


def marks(one: Exposed, number: int = 0) -> str:
    return "".join(
        (cell.reach.mark if cell.reach else "." if cell.sure else "?") if cell.met else " "
        for cell in one.bars[number].cells
    )


@pytest.mark.parametrize("path", sorted((specs_root() / "exposure").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_charts_fit_their_schema_and_are_in_order(path: Path) -> None:
    assert list(validate(load(str(path)), "bars")) == []
    chart = next(chart for chart in charts(library()) if chart.name == path.stem)
    assert [reach.rank for reach in chart.reaches] == sorted(reach.rank for reach in chart.reaches)
    sides = [phase.old for phase in chart.phases]
    assert sides == sorted(sides, reverse=True), "the phases of the kernel that leaves come first"


def test_no_two_reaches_have_one_mark() -> None:
    all_marks = [(reach.mark, reach.name) for chart in charts(library()) for reach in chart.reaches]
    assert len({mark for mark, _ in all_marks}) >= len(all_marks) - 1, "storm and fatal may share one"
    assert not {mark for mark, _ in all_marks} & set(".? ")


@pytest.mark.parametrize(
    ("story", "name", "wanted"),
    [
        ("smmu-shutdown-modes/v2-bypass-linux-running", "nic", "..###!-."),
        ("smmu-shutdown-modes/v2-bypass-linux-quiesced", "nic", "........"),
        ("smmu-shutdown-modes/v2-bypass-kdump-running", "nic", ".  --!-."),
        ("smmu-shutdown-modes/v2-leave-unaware-running", "nic", ".. @   @"),
        ("tee-bnxt-fourth-kexec/hook-only", "bnxt", "..+PPP"),
        ("tee-bnxt-fourth-kexec/after", "bnxt", "......"),
        ("optee-shm-cache/kdump-oops", "tee", ". cCC"),
        ("optee-shm-cache/kdump-refuse", "tee", ". c c"),
    ],
)
def test_bars_are_what_the_stories_tell(story: str, name: str, wanted: str) -> None:
    assert marks(bars(story)[name]) == wanted


def test_what_begins_and_what_ends_the_unsafe_is_told_by_the_steps_that_do_it() -> None:
    (bar,) = bars("smmu-shutdown-modes/v2-bypass-linux-running")["nic"].bars

    assert bar.begins == (
        ("smmu shutdown: CLIENTPD is set, all clients bypass; fault interrupts are off", "smmu-off"),
    )
    assert bar.ends == (("nic probe: its stream is attached to its domain", "waiting"),)
    assert not bar.lasts and bar.left is None


@pytest.mark.parametrize("story", ["smmu-shutdown-modes/v2-bypass-linux-running", "optee-shm-cache/kdump-oops"])
def test_what_is_judged_is_what_is_seen_where_all_states_are_looked_at(
    story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one state looked at, every phase is a question to the solver; both say the same of what is unsafe."""
    seen = bars(story)
    monkeypatch.setattr(looked, "MOST", 1)

    judged = bars(story)

    for name, one in seen.items():
        for bar, other in zip(one.bars, judged[name].bars, strict=True):
            for cell, same in zip(bar.cells, other.cells, strict=True):
                if bar.left is None:
                    assert same.sure
                    assert (cell.phase, cell.unsafe) == (same.phase, same.unsafe)


@pytest.mark.parametrize("story", ["v2-bypass-linux-running", "v3-gbpa-abort-linux-quiesced", "v3-adopt-linux-running"])
def test_a_master_is_exposed_where_a_check_refutes_something_about_its_dma(story: str) -> None:
    codes = ("KX301", "KX302", "KX304", "KX307")
    report = check(str(MODES / f"{story}.yaml"), Options(inside=True, replay=False, explained=False))
    refuted = [f.property.id for f in report.findings if f.verdict is Verdict.REFUTED and f.property.code in codes]

    (nic,) = bars(f"smmu-shutdown-modes/{story}").values()

    assert any(bar.unsafe for bar in nic.bars) == bool(refuted)


def test_an_unknown_number_that_nothing_looks_at_leaves_the_bars_as_they_are(run: Run) -> None:
    base = ROOT / "examples/tee-bnxt-fourth-kexec"
    for name in ("before", "hook-only"):
        Path(f"{name}.yaml").write_text((base / f"{name}.yaml").read_text().partition("expect:")[0])
    more = "secure_world: {heap: {base_use: unknown}}\n"
    head = "schema: kexecspec/platform/1\nextends: hook-only.yaml\nplatform: open\n"
    Path("open.yaml").write_text(head + more)

    found = [platform for _, platform in read_platforms("open.yaml", library())]
    (bnxt,) = [one for one in exposed(found, library(), Options(inside=True)) if one.name == "bnxt"]

    assert marks(bnxt) == "..+PPP"


def test_masters_that_differ_in_names_only_are_drawn_once_and_counted_each(run: Run) -> None:
    text = (MODES / "v2-bypass-linux-running.yaml").read_text().partition("expect:")[0]
    line = "  nic: {driver: generic-platform, smmu: smmu, streams: [0x100], iova: 0xfff0_0000 + 1MiB}\n"
    more = "".join(line.replace("nic", f"nic{n}").replace("0x100", f"0x10{n}") for n in (1, 2))
    assert line in text
    Path("three.yaml").write_text(text.replace(line, line + more))

    ran = run("exposure", "three.yaml")

    assert "1. nic (generic-platform, behind smmu) and 2 others that differ in names only" in ran.out
    assert "3 of 3 are exposed" in ran.out and "2. " not in ran.out


LOG = """\
[   99.000000] systemd-shutdown[1]: Rebooting with kexec.
[  100.000000] mmcblk mmc0:0001: shutdown
[  100.500000] arm-smmu 5000000.iommu: shutdown
[  100.750000] kexec_core: Starting new kernel
[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd083]
[    0.000000] Linux version 6.12.0 (a@b) #1 SMP
[    1.000000][    T1] calling  arm_smmu_driver_init+0x0/0x30 @ 1
[    1.250000][    T1] probe of 5000000.iommu returned 0 after 150000 usecs
[    1.250100][    T1] initcall arm_smmu_driver_init+0x0/0x30 returned 0 after 250000 usecs
[    2.000000][    T1] probe of 4000000.nic returned 517 after 10 usecs
[    2.500000][   T40] probe of 4000000.nic returned 0 after 400000 usecs
"""


def test_a_log_gives_the_phases_their_lengths(run: Run) -> None:
    Path("boot.log").write_text(LOG)
    story = MODES / "v2-bypass-linux-running.yaml"

    ran = run("exposure", story, "--initcalls", "boot.log", "--device", "nic=4000000.nic", "--format", "json")

    (nic,) = json.loads(ran.out)["exposed"]
    lengths = {phase["phase"]: phase["usecs"] for phase in nic["bars"][0]["phases"]}
    assert lengths == {
        "running": None, "shutdown": 500_000, "smmu-off": 250_000, "between": 1_100_000, "smmu": 150_000,
        "waiting": 850_000, "probe": 400_000, "after": None,
    }  # fmt: skip
    text = run("exposure", story, "--initcalls", "boot.log", "--device", "nic=4000000.nic")
    assert "unsafe for 2.4 s by the log" in text.out


def test_a_log_without_times_gives_sums_of_initcalls(run: Run) -> None:
    """In this one probes say 1 where they succeed, as older kernels do, and a failed one has its error's number."""
    lines = (line.partition("] ")[2] for line in LOG.splitlines()[4:])
    Path("boot.log").write_text(re.sub("(probe of .*) returned 0", r"\1 returned 1", "\n".join(lines)))

    ran = run("exposure", MODES / "v2-bypass-linux-running.yaml", "--initcalls", "boot.log",
              "--device", "nic=4000000.nic", "--device", "smmu=5000000.iommu", "--format", "json")  # fmt: skip

    told = json.loads(ran.out)
    lengths = {phase["phase"]: phase["usecs"] for phase in told["exposed"][0]["bars"][0]["phases"]}
    assert not told["stamped"]
    assert (lengths["smmu"], lengths["waiting"], lengths["probe"]) == (150_000, 100_010, 400_000)


def test_a_real_log_of_a_kexec_is_read_and_its_smmu_is_recognised(run: Run) -> None:
    log, story = MODES / "kexec-initcalls.log", MODES / "v3-gbpa-bypass-linux-running.yaml"

    ran = run("exposure", story, "--initcalls", log, "--device", "nic=0000:00:01.0")

    assert "nic = 0000:00:01.0, smmu = 9050000.smmuv3" in " ".join(ran.out.split())
    assert "8.2 ms   8.4 ms   2.9 s    24.3 ms  4.5 s    155.5 ms" in ran.out


def test_durations_are_short() -> None:
    assert [duration(n) for n in (0, 999, 1500, 999_949)] == ["0 us", "999 us", "1.5 ms", "999.9 ms"]
    assert duration(2_350_000) == "2.4 s"


def test_bad_logs_and_names_are_refused_together_with_the_platform(run: Run) -> None:
    story = MODES / "v2-bypass-linux-running.yaml"
    Path("other.log").write_text("nothing of the kind\n")
    Path("boot.log").write_text(LOG)
    Path("bad.yaml").write_text("schema: kexecspec/platform/1\n")

    wrong = run("exposure", story, "--initcalls", "other.log")
    both = run("exposure", "bad.yaml", "--initcalls", "missing.log")
    device = run("exposure", story, "--initcalls", "boot.log", "--device", "nic=4000000.nik")
    name = run("exposure", story, "--initcalls", "boot.log", "--device", "nik=4000000.nic")
    alone = run("exposure", story, "--device", "nic=x")
    text = story.read_text().replace("\n  smmu: {variant", "\n  other: {variant").partition("expect:")[0]
    lines = [line for line in text.splitlines() if not line.startswith(("smmus:", "devices:", "  nic:", "  other:"))]
    Path("nothing.yaml").write_text("\n".join(lines) + "\n")
    nothing = run("exposure", "nothing.yaml")

    assert [one.code for one in (wrong, both, device, name, alone, nothing)] == [2] * 6
    assert "KX024" in nothing.err
    assert "other.log:1:1: error[KX037]" in wrong.err and "initcall_debug" in wrong.err
    assert "bad.yaml" in both.err and "missing.log" in both.err
    assert "did you mean '4000000.nic'" in device.err
    assert "did you mean 'nic'" in name.err
    assert "--device goes with --initcalls" in alone.err


def test_the_output_is_ascii_of_78_columns_and_fits_its_schema(run: Run) -> None:
    story = ROOT / "examples/tee-bnxt-fourth-kexec/hook-only.yaml"

    first, again = run("exposure", story, "-v"), run("exposure", story, "-v")
    told = run("exposure", story, "--format", "json")

    assert first.code == told.code == 0
    assert first.out == again.out and first.out.isascii()
    assert all(len(line) <= 78 for line in first.out.splitlines() if str(story) not in line)
    assert not validate(parse(told.out, "out.json"), "exposure")
