"""Work in processes of its own: what it says arrives, what it raises is raised, how it died is told."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kexecspec.solve import aside as module
from kexecspec.solve.answers import Disagreement
from kexecspec.solve.aside import Died, SolverDied, answers, aside, in_turn


def test_what_is_said_arrives_whole_and_in_order() -> None:
    large = "x" * 3_000_000
    found = list(answers([lambda: [1, large, 2], lambda: [3]]))
    assert [item for number, item in found if number == 0] == [1, large, 2]
    assert [item for number, item in found if number == 1] == [3]


def test_what_is_raised_there_is_raised_here() -> None:
    def disagrees() -> None:
        raise Disagreement("a run that is none")

    with pytest.raises(Disagreement, match="a run that is none"):
        aside(disagrees)


def test_what_cannot_be_sent_is_told_in_words() -> None:
    def odd() -> None:
        error = ValueError("odd")
        error.args = (lambda: None,)
        raise error

    with pytest.raises(RuntimeError, match="ValueError"):
        aside(odd)


def _then_dies(number: signal.Signals) -> Iterator[int]:
    yield 1
    faulthandler.disable()
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_death_is_the_last_word(number: signal.Signals) -> None:
    found = list(answers([lambda: _then_dies(number), lambda: [2]]))
    assert [item for work, item in found if work == 1] == [2]
    assert [item for work, item in found if work == 0] == [1, Died(f"the solver was ended by {number.name}")]


def test_only_so_many_run_at_once(tmp_path: Path) -> None:
    def counted(number: int) -> Iterator[int]:
        mine = tmp_path / str(number)
        mine.touch()
        time.sleep(0.05)
        yield len(list(tmp_path.iterdir()))
        mine.unlink()
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    found = list(answers([partial(counted, number) for number in range(7)], at_once=2))
    assert sorted(number for number, item in found if not isinstance(item, Died)) == list(range(7))
    assert {item for _, item in found if isinstance(item, int)} <= {1, 2}
    assert [number for number, item in found if isinstance(item, Died)] == [3]


@pytest.mark.parametrize("inside", [False, True])
def test_once_there_is_enough_nobody_is_waited_for(inside: bool) -> None:
    def waits() -> list[int]:
        time.sleep(60)
        return [2]

    found: list[tuple[int, int]] = []
    began = time.monotonic()
    for one in answers([lambda: [1], waits], inside=inside, enough=lambda: bool(found)):
        found.append(one)
    assert found == [(0, 1)] and time.monotonic() - began < 30


@pytest.mark.parametrize("many", [0, 1, 7, 1000, 1001, 5000])
def test_numbers_go_each_to_one(many: int) -> None:
    with in_turn(many) as numbers:
        said = list(answers([lambda: iter(numbers), lambda: iter(numbers)]))
    assert sorted(number for _, number in said) == list(range(many))


def test_who_is_slow_is_left_with_less() -> None:
    def slow() -> Iterator[int]:
        for number in numbers:
            time.sleep(0.2)
            yield number

    with in_turn(10) as numbers:
        said = list(answers([slow, lambda: iter(numbers)]))
    assert sorted(number for _, number in said) == list(range(10))
    assert sum(work == 0 for work, _ in said) <= 3


def test_without_a_pipe_each_has_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> tuple[int, int]:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(os, "pipe", none)
    with in_turn(3) as numbers:
        assert list(numbers) == list(numbers) == [0, 1, 2]


def test_many_leave_no_pipe_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _, item in answers([lambda: [1]] * 9, at_once=3):
        assert item == 1 and len(os.listdir("/proc/self/fd")) <= before + 5
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_end_without_a_word_is_a_death() -> None:
    with pytest.raises(SolverDied, match="without an answer"):
        aside(os._exit, 3)
    assert list(answers([lambda: iter(())])) == []


def test_what_the_parent_dropped_is_finalised_by_nobody_else(tmp_path: Path) -> None:
    """A client of a cluster waits, as it goes, for a thread that only its own process has."""
    said = tmp_path / "finalised"

    class Client:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            with said.open("a") as file:
                print(os.getpid(), file=file)

    gc.disable()
    try:
        Client()
        aside(gc.collect)
    finally:
        gc.enable()
    assert not said.exists()
    gc.collect()
    assert said.read_text() == f"{os.getpid()}\n"


def test_patience_is_for_each_answer() -> None:
    def slow() -> Iterator[int]:
        for number in range(4):
            time.sleep(0.2)
            yield number
        time.sleep(30)

    begun = time.monotonic()
    found = [item for _, item in answers([slow], patience=0.6)]
    assert found[:4] == [0, 1, 2, 3] and isinstance(found[4], Died) and time.monotonic() - begun < 10


def test_whoever_stops_listening_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int] = []
    real = os.fork
    monkeypatch.setattr(module.os, "fork", lambda: pids.append(real()) or pids[-1])
    said = answers([lambda: _then_sleeps(), lambda: _then_sleeps()])
    assert next(said)[1] == "ready"
    said.close()  # type: ignore[attr-defined]
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def _then_sleeps() -> Iterator[str]:
    yield "ready"
    time.sleep(30)


def test_without_a_process_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(module.os, "fork", none)
    assert list(answers([lambda: [1], lambda: [2, 3]])) == [(0, 1), (1, 2), (1, 3)]

    def no_memory() -> Iterator[int]:
        yield 1
        raise MemoryError

    assert list(answers([no_memory])) == [(0, 1), (0, Died("memory does not suffice"))]
    assert len(os.listdir("/proc/self/fd")) == len(before)
