"""A sweep by the workers of a Dask cluster, one of which is killed half way: nothing is lost, and nothing is double."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kexecspec.sweep.results import read_results
from tests.goldens import ROOT
from tests.sweep.fleets import MATRIX, fleet
from tests.sweep.test_command import judges_in, lines, started, until

WORKERS = 3
AXIS = "  threads: {at: secure_world.threads, values: [1, 2, 3]}\n"


@dataclass
class Cluster:
    """A scheduler and its workers, each a process of its own that works in a folder of its own."""

    address: str
    workers: list[subprocess.Popen[bytes]]
    folder: Path


def _process(kind: str, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
    }
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1", "--no-dashboard", *arguments],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    file = tmp_path / "scheduler.json"
    one = ("--nthreads", "1", "--no-nanny", "--scheduler-file", str(file))
    processes = [_process("scheduler", tmp_path / "s", "--port", "0", "--scheduler-file", str(file))]
    processes += [_process("worker", tmp_path / f"w{number}", *one) for number in range(WORKERS)]
    try:
        until(lambda: file.exists() and file.read_text().endswith("}"))
        yield Cluster(json.loads(file.read_text())["address"], processes[1:], tmp_path)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def test_a_worker_is_killed_half_way(cluster: Cluster, tmp_path: Path) -> None:
    fleet(tmp_path, MATRIX + AXIS)
    path = tmp_path / "r.jsonl"
    by = ("--results", "r.jsonl", "--dask", cluster.address)
    sweep = started(tmp_path, "sweep", "fleet.yaml", "--only", "KX106", *by)
    until(lambda: len(lines(path)) >= 4)
    until(lambda: any(len(judges_in(tmp_path / f"w{n}")) > 1 for n in range(WORKERS)))
    victim = next(n for n in range(WORKERS) if len(judges_in(tmp_path / f"w{n}")) > 1)
    cluster.workers[victim].send_signal(signal.SIGKILL)
    before = lines(path)
    out, err = sweep.communicate(timeout=60)

    assert sweep.returncode == 1 and err == "", err
    assert 4 <= len(before) < 19, "the worker was killed before the end"
    assert cluster.workers[victim].wait(10) == -signal.SIGKILL
    rows = read_results(str(path)).rows
    assert sorted(row.number for row in rows) == list(range(1, 19))
    assert {row.answer.outcome for row in rows} == {"JUDGED"}
    assert sum(row.solved for row in rows) == 12 and "; 6 by an equal system" in out
    assert lines(path)[: len(before)] == before
    end = time.monotonic() + 10
    while judges_in(tmp_path / f"w{victim}"):
        assert time.monotonic() < end, "a judge outlives its worker"
        time.sleep(0.05)
