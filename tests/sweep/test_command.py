"""The commands as they are typed: tables, files, codes, shards; killed, interrupted and taken up again."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import pytest

from kexecspec.journal import Journal
from kexecspec.sweep import run as sweep_run
from kexecspec.sweep.identity import Made
from kexecspec.sweep.judging import Question, judged
from kexecspec.sweep.result import Answer
from kexecspec.sweep.results import read_results
from kexecspec.sweep.work import Job
from tests.conftest import Run
from tests.goldens import ROOT
from tests.sweep.fleets import MATRIX, fleet
from tests.sweep.made_rows import GIVEN_UP
from tests.sweep.test_run import Here

ONLY = ("--only", "KX106")
AXIS = "  threads: {at: secure_world.threads, values: [1, 2]}\n"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges in this process."""

    def here(jobs: Sequence[Job], made: Made, seconds: float) -> list[tuple[int, Answer, float]]:
        return [(job.key, judged(Question(job.tree, job.path, made.only, made.rlimit)), 0.1) for job in jobs]

    monkeypatch.setattr(sweep_run, "judge_chunk", here)


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "import sys; from kexecspec.cli import main; sys.exit(main())", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def lines(path: Path) -> list[str]:
    """The whole lines of a file that is being written."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


def until(holds: Callable[[], Any], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def judges_in(folder: Path) -> list[str]:
    """The processes that still work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(folder):
                found.append(process.name)
        except OSError:
            continue
    return found


def test_a_sweep_and_its_second_run(run: Run, quick: None, tmp_path: Path) -> None:
    fleet(tmp_path)
    ran = run("sweep", "fleet.yaml", *ONLY, "--jobs", "2", "--out", "t.csv", "--out", "t.jsonl", "--out", "t.txt")

    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[:3] == [
        "fleet.yaml: fleet: 6 combinations", "", "REFUTED      board-a.yaml  5.10.19  KX106/bnxt@any (0, LEAK)"
    ]  # fmt: skip
    assert "  by an equal system" not in ran.out and "; 2 by an equal system" in ran.out
    next_one = "next: kexecspec sweep fleet.yaml --print 1 > platform.yaml"
    assert ran.out.endswith(f"FAIL  fleet: 6 of 6 not proved\n{next_one}\n")
    table = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text())))
    assert [(r["platform"], r["kernel"], r["verdict"]) for r in table][3] == ("board-b.yaml", "5.10.19", "REFUTED")
    assert (tmp_path / "t.txt").read_text() == ran.out
    kept = read_results(".kexecspec/sweep/fleet.jsonl")
    assert read_results("t.jsonl").rows == tuple(sorted(kept.rows, key=lambda row: row.number))
    assert [row.solved for row in read_results("t.jsonl").rows] == [True, False, True] * 2

    again = run("sweep", "fleet.yaml", *ONLY, "--executor", "tests.sweep.test_command:nobody", "--format", "jsonl")
    assert again.code == 1 and again.out == (tmp_path / "t.jsonl").read_text(), "nothing is left to judge"


def test_what_was_judged_once_is_not_judged_again_after_two_edits(run: Run, quick: None, tmp_path: Path) -> None:
    fleet(tmp_path)
    sweep = ("sweep", "fleet.yaml", *ONLY, "--jobs", "1", "--format", "jsonl")
    first = run(*sweep)
    fleet(tmp_path, MATRIX.replace("5.10.20, 5.14", "5.14"))
    assert run(*sweep).out.count("\n") == 5
    assert run("sweep", "fleet.yaml", "--only", "KX102", "--jobs", "1", "-q").code in (0, 1)
    fleet(tmp_path)
    assert run(*sweep[:-4], "--executor", "tests.sweep.test_command:nobody", "--format", "jsonl").out == first.out


def nobody() -> None:
    raise AssertionError("nobody is needed")


def test_shards_and_merge(run: Run, quick: None, tmp_path: Path) -> None:
    fleet(tmp_path)
    for number in (1, 2):
        assert run("sweep", "fleet.yaml", *ONLY, "--shard", f"{number}/2", "-q", "--jobs", "1").code == 1
    names = [f".kexecspec/sweep/fleet-{number}-of-2.jsonl" for number in (1, 2)]

    lacking = run("merge", names[0])
    assert lacking.code == 2 and f"{names[0]}:1:1: error[KX030]: shard 2/2 is missing" in lacking.err

    whole = run("merge", *names, "--out", "all.jsonl")
    assert whole.code == 1 and "\nFAIL  fleet: 6 of 6 not proved\n" in whole.out
    assert run("merge", "all.jsonl", "--format", "csv").out.count("\n") == 7

    other = ("--only", "KX102", "--shard", "2/2", "--results", "other.jsonl")
    assert run("sweep", "fleet.yaml", *other, "--jobs", "1", "-q").code == 1
    refused = run("merge", names[0], "other.jsonl")
    assert refused.code == 2 and "it does not go with" in refused.err and "another --only" in refused.err


def test_killed_and_taken_up_again(run: Run, tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX + AXIS)
    path = tmp_path / "r.jsonl"
    process = started(tmp_path, "sweep", "fleet.yaml", *ONLY, "--jobs", "2", "--results", "r.jsonl")
    until(lambda: len(lines(path)) >= 3)
    process.kill()
    process.communicate()
    until(lambda: judges_in(tmp_path) == [str(os.getpid())], 20)
    before = lines(path)
    assert 3 <= len(before) < 13
    path.write_text("\n".join([*before, before[-1][: len(before[-1]) // 2]]))

    ran = run("sweep", "fleet.yaml", *ONLY, "--jobs", "2", "--results", "r.jsonl", "-q")

    assert ran.code == 1
    after = lines(path)
    assert set(before) <= set(after), "what was solved is kept as it was"
    assert sorted(json.loads(line)["number"] for line in after[1:]) == list(range(1, 13))


def test_interrupted(tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX + AXIS.replace("[1, 2]", str(list(range(1, 13)))))
    process = started(tmp_path, "sweep", "fleet.yaml", *ONLY, "--jobs", "2")
    until(lambda: len(lines(tmp_path / ".kexecspec/sweep/fleet.jsonl")) >= 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and out == ""
    assert "of 72 results are in .kexecspec/sweep/fleet.jsonl; the same command goes on" in " ".join(err.split())
    assert "Traceback" not in err and judges_in(tmp_path) == []


def test_what_takes_too_long_is_killed_and_said(run: Run, tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX.replace("5.10.20, 5.14", "5.10.20").replace("board-*", "board-a"))
    ran = run("sweep", "fleet.yaml", "--timeout", "0.0001", "--jobs", "2")
    assert ran.code == 3 and ran.out.count("UNANSWERED") == 2 and "2 undecided" in ran.out


def test_a_combination_that_cannot_be_judged_has_its_line(run: Run, quick: None, tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX.replace("5.10.20, 5.14", "banana"))
    ran = run("sweep", "fleet.yaml", *ONLY, "--jobs", "1")
    assert ran.code == 2
    assert "INPUT_ERROR  board-a.yaml  banana" in ran.out and "fleet.yaml:4:56: KX009" in ran.out
    assert ran.out.count("REFUTED ") == 2


def test_what_there_is_without_judging_it(run: Run, tmp_path: Path) -> None:
    fleet(tmp_path)
    assert run("sweep", "fleet.yaml", "--list").out.splitlines()[1] == "    2  board-a.yaml  5.10.20"
    assert not (tmp_path / ".kexecspec").exists()
    shown = run("sweep", "fleet.yaml", "--print", "6")
    (tmp_path / "six.yaml").write_text(shown.out)
    assert shown.code == 0 and run("check", "six.yaml", *ONLY).code == 1
    assert run("sweep", "fleet.yaml", "--print", "7").code == 2


def make_nothing() -> int:
    return 3


def make_trouble() -> None:
    raise RuntimeError("no cluster\x1b[2J")


WRONG = {
    "--shard 0/2": "write I/N",
    "--shard 3/2": "write I/N",
    "--shard x": "write I/N",
    "--shard 9/9": "fewer different combinations",
    "--jobs 0": "0 is not in the range",
    "--jobs 2 --dask tcp://x:1": "--jobs and --dask exclude each other",
    "--executor nothing": "write MODULE:FACTORY",
    "--executor no_such_module:make": "'no_such_module' cannot be imported: ModuleNotFoundError",
    "--executor concurrent.futures:ProcesPoolExecutor": "has no 'ProcesPoolExecutor'; 'ProcessPoolExecutor'?",
    "--executor os:sep": "cannot be called",
    "--executor tests.sweep.test_command:make_nothing": "makes int, no concurrent.futures.Executor",
    "--executor tests.sweep.test_command:make_trouble": "makes no executor: RuntimeError: no cluster",
    "--dask nonsense://x": "no Dask scheduler answers at 'nonsense://x'",
    "--out table.xls": "its name has to end in .txt, .jsonl, .csv",
    "--timeout 0": "is not in the range",
    "--format xml": "'xml' is not one of",
    "--results .": "a directory",
    "--results board-a.yaml": "no results: not JSON",
    "--only banana": "write CODE",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_use(arguments: str, run: Run, tmp_path: Path) -> None:
    fleet(tmp_path)
    before = (tmp_path / "board-a.yaml").read_text()
    ran = run("sweep", "fleet.yaml", *arguments.split())
    assert ran.code == 2 and WRONG[arguments] in " ".join((ran.out + ran.err).split()), ran.err
    assert "\x1b" not in ran.err and (tmp_path / "board-a.yaml").read_text() == before


def test_output_that_cannot_be_written_is_told(run: Run, quick: None, tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX.replace("5.10.20, 5.14", "5.10.20"))
    ran = run("sweep", "fleet.yaml", *ONLY, "--jobs", "1", "--out", "no/such.csv")
    assert ran.code == 2 and "no/such.csv: No such file or directory" in ran.err and "FAIL  fleet" in ran.out
    (tmp_path / "file").write_text("")
    assert run("sweep", "fleet.yaml", "--results", "file/below.jsonl").code == 2


def test_a_full_disk_is_told_and_what_is_done_is_kept(
    run: Run, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(tmp_path)
    add, left = Journal.add, [3]

    def full(log: Journal, line: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.write(log.descriptor, b'{"kind": "resu')
            raise OSError(errno.ENOSPC, "No space left on device")
        add(log, line)

    monkeypatch.setattr(Journal, "add", full)
    ran = run("sweep", "fleet.yaml", *ONLY, "--jobs", "1", "--results", "r.jsonl")
    assert (ran.code, ran.out) == (2, "") and "error: r.jsonl: No space left on device" in ran.err
    assert read_results("r.jsonl").torn == 5 and len(read_results("r.jsonl").rows) == 3
    monkeypatch.setattr(Journal, "add", add)
    assert run("sweep", "fleet.yaml", *ONLY, "--jobs", "1", "--results", "r.jsonl", "-q").code == 1
    assert len(read_results("r.jsonl").rows) == 6 and read_results("r.jsonl").torn is None


def test_a_cluster_that_ends_is_told_and_what_is_done_is_kept(run: Run, tmp_path: Path) -> None:
    fleet(tmp_path)
    ran = run("sweep", "fleet.yaml", *ONLY, "--executor", "tests.sweep.test_command:a_short_life")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "error: the executor takes no more work: BrokenExecutor: it has ended",
        "2 of 6 results are in .kexecspec/sweep/fleet.jsonl",
    ]


class _ShortLife(Here):
    left = 1

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        self.left -= 1
        if self.left < 0:
            raise BrokenExecutor("it has ended")
        return super().submit(lambda jobs, made, seconds: [(jobs[0].key, GIVEN_UP, 0.1)], *arguments, **more)


def a_short_life() -> Executor:
    return _ShortLife()


def test_any_executor_will_do(run: Run, tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX.replace("5.10.20, 5.14", "5.10.20"))
    ran = run("sweep", "fleet.yaml", *ONLY, "--executor", "tests.sweep.test_command:two_processes", "--exit-zero")
    assert ran.code == 0 and "; 2 by an equal system" in ran.out


def two_processes() -> Any:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))
