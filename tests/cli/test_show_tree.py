"""`kexecspec show features --tree`: what is printed, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.cli import main


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "drivers/spi").mkdir(parents=True)
    (tmp_path / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 100\nEXTRAVERSION =\n")
    driver = "static struct platform_driver d = {\n\t.shutdown = stop,\n};\n"
    (tmp_path / "drivers/spi/spi-zynqmp-gqspi.c").write_text(driver)
    return tmp_path


def test_a_disagreement_is_shown_with_both_sides(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "features", "--tree", str(tree)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Linux 6.1.100 (Makefile:1)\n")
    assert "DISAGREE: 1." in shown and "spi-zynqmp-gqspi-shutdown: the tree has it" in shown
    assert "    drivers/spi/spi-zynqmp-gqspi.c:2\n    the version table says that the kernel lacks it" in shown
    assert "Listed under 6.1.189" in " ".join(shown.split())
    assert "! spi-zynqmp-gqspi-shutdown          present  lacks it" in shown
    assert "  caam-jr-shutdown                   unknown  lacks it\n      drivers/crypto/caam/jr.c\n" in shown
    assert max(map(len, shown.splitlines())) <= 78


def test_one_feature_alone(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "features", "caam-jr-shutdown", "--tree", str(tree)]) == 0
    assert "qat-shutdown" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tree", "/nonexistent"], "it is no folder"),
        (["--tree", "."], "no kernel tree"),
        (["--tree", ".", "--kernel", "6.1"], "exclude each other"),
        (["--config", "x"], "goes with --tree"),
        (["--tree", ".", "caam"], "unknown feature"),
    ],
    ids=str,
)
def test_wrong_use(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["show", "features", *arguments]) == 2
    assert said in capsys.readouterr().err
