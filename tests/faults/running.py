"""Runs kexecspec as a user would, in a process group of its own, and looks at what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.goldens import ROOT

STORY = """\
schema: kexecspec/platform/1
platform: acme
memory: {ram: [0x8000_0000 + 2GiB]}
secure_world: {optee: 3.13.0, abi: smc, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices: {bnxt: {driver: tee_bnxt_fw}}
kernels: {prod: {version: 5.10.19}}
handoffs: [prod -systemctl kexec-> prod]
"""
PATIENCE = 30.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: a signal), both streams, and what lies in its folder."""

    code: int
    out: str
    err: str
    files: tuple[str, ...]


def started(folder: Path, illness: str, arguments: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
    """The command in `folder`, where `acme.yaml` lies."""
    if not (folder / "acme.yaml").exists():
        (folder / "acme.yaml").write_text(STORY)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more.pop("environment", {})}
    usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sick", illness, *arguments],
        cwd=folder, env=environment, start_new_session=True, **(usual | more),
    )  # fmt: skip


def ended(process: subprocess.Popen[bytes], folder: Path, patience: float = PATIENCE) -> Ended:
    """Waits for the end, and makes sure that nothing of the group is left."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert not left_of(process.pid), "a process was left behind"
    told = (out or b"").decode(), (err or b"").decode()
    assert "Traceback" not in "".join(told) and "Exception ignored" not in told[1], told
    return Ended(process.returncode, *told, tuple(sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))))


def ran(folder: Path, illness: str, *arguments: str, **more: Any) -> Ended:
    """A whole run."""
    return ended(started(folder, illness, arguments, **more), folder)


def together(jobs: Mapping[str, Callable[[], Result]]) -> dict[str, Result | BaseException]:
    """The results of all jobs, or what each raised, a few at a time: most of a run is the start of Python."""

    def done(job: Callable[[], Result]) -> Result | BaseException:
        try:
            return job()
        except BaseException as error:
            return error

    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        return dict(zip(jobs, pool.map(done, jobs.values()), strict=True))


def reached(folder: Path, name: str) -> None:
    """Waits until a sick run has come to the place that it gets stuck at."""
    end = time.monotonic() + PATIENCE
    while not (folder / f"reached-{name}").exists():
        assert time.monotonic() < end, f"{name} was not reached"
        time.sleep(0.01)


def left_of(group: int) -> bool:
    """Whether a process of the group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
