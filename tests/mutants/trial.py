"""One attempt in a process of its own, with bounds on time and memory, of which only one line comes back."""

from __future__ import annotations

import os
import resource
import select
import signal
from collections.abc import Callable
from contextlib import suppress

MEMORY = 4 << 30
PROCESSOR = 60
WALL = 300.0


def attempt(judge: Callable[[], str]) -> str:
    """What `judge` returns in a forked process; what stopped it, if it did not return. Leaves no process behind."""
    back, sent = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(back)
        _judged(judge, sent)
    os.close(sent)
    ready, _, _ = select.select([back], [], [], WALL)
    said = _all(back) if ready else b"runs for ever"
    os.close(back)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if ready and not said.endswith(b"\n"):
        return f"ended by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ended early"
    return said.decode().strip()


def _judged(judge: Callable[[], str], sent: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        said = judge()
    except BaseException as error:
        said = f"{type(error).__name__}"
    os.write(sent, f"{said[:300]}\n".encode())
    os._exit(0)


def _all(pipe: int) -> bytes:
    read = b""
    while chunk := os.read(pipe, 4096):
        read += chunk
        if read.endswith(b"\n"):
            break
    return read
