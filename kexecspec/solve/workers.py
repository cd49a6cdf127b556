"""z3 and cvc5 from their wheels, each in a process of its own that is given one text after the other.

Each text gets a solver that knows nothing of earlier ones. A process that is late or dies is replaced.
"""

# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import IO

from kexecspec.solve.speak import UNKNOWN, Said, kill, read_answer, read_until, uninterrupted

WHEELS: Mapping[str, str] = {"z3": "z3-solver", "cvc5": "cvc5"}
"""Solvers that can be imported, and the distribution that each is from."""

_STARTING = 60.0
_LENGTH = struct.Struct(">Q")
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from kexecspec.solve.workers import serve; serve(sys.argv[1])"
)


@dataclass
class Worker:
    """One of WHEELS. Raises nothing: whatever goes wrong is an `unknown`."""

    name: str
    running: subprocess.Popen[bytes] | None = None

    def ask(self, script: str, seconds: float) -> Said:
        """See speak.Solver."""
        try:
            process = self.running or self._started()
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            return Said(UNKNOWN, f"it cannot be started: {error or 'it ended'}")
        began = time.monotonic()
        try:
            assert process.stdin is not None
            _send(process.stdin, script.encode("ascii"))
            printed = _receive(process, began + seconds)
        except TimeoutError:
            self.close()
            return Said(UNKNOWN, f"no answer within {seconds:g} s", time.monotonic() - began)
        except (EOFError, OSError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            self.close()
            return Said(UNKNOWN, f"it ended with status {process.returncode}", time.monotonic() - began)
        except BaseException:
            self.close()
            raise
        return read_answer(printed, None, time.monotonic() - began)

    def close(self) -> None:
        """Kills the process, if there is one."""
        if self.running is not None:
            process, self.running = self.running, None
            kill(process)

    def _started(self) -> subprocess.Popen[bytes]:
        with uninterrupted():
            self.running = subprocess.Popen(
                (sys.executable, "-c", _PROGRAM, self.name, json.dumps(sys.path)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        if _receive(self.running, time.monotonic() + _STARTING) != b"ready":
            raise EOFError
        return self.running


def missing(name: str) -> str | None:
    """What to install so that the solver `name` can be asked; None where it can."""
    if importlib.util.find_spec(name) is not None:
        return None
    return f"pip install 'kexecspec[{name}]'" if name == "cvc5" else f"pip install {WHEELS[name]}"


def release(name: str) -> str:
    """The installed release of one of WHEELS."""
    try:
        return version(WHEELS[name])
    except PackageNotFoundError:
        return "unknown"


def serve(name: str) -> None:
    """The worker's side: answers texts from its standard input until nobody asks any more."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    answer = _ANSWERS[name]
    answer("(set-logic QF_LIA)(check-sat)")
    _send(answers, b"ready")
    while len(head := questions.read(_LENGTH.size)) == _LENGTH.size:
        script = questions.read(_LENGTH.unpack(head)[0]).decode("ascii")
        try:
            said = answer(script)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        _send(answers, said.encode("utf-8", "replace"))


def _send(stream: IO[bytes], content: bytes) -> None:
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def _receive(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """A whole answer. Raises TimeoutError, or EOFError where the process ends before."""
    assert process.stdout is not None
    head = read_until(process.stdout.fileno(), _LENGTH.size, deadline)
    return read_until(process.stdout.fileno(), min(_LENGTH.unpack(head)[0], 1 << 24), deadline)


def _z3(script: str) -> str:
    """What z3 prints for a text, in a context of its own."""
    import z3

    context = z3.Context()
    return str(z3.Z3_eval_smtlib2_string(context.ref(), script))


def _cvc5(script: str) -> str:
    """What cvc5 prints for a text."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "certificate")
    said = []
    while not (command := parser.nextCommand()).isNull():
        said.append(str(command.invoke(solver, parser.getSymbolManager())))
    return "".join(said)


_ANSWERS: Mapping[str, Callable[[str], str]] = {"z3": _z3, "cvc5": _cvc5}
