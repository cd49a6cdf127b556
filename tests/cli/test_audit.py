"""`kexecspec audit` as a command, on a board and a tree of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.goldens import ROOT

DRIVER = """\
static void thing_probe_dma(struct device *dev)
{
	dma_alloc_coherent(dev, 4096, &handle, GFP_KERNEL);
}
static int thing_probe(struct platform_device *pdev)
{
	thing_probe_dma(&pdev->dev);
	return 0;
}
static const struct of_device_id thing_match[] = { { .compatible = "COMPATIBLE" }, { } };
static struct platform_driver thing_driver = {
	.probe = thing_probe,
	.driver = { .name = "thing", .of_match_table = thing_match },
};
module_platform_driver(thing_driver);
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEXECSPEC_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "linux"
    (root / "drivers/net").mkdir(parents=True)
    (root / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\n")
    (root / "drivers/net/Makefile").write_text("obj-y += thing.o\n")
    (root / "drivers/net/thing.c").write_text(DRIVER.replace("COMPATIBLE", "fsl,ls1028a-thing"))
    boards = tmp_path / "dtbs" / "vendor"
    boards.mkdir(parents=True)
    (boards / "board.dtb").write_bytes((ROOT / "examples/import/board.dtb").read_bytes())
    (boards / "cut.dtb").write_bytes(b"\xd0\x0d\xfe\xed")
    return tmp_path


def test_an_audit_is_shown_written_and_resumed(tree: Path, run: Run) -> None:
    where = ("--kernel", tree / "linux", "--dtbs", tree / "dtbs")
    ran = run("audit", *where, "-v", "--out", "a.html", "--out", "a.json", "--out", "a.csv", "--out", "a.txt")
    assert ran.code in (0, 1, 3) and "2 of 2 boards read" in ran.err
    assert ran.out.startswith("Linux 6.1.192: 2 boards, 1 with masters behind an IOMMU\n")
    content = json.loads(Path("a.json").read_text())
    assert content["kernel"] == "6.1.192" and content["boards"] == 2
    lost = next(row for row in content["rows"] if row["board"] == "vendor/cut.dtb")
    assert lost["standing"] == "not judged" and lost["why"]
    assert {row["board"] for row in content["rows"]} == {"vendor/board.dtb", "vendor/cut.dtb"}
    assert Path("a.html").read_text().startswith("<!doctype html>")
    kept = Path(".kexecspec/audit/answers.jsonl").read_text()
    again = run("audit", *where, "--resume", "--format", "json", "--exit-zero")
    assert again.code == 0 and json.loads(again.out) == content
    assert Path(".kexecspec/audit/answers.jsonl").read_text() == kept


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kernel", "linux", "--dtbs", "missing"], "no folder"),
        (["--kernel", "linux", "--dtbs", "linux"], "no *.dtb"),
        (["--kernel", "dtbs", "--dtbs", "dtbs"], "--kernel"),
        (["--kernel", "linux", "--dtbs", "dtbs", "--out", "x.pdf"], "has to end in"),
        (["--kernel", "linux", "--dtbs", "dtbs", "--tee", "x y"], "--tee"),
        (["--dtbs", "dtbs"], "--kernel"),
    ],
    ids=str,
)
def test_wrong_use(
    arguments: list[str], said: str, tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    ran = run("audit", *arguments)
    assert ran.code == 2 and said in ran.err and ran.out == ""
