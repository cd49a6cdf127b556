"""Ctrl-C and SIGTERM, wherever they come: the right code, what has no answer, no process, no half file."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.running import STORY, Ended, ended, left_of, reached, started, together

PLACES = {
    "load": ("load waits", ()),
    "solve": ("solve waits", ("no answer yet for", "KX103/bnxt@kexec")),
    "both": ("both cores wait", ("no answer yet for", "KX103/bnxt@kexec")),
    "engines": ("engines wait", ()),
    "recheck": ("recheck waits", ()),
    "replay": ("replay waits", ()),
    "output": ("output waits", ()),
}
SIGNALS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}


def _stopped(folder: Path, place: str, number: signal.Signals) -> Iterator[Ended | None]:
    """Ctrl-C goes to the whole group, as from a terminal; SIGTERM to the tool alone, as from a supervisor."""
    folder.mkdir()
    process = started(folder, PLACES[place][0], ("check", "acme.yaml", "b.yaml", "--trace-dir", "traces"))
    yield None
    reached(folder, place)
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    yield ended(process, folder, 20)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended | BaseException]:
    top = tmp_path_factory.mktemp("signals")
    return together({p + n.name: partial(_stopped, top / (p + n.name), p, n) for p in PLACES for n in SIGNALS})


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("place", PLACES)
def test_a_signal_ends_everything_and_says_what_is_open(
    runs: dict[str, Ended | BaseException], place: str, number: signal.Signals
) -> None:
    run = runs[place + number.name]
    if isinstance(run, BaseException):
        raise run
    code, word = SIGNALS[number]
    assert run.code == code and run.err.split()[0] == word
    said = " ".join(run.err.split())
    assert "no report on acme.yaml, b.yaml" in said and all(text in said for text in PLACES[place][1]), run.err
    assert run.out == "" and not [file for file in run.files if ".kexecspec" in file]


def test_what_has_an_answer_is_not_called_open(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(STORY.replace("acme", "first"))
    arguments = ("check", "first.yaml", "acme.yaml", "--only", "KX102", "--only", "KX103")
    process = started(tmp_path, "solve waits", arguments)
    reached(tmp_path, "solve")
    process.send_signal(signal.SIGTERM)
    run = ended(process, tmp_path)
    assert run.code == 143 and "no report on first.yaml, acme.yaml" in " ".join(run.err.split())
    assert "no answer yet for 1 of 2 properties: KX103/bnxt@kexec" in " ".join(run.err.split())


def test_other_commands_are_interrupted_alike(tmp_path: Path) -> None:
    process = started(tmp_path, "solve waits", ("test", "acme.yaml"))
    reached(tmp_path, "solve")
    process.send_signal(signal.SIGINT)
    run = ended(process, tmp_path)
    assert run.code == 130 and "not tested: acme.yaml" in run.err


def test_a_tool_that_is_killed_outright_leaves_no_solver(tmp_path: Path) -> None:
    process = started(tmp_path, "both cores wait", ("check", "acme.yaml"))
    reached(tmp_path, "both")
    process.kill()
    process.communicate()
    end = time.monotonic() + 10
    while left_of(process.pid):
        assert time.monotonic() < end, "a solver runs on"
        time.sleep(0.02)
