"""z3 and cvc5 from their wheels, each in a process of its own that is given one text after the other.

Each text gets a solver that knows nothing of earlier ones. A process that is late or dies is replaced.
"""

# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from kexecspec.solve.speak import UNKNOWN, Said, read_answer

WHEELS: Mapping[str, str] = {"z3": "z3-solver", "cvc5": "cvc5"}
"""Solvers that can be imported, and the distribution that each is from."""

_STARTING = 60.0


@dataclass
class Worker:
    """One of WHEELS. Raises nothing: whatever goes wrong is an `unknown`."""

    name: str
    running: tuple[BaseProcess, Connection] | None = None

    def ask(self, script: str, seconds: float) -> Said:
        """See speak.Solver."""
        try:
            process, line = self.running or self._started()
        except (OSError, EOFError) as error:
            self.close()
            return Said(UNKNOWN, f"it cannot be started: {error or 'it ended'}")
        began = time.monotonic()
        try:
            line.send(script)
            if not line.poll(seconds):
                self.close()
                return Said(UNKNOWN, f"no answer within {seconds:g} s", time.monotonic() - began)
            printed = str(line.recv())
        except (EOFError, OSError):
            process.join(1)
            self.close()
            return Said(UNKNOWN, f"it ended with status {process.exitcode}", time.monotonic() - began)
        return read_answer(printed.encode("utf-8", "replace"), None, time.monotonic() - began)

    def close(self) -> None:
        """Kills the process, if there is one."""
        if self.running is not None:
            process, line = self.running
            self.running = None
            process.kill()
            process.join()
            line.close()

    def _started(self) -> tuple[BaseProcess, Connection]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self.name, theirs), daemon=True)
        process.start()
        theirs.close()
        self.running = (process, ours)
        if not ours.poll(_STARTING) or ours.recv() != "ready":
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


def _serve(name: str, line: Connection) -> None:
    """Answers texts until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    answer = _ANSWERS[name]
    answer("(set-logic QF_LIA)(check-sat)")
    line.send("ready")
    while True:
        try:
            script = line.recv()
        except EOFError:
            return
        try:
            said = answer(script)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        line.send(said)


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
