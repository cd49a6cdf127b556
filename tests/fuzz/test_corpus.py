"""Every input that is kept, seeds and findings, keeps every promise; and the fuzzer would notice if one were broken."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.fuzz import record
from tests.fuzz.bounds import TooLong, bounded
from tests.fuzz.mutate import LONGEST, mutated
from tests.fuzz.targets import CORPUS, TARGETS, corpus

KEPT = [(target, path) for target in TARGETS for path in corpus(target)]


@pytest.mark.parametrize(("target", "path"), KEPT, ids=[f"{target}/{path.name}" for target, path in KEPT])
def test_a_kept_input_is_read_or_refused(target: str, path: Path) -> None:
    bounded(TARGETS[target], path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_some_changed_inputs_are_read_or_refused(target: str) -> None:
    seeds = [path.read_bytes() for path in corpus(target)]
    dice = random.Random(target)
    for _ in range(40):
        bounded(TARGETS[target], mutated(dice, seeds))


def test_the_corpus_is_small() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == set(TARGETS)
    assert len(files) <= 150 and all(path.stat().st_size <= 45_000 for path in files)


def test_what_breaks_a_promise_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(content: bytes) -> None:
        if content == b"slow":
            time.sleep(5)
        raise ZeroDivisionError

    monkeypatch.setattr(record, "TARGETS", {"loader": broken})
    monkeypatch.setattr(record, "limit_memory", lambda: None)
    monkeypatch.setattr(record, "bounded", lambda target, content: bounded(target, content, 0.05))
    kept = record.Record("loader", tmp_path, "own")
    for content in (b"a", b"b", b"slow", b"slow"):
        kept.run(content)
    assert kept.close() == 1 and kept.executions == 4 and len(kept.places) == 2
    assert sorted(p.read_bytes() for p in (tmp_path / "loader").iterdir() if not p.suffix) == [b"a", b"slow"]


def test_a_limit_of_time_ends_an_input() -> None:
    with pytest.raises(TooLong):
        bounded(lambda _: time.sleep(5), b"", 0.05)


def test_changes_are_the_same_for_the_same_seed() -> None:
    seeds = [b"a: 1\n", b"b: [1, 2]\n"]
    once, again = ([mutated(random.Random(n), seeds) for n in range(200)] for _ in range(2))
    assert once == again and len(set(once)) > 100 and all(len(made) <= LONGEST for made in once)
