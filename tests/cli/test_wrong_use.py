"""Wrong use, wrong input, interruptions and defects: an exit code and a sentence, never a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import kexecspec.check
from tests.conftest import Run
from tests.goldens import ROOT

WRONG = (
    (),
    ("bogus",),
    ("check",),
    ("check", "a.yaml", "--format", "xml"),
    ("check", "a.yaml", "--only", "banana"),
    ("check", "a.yaml", "--rlimit", "0"),
    ("check", "a.yaml", "--rlimit", "4y"),
    ("check", "a.yaml", "--rlimit", "9" * 30),
    ("check", "a.yaml", "-q", "-v"),
    ("check", "missing.yaml"),
    ("check", "."),
    ("check", "a\0b"),
    ("check", "-"),
    ("explain", "KX999"),
    ("explain", ""),
    ("explain", "../drivers/optee"),
    ("schema", "../../etc/passwd"),
    ("show", "drivers", "../kernels/tee"),
    ("show", "features", "nothing"),
    ("show", "smmus", "nothing"),
    ("show", "system", "missing.yaml"),
    ("show", "survives", "missing.yaml"),
    ("list", "missing.yaml"),
    ("test", "missing.yaml"),
    ("replay", "missing.json"),
    ("replay", "."),
    ("help", "bogus"),
)


@pytest.mark.parametrize("arguments", WRONG, ids=lambda arguments: " ".join(arguments)[:40] or "nothing")
def test_wrong_use_is_told_and_exits_2(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.err.strip() or ran.out.strip()


def test_what_was_typed_cannot_move_the_cursor(run: Run) -> None:
    for arguments in (("explain", "\x1b[2J"), ("check", "\x1b[2J.yaml"), ("\x1b[2J",), ("check", "a", "--\x1b[2J")):
        ran = run(*arguments)
        assert ran.code == 2 and "\x1b" not in ran.out + ran.err


def test_several_wrong_files_are_all_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    ran = run("check", "a.yaml", "b.yaml")
    assert ran.code == 2 and "a.yaml:2:1: error[KX001]" in ran.err and "b.yaml:1:1: error[KX013]" in ran.err


def _raising(error: BaseException) -> object:
    def check(*_: object, **__: object) -> object:
        raise error

    return check


def test_an_interruption(run: Run, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kexecspec.check, "checked_tree", _raising(KeyboardInterrupt()))
    ran = run("check", "acme.yaml")
    assert ran.code == 130 and ran.err.split() == ["interrupted", "no", "report", "on", "acme.yaml"]


def test_a_defect_is_one_line_and_a_request(run: Run, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kexecspec.check, "checked_tree", _raising(ZeroDivisionError("a\nb\x1b[2J")))
    ran = run("check", "acme.yaml")
    first, second = ran.err.splitlines()
    assert ran.code == 4 and first == "internal error: ZeroDivisionError: a b\\x1b[2J"
    assert "report" in second


def test_a_defect_shows_its_traceback_only_on_request(
    story: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kexecspec.cli import main

    monkeypatch.setattr(kexecspec.check, "checked_tree", _raising(ZeroDivisionError("x")))
    monkeypatch.setenv("KEXECSPEC_DEBUG", "1")
    assert main(["check", str(story)]) == 4
    assert "Traceback" in capsys.readouterr().err


def test_a_trace_folder_that_cannot_be_made(run: Run, story: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("check", "acme.yaml", "--only", "KX103", "--trace-dir", "file/below")
    assert ran.code == 2 and ran.err.startswith("error: ")


def _shell(command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **more}
    return subprocess.run(
        ["bash", "-c", command, sys.executable], capture_output=True, text=True, env=environment, check=False
    )


KEXECSPEC = '"$0" -c "import sys; from kexecspec.cli import main; sys.exit(main())"'


def test_a_reader_that_goes_away_is_met_with_silence() -> None:
    """What is written is more than a pipe holds, so that it cannot all be written before the reader is gone."""
    large = shlex.quote(str(ROOT / "examples/whole-platform/6.12.yaml"))
    for unbuffered in ("", "1"):
        command = f"{KEXECSPEC} show system {large} | head -1; echo ${{PIPESTATUS[0]}}"
        done = _shell(command, PYTHONUNBUFFERED=unbuffered)
        assert done.stderr == "" and done.stdout.splitlines()[-1] == "141"


def test_a_terminal_without_unicode_gets_escapes(tmp_path: Path) -> None:
    done = _shell(f"{KEXECSPEC} check $'{tmp_path}/caf\\xc3\\xa9.yaml'", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 2 and "caf" in done.stderr and "Traceback" not in done.stderr
