"""Runs kexecspec as a user would, in a process group of its own, and looks at what is left of it."""

from __future__ import annotations

import faulthandler
import io
import os
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from tests.faults import sick
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
PATIENCE = 60.0
FEW = 3
Result = TypeVar("Result")


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: a signal), both streams, and what lies in its folder."""

    code: int
    out: str
    err: str
    files: tuple[str, ...]


def started(folder: Path, illness: str, arguments: Sequence[str], fresh: bool = False, **more: Any) -> Any:
    """The command in `folder`, where `acme.yaml` lies: in a new interpreter if `fresh`, else in a copy of this one,
    which has everything loaded."""
    if not (folder / "acme.yaml").exists():
        (folder / "acme.yaml").write_text(STORY)
    if not fresh:
        return Forked(folder, illness, arguments, **more)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more.pop("environment", {})}
    usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sick", illness, *arguments],
        cwd=folder, env=environment, start_new_session=True, **(usual | more),
    )  # fmt: skip


class Forked:
    """As much of subprocess.Popen as is used here."""

    def __init__(
        self, folder: Path, illness: str, arguments: Sequence[str], preexec_fn: Callable[[], None] | None = None,
        stdout: int | None = None,
    ) -> None:  # fmt: skip
        import z3  # noqa: F401  (once for all copies)

        self.returncode: int | None = None
        out, err = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(folder, (out[1] if stdout is None else stdout, err[1]))
            _act(illness, arguments, preexec_fn)
        os.close(out[1])
        os.close(err[1])
        self._streams = out[0], err[0]

    def send_signal(self, number: int) -> None:
        """Sends a signal to the process alone."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends the process outright."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Reads both streams to their ends and waits. Raises subprocess.TimeoutExpired."""
        found: dict[int, bytes] = dict.fromkeys(self._streams, b"")
        end = time.monotonic() + (PATIENCE if timeout is None else timeout)
        with selectors.DefaultSelector() as ready:
            for stream in self._streams:
                ready.register(stream, selectors.EVENT_READ)
            while ready.get_map():
                if time.monotonic() > end:
                    raise subprocess.TimeoutExpired("kexecspec", PATIENCE)
                for key, _ in ready.select(0.1):
                    read = os.read(key.fd, 1 << 16)
                    found[key.fd] += read
                    if not read:
                        ready.unregister(key.fd)
                        os.close(key.fd)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return found[self._streams[0]], found[self._streams[1]]


def _become(folder: Path, streams: tuple[int, int]) -> None:
    """The copy gets its own session, folder, streams and signals, as a new process has them."""
    faulthandler.disable()
    os.setsid()
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
    os.closerange(3, 256)
    sys.stdout, sys.stderr = io.TextIOWrapper(io.FileIO(1, "w")), io.TextIOWrapper(io.FileIO(2, "w"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _act(illness: str, arguments: Sequence[str], preexec_fn: Callable[[], None] | None) -> NoReturn:
    code = 99
    try:
        if preexec_fn is not None:
            preexec_fn()
        code = sick.run(illness, arguments)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(process: Any, folder: Path, patience: float = PATIENCE) -> Ended:
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


def together(jobs: Mapping[str, Callable[[], Iterator[Result | None]]]) -> dict[str, Any]:
    """The results of all jobs, or what each raised. A job starts its processes up to its first `yield`, then waits;
    a few are under way at a time."""
    found: dict[str, Any] = {}
    names = list(jobs)
    for first in range(0, len(names), FEW):
        running = {name: jobs[name]() for name in names[first : first + FEW]}
        for job in running.values():
            next(job)
        for name, job in running.items():
            try:
                found[name] = next(job)
            except Exception as error:
                found[name] = error
    return found


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
