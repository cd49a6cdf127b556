"""How a sweep runs: what is judged, by whom and how often, with a stand-in for the judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kexecspec.library import library
from kexecspec.sweep import run as module
from kexecspec.sweep.identity import Made, made_with
from kexecspec.sweep.matrix import Names
from kexecspec.sweep.plan import Plan, planned
from kexecspec.sweep.read import read_matrix
from kexecspec.sweep.result import INPUT_ERROR, JUDGED, UNANSWERED, Answer, Row
from kexecspec.sweep.run import Crew, Gone, reused, swept
from kexecspec.sweep.work import Job, Unlike
from tests.sweep.fleets import MATRIX, fleet
from tests.sweep.made_rows import BROKEN, GIVEN_UP, PROVED

Judge = Callable[[Job], Answer]


class Here(Executor):
    """Does everything at once, in order."""

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **more))
        except BaseException as error:
            future.set_exception(error)
        return future


class Bench:
    """A stand-in for the judges, which keeps what it was asked."""

    def __init__(self, judge: Judge = lambda job: PROVED) -> None:
        self.judge = judge
        self.chunks: list[tuple[int, ...]] = []

    def __call__(self, jobs: Sequence[Job], made: Made, seconds: float) -> list[tuple[int, Answer, float]]:
        self.chunks.append(tuple(job.key for job in jobs))
        return [(job.key, self.judge(job), 0.01) for job in jobs]

    @property
    def asked(self) -> list[int]:
        return sorted(key for chunk in self.chunks for key in chunk)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return planned(read_matrix(str(fleet(tmp_path))), made_with(library(), (), 1000))


def ran(
    plan: Plan, bench: Bench, monkeypatch: pytest.MonkeyPatch, earlier: Sequence[Row] = (), crew: Crew | None = None
) -> list[Row]:
    monkeypatch.setattr(module, "judge_chunk", bench)
    rows: list[Row] = []
    swept(plan, earlier, crew or Crew(Here(), 4, False), 1.0, rows.append)
    return sorted(rows, key=lambda row: row.number)


def test_equal_systems_are_judged_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    rows = ran(plan, bench, monkeypatch)
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.solved for row in rows] == [True, False, True, True, False, True]
    assert bench.asked == [1, 3, 4, 6] and all(row.answer == PROVED for row in rows)
    assert rows[0].system == rows[1].system and rows[0].id != rows[1].id


def test_with_many_threads_too(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    with ThreadPoolExecutor(4) as pool:
        rows = ran(plan, bench, monkeypatch, crew=Crew(pool, 8, False))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6] and bench.asked == [1, 3, 4, 6]


def test_what_is_known_is_not_judged_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran(plan, Bench(), monkeypatch)
    bench = Bench()
    assert ran(plan, bench, monkeypatch, first) == [] and bench.chunks == []
    assert list(reused(plan, first)) == first
    assert [row.number for row in ran(plan, bench, monkeypatch, first[1:3])] == [1, 4, 5, 6] and bench.asked == [4, 6]


def test_after_an_edit_only_what_it_touches_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made = fleet(tmp_path), made_with(library(), (), 1000)
    first = ran(planned(read_matrix(str(path)), made), Bench(), monkeypatch)
    board = tmp_path / "board-b.yaml"
    board.write_text(board.read_text().replace("30000", "30008"))
    bench = Bench()
    after = planned(read_matrix(str(path)), made)
    assert [row.number for row in ran(after, bench, monkeypatch, first)] == [4, 5, 6] and bench.asked == [4, 6]
    assert [row.number for row in reused(after, first)] == [1, 2, 3]


def test_what_was_given_up_or_wrong_is_judged_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran(plan, Bench(lambda job: GIVEN_UP if job.key < 4 else PROVED), monkeypatch)
    assert [row.answer.outcome for row in first] == [UNANSWERED] * 3 + [JUDGED] * 3
    bench = Bench()
    assert [row.answer for row in ran(plan, bench, monkeypatch, first)] == [PROVED] * 3 and bench.asked == [1, 3]


def test_an_input_error_is_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd, gone = "{name: odd, set: {secure_world: {abi: smoke}}}", "{name: gone, set: {memory: {roam: null}}}"
    axis = f"  mode: [{{name: good}}, {odd}, {gone}]\n"
    plan = planned(read_matrix(str(fleet(tmp_path, MATRIX + axis))), made_with(library(), (), 1000))
    bench = Bench()
    rows = ran(plan, bench, monkeypatch)
    wrong = {row.names[2][1]: row for row in rows if row.answer.outcome == INPUT_ERROR}
    assert len(rows) == 18 and bench.asked == [1, 7, 10, 16]
    said = {name: row.answer.errors[0] for name, row in wrong.items()}
    assert (said["odd"].code, said["odd"].path, said["odd"].line) == ("KX002", str(tmp_path / "fleet.yaml"), 6)
    assert (said["gone"].code, said["gone"].help) == ("KX019", "did you mean 'ram'? it has: ram")
    assert {row.answer.exit for row in wrong.values()} == {2}


def test_an_input_error_that_only_a_judge_finds_is_about_its_own_file(
    plan: Plan, monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(lambda job: BROKEN)
    rows = ran(plan, bench, monkeypatch)
    assert bench.asked == [1, 2, 3, 4, 5, 6] and all(row.solved for row in rows)


class Losing(Here):
    """Loses the worker of every chunk that `unlucky` says."""

    def __init__(self, unlucky: Callable[[tuple[int, ...], int], bool]) -> None:
        self.unlucky, self.tried = unlucky, dict[tuple[int, ...], int]()

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        keys = tuple(job.key for job in arguments[0])
        self.tried[keys] = self.tried.get(keys, 0) + 1
        if not self.unlucky(keys, self.tried[keys]):
            return super().submit(function, *arguments, **more)
        future: Future[Any] = Future()
        future.set_exception(OSError("the worker is gone"))
        return future


def test_a_lost_worker_loses_nothing(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, crew = Bench(), Crew(Losing(lambda keys, tried: tried == 1), 4, True)
    rows = ran(plan, bench, monkeypatch, crew=crew)
    assert [row.answer for row in rows] == [PROVED] * 6 and bench.asked == [1, 3, 4, 6]


def test_a_combination_that_loses_every_worker_takes_no_other_along(
    plan: Plan, monkeypatch: pytest.MonkeyPatch,
) -> None:
    executor = Losing(lambda keys, _: 4 in keys)
    rows = ran(plan, Bench(), monkeypatch, crew=Crew(executor, 4, True))
    assert [row.answer.outcome for row in rows] == [JUDGED] * 3 + [UNANSWERED] * 2 + [JUDGED]
    assert rows[3].answer.why == "its worker was lost: OSError: the worker is gone" and rows[3].answer.exit == 3
    assert executor.tried[(4,)] in (2, 3)


def test_short_ones_go_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axis = f"  n: {{at: secure_world.threads, values: {list(range(1, 13))}}}\n"
    plan = planned(read_matrix(str(fleet(tmp_path, MATRIX + axis))), made_with(library(), (), 1000))
    bench = Bench()
    rows = ran(plan, bench, monkeypatch, crew=Crew(Here(), 2, True))
    assert len(rows) == 72 and len(bench.asked) == len(set(bench.asked)) == 48
    sizes = [len(chunk) for chunk in bench.chunks]
    assert sizes[0] == sizes[-1] == 1 and 5 < max(sizes) <= 16


def test_a_worker_of_another_version_ends_the_sweep(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlike(job: Job) -> Answer:
        raise Unlike("a worker has another kexecspec")

    def missing(job: Job) -> Answer:
        raise ModuleNotFoundError("No module named 'kexecspec'")

    for judge in (unlike, missing):
        with pytest.raises(Unlike, match="kexecspec"):
            ran(plan, Bench(judge), monkeypatch)


def test_an_executor_that_breaks_ends_the_sweep_and_keeps_what_is_done(
    plan: Plan, monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Breaking(Here):
        left = 2

        def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
            self.left -= 1
            if self.left < 0:
                raise BrokenExecutor("a child process terminated abruptly")
            return super().submit(function, *arguments, **more)

    rows: list[Row] = []
    monkeypatch.setattr(module, "judge_chunk", Bench())
    with pytest.raises(Gone, match="abruptly"):
        swept(plan, (), Crew(Breaking(), 1, False), 1.0, rows.append)
    assert len(rows) >= 2 and len({row.number for row in rows}) == len(rows)


def test_names_are_kept(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[Names] = [row.names for row in ran(plan, Bench(), monkeypatch)]
    assert names == [one.combination.names for one in plan.mine]
