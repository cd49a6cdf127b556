"""Many files read side by side, in processes of their own: one that dies or hangs over a file costs that file only."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from kexecspec.importers.source.reading import Read
from kexecspec.importers.source.worker import HEAD

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from kexecspec.importers.source.worker import serve; serve(sys.argv[1])"
)
_AT_ONCE = 24
_PATIENCE = 60.0
"""Seconds for one file."""


class _Lost(Exception):
    """The worker ended, or was too slow."""


def read_all(root: Path, paths: Sequence[str], jobs: int) -> Iterator[Read]:
    """Every file of `paths`, in no order. A file over which a worker was lost comes with that as its problem."""
    todo: queue.SimpleQueue[str] = queue.SimpleQueue()
    for path in paths:
        todo.put(path)
    done: queue.SimpleQueue[Read | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()
    threads = [threading.Thread(target=_work, args=(root, todo, done, stop), daemon=True) for _ in range(max(1, jobs))]
    for thread in threads:
        thread.start()
    left = len(threads)
    try:
        while left:
            read = done.get()
            if read is None:
                left -= 1
            elif isinstance(read, BaseException):
                raise read
            else:
                yield read
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _work(
    root: Path,
    todo: queue.SimpleQueue[str],
    done: queue.SimpleQueue[Read | BaseException | None],
    stop: threading.Event,
) -> None:
    running: subprocess.Popen[bytes] | None = None
    asked: list[str] = []
    try:
        while not stop.is_set():
            asked = asked or _some(todo)
            if not asked:
                break
            running = running or _started(root)
            try:
                for path in list(asked):
                    done.put(_answer(running, asked, path, stop))
            except _Lost as lost:
                _ended(running)
                running = None
                if asked and not stop.is_set():
                    done.put(Read(asked.pop(0), "", 0, (), str(lost)))
    except BaseException as error:
        done.put(error)
    finally:
        if running is not None:
            _ended(running)
        done.put(None)


def _some(todo: queue.SimpleQueue[str]) -> list[str]:
    made: list[str] = []
    with contextlib.suppress(queue.Empty):
        while len(made) < _AT_ONCE:
            made.append(todo.get_nowait())
    return made


def _started(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        (sys.executable, "-c", _PROGRAM, os.fspath(root), json.dumps(sys.path)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _answer(process: subprocess.Popen[bytes], asked: list[str], path: str, stop: threading.Event) -> Read:
    """What the worker makes of `path`, the first of `asked`, which is then taken off."""
    assert process.stdin is not None and process.stdout is not None
    deadline = time.monotonic() + _PATIENCE
    try:
        process.stdin.write(os.fsencode(path) + b"\n")
        process.stdin.flush()
    except OSError:
        raise _Lost("the reader ended before it") from None
    head, content = HEAD.unpack(_receive(process, HEAD.size, deadline, stop))
    header = json.loads(_receive(process, head, deadline, stop))
    body = _receive(process, content, deadline, stop)
    asked.pop(0)
    return Read(path, header[1], header[2], tuple((k, t) for k, t in header[3]), header[4], body)


def _receive(process: subprocess.Popen[bytes], size: int, deadline: float, stop: threading.Event) -> bytes:
    assert process.stdout is not None
    made = bytearray()
    number = process.stdout.fileno()
    while len(made) < size:
        if stop.is_set():
            raise _Lost("the reading was ended")
        ready, _, _ = select.select([number], [], [], 0.5)
        if ready:
            piece = os.read(number, size - len(made))
            if not piece:
                raise _Lost("the reader died over it")
            made += piece
        elif time.monotonic() > deadline:
            raise _Lost(f"it took longer than {_PATIENCE:.0f} s to read")
    return bytes(made)


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.wait()
