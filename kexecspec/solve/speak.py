"""Solvers that are given a whole SMT-LIB text and answer it: z3 and cvc5 in processes of their own, or any command.

Nobody waits for ever: a solver that is not done in time is killed, and its answer is `unknown`, as is that of one
that crashes, or says anything but one of the three words.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Protocol

SAT, UNSAT, UNKNOWN = "sat", "unsat", "unknown"
LARGEST_ANSWER = 65536


@dataclass(frozen=True)
class Said:
    """A solver's answer to one text with one `check-sat`; `why` says what is behind an `unknown`."""

    word: str
    why: str = ""
    seconds: float = 0.0


class Solver(Protocol):
    """Somebody who answers texts. `name` is what the user called it."""

    name: str

    def ask(self, script: str, seconds: float) -> Said:
        """The answer to a text, after at most about `seconds`."""

    def close(self) -> None:
        """Ends whatever still runs for it."""


@dataclass
class Command:
    """A program that reads SMT-LIB from its standard input; started anew for every text, with no shell."""

    name: str
    words: tuple[str, ...]

    def ask(self, script: str, seconds: float) -> Said:
        """See Solver. The program's whole process group is killed at the end."""
        began = time.monotonic()
        process = None
        try:
            with tempfile.TemporaryFile() as text:
                text.write(script.encode("ascii"))
                text.seek(0)
                with uninterrupted():
                    process = _started(self.words, text)
            printed, late = _printed(process, began + seconds)
        except (OSError, ValueError) as error:
            return Said(UNKNOWN, f"it cannot be started: {getattr(error, 'strerror', None) or error}")
        finally:
            if process is not None:
                kill(process)
        spent = time.monotonic() - began
        if late:
            return Said(UNKNOWN, f"no answer within {seconds:g} s", spent)
        return read_answer(printed, process.returncode, spent)

    def close(self) -> None:
        """Nothing runs between questions."""


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals that would raise an exception do so at the end: nothing is started that nobody knows of."""
    came: list[int] = []
    mine = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    mine = {number: answer for number, answer in mine.items() if callable(answer)}
    if threading.current_thread() is not threading.main_thread():
        mine = {}
    for number in mine:
        signal.signal(number, lambda came_in, _: came.append(came_in))
    try:
        yield
    finally:
        for number, answer in mine.items():
            signal.signal(number, answer)
    if came:
        signal.raise_signal(came[0])


def _started(words: tuple[str, ...], text: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words, stdin=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )


def read_answer(printed: bytes, code: int | None, seconds: float) -> Said:
    """What a solver said by its output and exit status. Only an output of one word is an answer."""
    lines = [line.strip() for line in printed.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and line != "success" and not line.startswith(";")]
    if code is not None and code < 0:
        return Said(UNKNOWN, f"it was ended by signal {-code}", seconds)
    if len(lines) == 1 and lines[0] in (SAT, UNSAT) and len(printed) < LARGEST_ANSWER:
        return Said(lines[0], "", seconds)
    if lines == [UNKNOWN]:
        return Said(UNKNOWN, "it says unknown", seconds)
    return Said(UNKNOWN, f"it printed {lines[0][:60]!a}" if lines else "it said nothing", seconds)


def _printed(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bool]:
    """What the process prints until it ends or has printed too much, and whether it ran out of time."""
    assert process.stdout is not None
    number, found = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as ready:
        ready.register(number, selectors.EVENT_READ)
        while len(found) < LARGEST_ANSWER:
            left = deadline - time.monotonic()
            if left <= 0 or not ready.select(left):
                return found, True
            more = os.read(number, LARGEST_ANSWER)
            if not more:
                break
            found += more
    return found, len(found) < LARGEST_ANSWER and not _ended(process, deadline)


def _ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Whether the process ends in time. Its number stays taken, so that its group can still be killed."""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def read_until(number: int, wanted: int, deadline: float) -> bytes:
    """`wanted` bytes from a pipe. Raises TimeoutError, or EOFError where it ends before."""
    found = b""
    with selectors.DefaultSelector() as ready:
        ready.register(number, selectors.EVENT_READ)
        while len(found) < wanted:
            left = deadline - time.monotonic()
            if left <= 0 or not ready.select(left):
                raise TimeoutError
            more = os.read(number, wanted - len(found))
            if not more:
                raise EOFError
            found += more
    return found


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a group, with everything that it started, and closes our ends of its pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

