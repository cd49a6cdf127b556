"""Solvers that answer, and those that lie, crash, hang, say too much or nothing."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from kexecspec.certificate.examine import examine
from kexecspec.certificate.verify import answers, conclusion
from kexecspec.solve import speak, workers
from kexecspec.solve.solvers import NoSolver, solver, title, trial
from kexecspec.solve.speak import SAT, UNKNOWN, UNSAT, Command, Said
from kexecspec.solve.workers import Worker
from tests.certificate.folders import Cert

TRUE = "(set-logic QF_LIA)\n(declare-const x Int)\n(assert (< x 3))\n(check-sat)\n"
FALSE = "(set-logic QF_LIA)\n(declare-const x Int)\n(assert (< x x))\n(check-sat)\n"
SYSTEM = "(set-logic QF_LIA)\n(define-fun |initial| () Bool true)\n"


@pytest.mark.parametrize("name", ["z3", "cvc5"])
def test_a_worker_answers_one_text_after_the_other(name: str) -> None:
    worker = solver(name)
    try:
        assert [worker.ask(text, 60).word for text in (TRUE, FALSE, TRUE)] == [SAT, UNSAT, SAT]
        assert worker.ask("(check-", 60).word == UNKNOWN
        assert worker.ask("(declare-const |v x'| Bool)\n" + FALSE[FALSE.index("(declare") :], 60).word == UNSAT
        assert worker.ask(TRUE + TRUE.splitlines()[-1], 60).why.startswith("it printed")
    finally:
        worker.close()
    assert title(name).split()[1][0].isdigit()


def test_a_worker_that_is_late_or_killed_is_replaced() -> None:
    worker = Worker("z3")
    try:
        assert worker.ask(TRUE, 60).word == SAT
        late = worker.ask(TRUE * 2000, 0.000001)
        assert late.word == UNKNOWN and late.why == "no answer within 1e-06 s" and worker.running is None
        assert worker.ask(FALSE, 60).word == UNSAT and worker.running is not None
        worker.running.kill()
        killed = worker.ask(FALSE, 60)
        assert killed.word == UNKNOWN and "it ended with status -9" in killed.why
        assert worker.ask(FALSE, 60).word == UNSAT
    finally:
        worker.close()


def script(body: str) -> Command:
    return Command("stub", (sys.executable, "-c", body))


COMMANDS: dict[str, tuple[str, str, str]] = {
    "it reads all of the text": (f"import sys; print('sat' if sys.stdin.read() == {TRUE!r} else 'unsat')", SAT, ""),
    "it answers": ("import sys; sys.stdin.read(); print('unsat')", UNSAT, ""),
    "it answers without reading": ("print('sat')", SAT, ""),
    "a status of its own": ("import sys; print('unsat'); sys.exit(20)", UNSAT, ""),
    "comments": ("print('; hello'); print('success'); print('unsat')", UNSAT, ""),
    "it does not know": ("print('unknown')", UNKNOWN, "it says unknown"),
    "nothing": ("pass", UNKNOWN, "it said nothing"),
    "two answers": ("print('unsat'); print('unsat')", UNKNOWN, "it printed 'unsat'"),
    "an error": ("print('(error \"line 1\")'); print('unsat')", UNKNOWN, "it printed '(error \"line 1\")'"),
    "something else": ("print('\\x1b[2J proved')", UNKNOWN, "it printed '\\x1b[2J proved'"),
    "bytes": ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')", UNKNOWN, "it printed"),
    "a crash": ("import os; os.kill(os.getpid(), 11)", UNKNOWN, "it was ended by signal 11"),
    "a crash after its answer": ("import os; print('unsat', flush=True); os.kill(os.getpid(), 6)", UNKNOWN, "signal 6"),
    "it never ends": ("import time; print('unsat', flush=True); time.sleep(99)", UNKNOWN, "no answer within 1 s"),
    "it closes its output and never ends": (
        "import os, time; print('unsat', flush=True); os.close(1); time.sleep(99)", UNKNOWN, "no answer within 1 s",
    ),
    "it never stops talking": ("while True: print('unsat')", UNKNOWN, "it"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_says(name: str) -> None:
    body, word, why = COMMANDS[name]
    said = script(body).ask(TRUE, 1 if "never ends" in name else 60)
    assert said.word == word and why in said.why


def test_whatever_a_command_started_is_killed_with_it(tmp_path: Path) -> None:
    note = tmp_path / "child"
    words = ("sh", "-c", f"sleep 99 & echo $! > {note}; echo unsat")
    began = time.monotonic()
    said = Command("stub", words).ask(TRUE, 1.5)
    assert said.word == UNKNOWN and "no answer" in said.why, "the child holds the output open"
    assert time.monotonic() - began < 30
    child = int(note.read_text())
    for _ in range(500):
        if not alive(child):
            break
        time.sleep(0.01)
    assert not alive(child)


def test_an_interruption_while_a_command_is_started_does_not_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    start, begun = speak._started, []

    def interrupted(words: tuple[str, ...], text: IO[bytes]) -> subprocess.Popen[bytes]:
        begun.append(start(words, text))
        signal.raise_signal(signal.SIGINT)
        return begun[0]

    monkeypatch.setattr(speak, "_started", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            Command("stub", ("sleep", "99")).ask(TRUE, 60)
        assert begun[0].returncode == -signal.SIGKILL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def alive(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def test_a_solver_that_cannot_tell_true_from_false_is_not_believed() -> None:
    for said in (UNSAT, SAT):
        found = trial(script(f"print('{said}')"), SYSTEM, 60)
        assert found.word == UNKNOWN and found.why.startswith(f"it says {said} of something that is")
    assert trial(script("pass"), SYSTEM, 60).word == UNKNOWN


def test_solvers_that_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, message in (("", "write z3, cvc5"), ("'", "no command"), ("no-such-solver -in", "there is no command")):
        with pytest.raises(NoSolver, match=message):
            solver(name)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NoSolver, match=r"cvc5 is not installed: pip install 'kexecspec\[cvc5\]'"):
        solver("cvc5")
    vanished = Command("x", ("/vanished/solver",)).ask(TRUE, 1)
    assert vanished.word == UNKNOWN and vanished.why == "it cannot be started: No such file or directory"


def test_a_wheel_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker("no-such-wheel")
    said = worker.ask(TRUE, 60)
    assert said.word == UNKNOWN and said.why.startswith("it cannot be started")
    assert workers.release("z3") != "unknown"


def test_what_a_wheel_prints_by_the_way_is_no_part_of_its_answer() -> None:
    body = (
        "from kexecspec.solve import workers; import os\n"
        "workers._ANSWERS = {'loud': lambda text: (os.write(1, b'noise'), print('noise', flush=True), 'sat')[2]}\n"
        "workers.serve('loud')"
    )
    asked = workers._LENGTH.pack(len(TRUE)) + TRUE.encode()

    done = subprocess.run((sys.executable, "-c", body), input=asked, capture_output=True, timeout=60, check=True)

    assert done.stdout == b"".join(workers._LENGTH.pack(len(said)) + said for said in (b"ready", b"sat"))


def test_the_release_of_what_is_not_installed_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WHEELS", {"it": "no-such-distribution"})
    assert workers.release("it") == UNKNOWN


@dataclass
class Oracle:
    """A solver that is right, but for what `lies` says about a text."""

    name: str
    lies: Callable[[str], str | None]

    def ask(self, script: str, seconds: float) -> Said:
        return Said(self.lies(script) or (SAT if script.endswith("(assert |initial|)\n(check-sat)\n") else UNSAT))

    def close(self) -> None:
        pass


def test_every_solver_must_agree(tmp_path: Path) -> None:
    examined = examine(Cert().write(tmp_path))
    honest = Oracle("honest", lambda text: None)
    liar = Oracle("liar", lambda text: SAT if "no rule leads from" in text else None)
    tired = Oracle("tired", lambda text: UNKNOWN if "no rule leads out" in text else None)
    cases = (
        ([honest], "VERIFIED", (), ()),
        ([honest, liar], "REJECTED", ("solvers disagree: sat says liar, unsat says honest",), ()),
        ([liar], "REJECTED", ("it does not hold, says liar: sat",), ()),
        ([honest, tired], "UNDECIDED", (), ("tired",)),
        ([liar, tired], "REJECTED", ("says liar",), ("tired",)),
        ([], "UNDECIDED", (), ("no solver was asked",)),
    )
    for solvers, verdict, refused, undecided in cases:
        end = conclusion(examined, tuple(answers(examined, solvers, 1)))
        assert end.verdict == verdict
        assert len(end.rejections) == len(refused) and all(map(str.__contains__, end.rejections, refused))
        assert len(end.undecided) == len(undecided) and all(map(str.__contains__, end.undecided, undecided))
