"""A process that judges one platform after the other, and the one that watches it. The library, the schemas and the
solver are loaded once; what is late is killed, with everything that it started, and replaced."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import dataclass, field, replace
from typing import IO, Any

from kexecspec.cache.place import Cache
from kexecspec.check import checked_tree
from kexecspec.diagnostics import InputError
from kexecspec.exit_codes import DISAGREES
from kexecspec.garbage import look_seldom
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.solve.budget import failures
from kexecspec.solve.speak import kill, read_until, uninterrupted
from kexecspec.sweep.result import Answer, of_errors, of_report, unanswered
from kexecspec.tree import Table

STARTING = 120.0
MOST = 500
"""After so many platforms a process is replaced, whatever it may have kept."""
_LENGTH = struct.Struct(">Q")
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from kexecspec.sweep.judging import serve; serve()"


@dataclass(frozen=True)
class Question:
    """A platform file's tree, and how it is judged. `careful`: each property's solver in a process of its own.
    `cache` has answers of earlier runs, `specs` are the specifications, with what is laid over them."""

    tree: Table
    path: str
    only: tuple[str, ...]
    rlimit: int
    careful: bool = False
    cache: Cache | None = None
    specs: Library | None = None


class Stopped(Exception):
    """Nobody wants the answer any more."""


@dataclass(eq=False)
class Judge:
    """A process for judging. One thread asks it; any may stop it, for good."""

    running: subprocess.Popen[bytes] | None = None
    asked: int = 0
    stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, question: Question, seconds: float) -> Answer:
        """The answer, after at most about `seconds`. One whose process dies is asked for once more, carefully. Raises
        Stopped."""
        for again in (question, replace(question, careful=True)):
            try:
                return self._asked(again, time.monotonic() + seconds)
            except TimeoutError:
                self._end()
                return unanswered(f"stopped after {seconds:g} s without an answer")
            except (EOFError, OSError) as error:
                why = _how(self.running, error)
                self._end()
        return unanswered(why)

    def stop(self) -> None:
        """Ends the process, and whoever waits for its answer gets Stopped."""
        with self.lock:
            self.stopped, process = True, self.running
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _asked(self, question: Question, deadline: float) -> Answer:
        process = self._process()
        try:
            assert process.stdin is not None and process.stdout is not None
            send(process.stdin, question)
            number = process.stdout.fileno()
            (size,) = _LENGTH.unpack(read_until(number, _LENGTH.size, deadline))
            answer = pickle.loads(read_until(number, size, max(deadline, time.monotonic() + 5)))
        except (EOFError, OSError, ValueError):
            if self.stopped:
                raise Stopped from None
            raise
        if not isinstance(answer, Answer):
            raise EOFError
        self.asked += 1
        return answer

    def _process(self) -> subprocess.Popen[bytes]:
        if self.asked >= MOST:
            self._end()
        with self.lock:
            if self.stopped:
                raise Stopped
            if self.running is None:
                self.running, self.asked = _started(), 0
                weakref.finalize(self, _ended, self.running)
            running = self.running
        return running

    def _end(self) -> None:
        with self.lock:
            process, self.running = self.running, None
        if process is not None:
            kill(process)


def _started() -> subprocess.Popen[bytes]:
    """A process that is ready to judge. Raises OSError or EOFError."""
    with uninterrupted():
        process = subprocess.Popen(
            (sys.executable, "-c", _PROGRAM, json.dumps(sys.path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("KEXECSPEC_DEBUG") == "1" else subprocess.DEVNULL,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        read_until(process.stdout.fileno(), 1, time.monotonic() + STARTING)
    except BaseException:
        kill(process)
        raise
    return process


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that nobody can ask any more."""
    if process.returncode is None:
        kill(process)


def _how(process: subprocess.Popen[bytes] | None, error: Exception) -> str:
    """How a process ended."""
    if process is None:
        return f"no process for judging can be started: {getattr(error, 'strerror', None) or error or 'it ended'}"
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    code = process.returncode
    return f"the process that judged it died, twice (status {code})"


def send(stream: IO[bytes], content: Any) -> None:
    """Writes a value to a pipe."""
    text = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(text)) + text)
    stream.flush()


def serve() -> None:
    """The life of a process that judges: it answers questions from its standard input, and ends when that does."""
    look_seldom()
    failures()  # loads the solver before anybody waits for an answer
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    waiting: queue.Queue[Question] = queue.Queue()
    threading.Thread(target=_listen, args=(questions, waiting), daemon=True).start()
    answers.write(b"r")
    answers.flush()
    while True:
        send(answers, judged(waiting.get()))


def _listen(stream: IO[bytes], waiting: queue.Queue[Question]) -> None:
    """Hands on what is asked. Nobody outlives whoever asks: at the end of the stream everything ends at once."""
    with contextlib.suppress(Exception):
        while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
            waiting.put(pickle.loads(stream.read(_LENGTH.unpack(head)[0])))
    os._exit(0)


def judged(question: Question) -> Answer:
    """The answer to a question, found in this process."""
    inside, cache = not question.careful, question.cache
    options = Options(question.only, question.rlimit, inside=inside, cache=cache, library=question.specs)
    try:
        return of_report(checked_tree(question.tree, question.path, options).report)
    except InputError as error:
        return of_errors(error.diagnostics)
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        return unanswered(f"internal error: {type(error).__name__}: {said}", DISAGREES)
