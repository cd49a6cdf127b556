"""A file is held against its schema while the tool is loaded; nobody can tell by what is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kexecspec.cli import opening
from kexecspec.diagnostics import Diagnostic, InputError
from kexecspec.options import Options
from kexecspec.platform import fit
from kexecspec.source import Node, load, plain
from tests.conftest import Run

ROOT = Path(__file__).parents[2]
GOOD = str(ROOT / "examples/tee-bnxt-fourth-kexec/before.yaml")
WRONG = "schema: kexecspec/platform/1\nplatfrom: a\nkernels: {prod: {version: 6.12, kdump: perhaps}}\n"


@pytest.fixture(autouse=True)
def at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has only just begun."""
    monkeypatch.setattr(opening, "CHECK", "nothing that is loaded")


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    return str(file)


def complaints(path: str) -> list[Diagnostic]:
    with pytest.raises(InputError) as refused:
        opening.opened(path, Options())
    return list(refused.value.diagnostics)


def here(path: str) -> list[Diagnostic]:
    return list(fit.unfit(load(path)))


def test_a_file_that_fits_is_read() -> None:
    assert plain(opening.opened(GOOD, Options())) == plain(load(GOOD))


def test_all_that_is_wrong_is_told_as_ever(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = complaints(wrong)
    assert asked == here(wrong) and len(asked) == 2 and "platfrom" in asked[0].message
    monkeypatch.setattr(opening, "CHECK", "sys")
    assert complaints(wrong) == asked


def test_who_looks_at_it_may_die(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parent, real = os.getpid(), fit.unfit

    def deadly(root: Node) -> tuple[Diagnostic, ...]:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(root)

    monkeypatch.setattr(fit, "unfit", deadly)
    assert complaints(wrong) == here(wrong)


def test_without_another_process_it_is_done_here(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert complaints(wrong) == here(wrong)
    assert plain(opening.opened(GOOD, Options())) == plain(load(GOOD))


def test_what_goes_wrong_meanwhile_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "load_tool", breaks)
    with pytest.raises(KeyboardInterrupt):
        opening.opened(GOOD, Options())
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_new_process_says_the_same_as_one_that_has_begun(wrong: str, run: Run) -> None:
    for path, code in ((wrong, 2), (GOOD, 1)):
        arguments = ["check", "--no-cache", "--only", "KX102", path]
        command = [sys.executable, "-m", "kexecspec", *arguments]
        new = subprocess.run(command, capture_output=True, text=True, check=False)
        old = run(*arguments)
        assert (new.returncode, new.stdout, new.stderr) == (old.code, old.out, old.err) and old.code == code
