"""Processes that judge: the same answers as `check`, and whatever becomes of one, its question has an answer."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kexecspec.check import check
from kexecspec.ir.verdict import Verdict
from kexecspec.options import Options
from kexecspec.report.outcome import exit_code
from kexecspec.source import load
from kexecspec.sweep import judging
from kexecspec.sweep.judging import Judge, Question, Stopped, judged
from kexecspec.sweep.result import JUDGED, UNANSWERED, of_report
from kexecspec.tree import Table
from tests.goldens import ROOT
from tests.sweep.fleets import BOARD

ONLY = ("KX106",)
SICK = (
    "import json, os, signal, sys, time; sys.path[:] = json.loads(sys.argv[1])\n"
    "from kexecspec.sweep import judging\n"
    "def judged(question):\n    {}\n    return judging.unanswered('careful' if question.careful else 'quick')\n"
    "judging.judged = judged\njudging.serve()\n"
)


@pytest.fixture
def judge() -> Iterator[Judge]:
    made = Judge()
    yield made
    made.stop()


@pytest.fixture
def question(tmp_path: Path) -> Question:
    path = tmp_path / "a.yaml"
    path.write_text(BOARD.format(name="a", use=20000))
    tree = load(str(path))
    assert isinstance(tree, Table)
    return Question(tree, str(path), ONLY, 20_000_000)


def sick(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(judging, "_PROGRAM", SICK.format(what))


@pytest.mark.parametrize(
    "story", ["tee-bnxt-fourth-kexec/before", "smmu-shutdown-modes/v2-leave-kdump-running", "pool-alloc-leak/after"]
)
def test_a_judge_says_what_check_says(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    path = f"examples/{story}.yaml"
    report, tree = check(path, Options()), load(path)
    assert isinstance(tree, Table)
    answer = judged(Question(tree, path, (), Options().rlimit))
    assert answer == of_report(report) and answer.exit == exit_code(report)
    refuted = [f.property.id for f in report.findings if f.verdict is Verdict.REFUTED]
    assert [one.finding for one in answer.refuted] == refuted


def test_one_process_answers_many(judge: Judge, question: Question) -> None:
    first = judge.ask(question, 60)
    assert judge.running is not None and (pid := judge.running.pid)
    assert judge.ask(question, 60) == first == judged(question) and first.outcome == JUDGED
    assert judge.running.pid == pid and judge.asked == 2


def test_an_error_in_the_input_is_an_answer(question: Question) -> None:
    answer = judged(Question(Table((), question.tree.span), "a.yaml", (), 1000))
    assert (answer.exit, answer.errors[0].code) == (2, "KX008")


def test_a_defect_is_an_answer(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "checked_tree", lambda *_: 1 // 0)
    answer = judged(question)
    assert (answer.outcome, answer.exit) == (UNANSWERED, 4) and "ZeroDivisionError" in str(answer.why)


def test_one_that_is_late_is_killed_and_replaced(
    judge: Judge, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick(monkeypatch, "time.sleep(60)")
    answer = judge.ask(question, 0.2)
    assert (answer.outcome, answer.exit) == (UNANSWERED, 3)
    assert answer.why == "stopped after 0.2 s without an answer" and judge.running is None
    sick(monkeypatch, "pass")
    assert judge.ask(question, 60).why == "quick"


def test_one_that_dies_is_asked_again_carefully(
    judge: Judge, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick(monkeypatch, "question.careful or os.kill(os.getpid(), signal.SIGSEGV)")
    assert judge.ask(question, 60).why == "careful"


def test_one_that_always_dies_says_so(judge: Judge, question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    sick(monkeypatch, "os._exit(3)")
    answer = judge.ask(question, 60)
    assert (answer.outcome, answer.exit) == (UNANSWERED, 3)
    assert answer.why == "the process that judged it died, twice (status 3)"


def test_one_that_cannot_start_says_so(judge: Judge, question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging.sys, "executable", "/nonexistent")
    answer = judge.ask(question, 60)
    assert answer.why == "no process for judging can be started: No such file or directory" and answer.exit == 3


def test_whoever_waits_is_told_to_stop(judge: Judge, question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    sick(monkeypatch, "time.sleep(60)")
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            judge.ask(question, 60)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while judge.running is None:
        time.sleep(0.01)
    pid = judge.running.pid
    judge.stop()
    thread.join(10)
    assert [type(error) for error in raised] == [Stopped]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(Stopped):
        judge.ask(question, 1)
