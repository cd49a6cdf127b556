"""The processes of a sweep on this machine know what earlier runs found; a folder that cannot be used is told once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kexecspec.sweep import run as sweep_run
from kexecspec.sweep import work
from kexecspec.sweep.identity import Made
from kexecspec.sweep.judging import Question, judged
from kexecspec.sweep.result import Answer
from kexecspec.sweep.work import Job, judge_chunk
from tests.conftest import Run
from tests.faults.running import STORY

MATRIX = "sweep: small\naxes:\n  platform: [acme.yaml]\n  threads: {at: secure_world.threads, values: [1, 2]}\n"
SWEEP = ("sweep", "small.yaml", "--only", "KX105", "--format", "jsonl", "--jobs", "1")


@pytest.fixture
def folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEXECSPEC_CACHE", str(tmp_path / "kept"))
    (tmp_path / "acme.yaml").write_text(STORY)
    (tmp_path / "small.yaml").write_text(MATRIX)
    return tmp_path / "kept"


@pytest.fixture
def caches(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Judges in this process, and notes with which cache."""
    found: list[object] = []

    def here(jobs: Sequence[Job], made: Made, seconds: float, cache: Any = None) -> list[tuple[int, Answer, float]]:
        found.append(cache)
        return [(j.key, judged(Question(j.tree, j.path, made.only, made.rlimit, cache=cache)), 0.1) for j in jobs]

    monkeypatch.setattr(sweep_run, "judge_chunk", here)
    return found


def _verdicts(text: str) -> list[object]:
    return [row.get("verdict") for row in map(json.loads, text.splitlines())]


def test_what_one_sweep_finds_the_next_one_knows(folder: Path, run: Run, caches: list[Any]) -> None:
    first = run(*SWEEP, "--results", "one.jsonl")
    size = (folder / "proofs.sqlite3").stat().st_size
    second = run(*SWEEP, "--results", "two.jsonl")
    assert first.code == second.code == 0 and _verdicts(first.out) == _verdicts(second.out)
    assert {cache.folder for cache in caches} == {folder} and (folder / "proofs.sqlite3").stat().st_size == size > 0


def test_a_sweep_does_without(folder: Path, run: Run, caches: list[Any]) -> None:
    assert run(*SWEEP, "--no-cache", "--results", "one.jsonl").code == 0
    assert set(caches) == {None} and not folder.exists()


def test_what_is_wrong_is_told_once(folder: Path, run: Run, caches: list[Any]) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    ran = run(*SWEEP, "--results", "one.jsonl")
    told = f"warning: no judgements are kept: {folder}: others may write there (mode 777, wanted is 700)\n"
    assert ran.code == 0 and ran.err == told and set(caches) == {None}


def test_a_job_is_asked_with_the_cache_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Question] = []

    class Noting:
        """As much of a judge as is used here."""

        stopped = False

        def ask(self, question: Question, seconds: float) -> None:
            asked.append(question)

    monkeypatch.setattr(work, "_check_alike", lambda *_: None)
    monkeypatch.setattr(work, "Judge", Noting)
    monkeypatch.setattr(work, "judges", work.Judges)
    made, cache = Made("", "", "", (), 1), object()
    judge_chunk([Job(1, None, "")], made, 1.0, cache)  # type: ignore[arg-type]
    judge_chunk([Job(1, None, "")], made, 1.0)  # type: ignore[arg-type]
    assert [question.cache for question in asked] == [cache, None]
