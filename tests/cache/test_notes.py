"""Notes: what verdicts rest on is the same from the cache, and whatever else lies there is worked out anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kexecspec import check, trust
from kexecspec.cache import store
from kexecspec.cache.notes import Note, Notes
from kexecspec.cache.place import Cache
from kexecspec.findings import Report
from kexecspec.options import Options

ROOT = Path(__file__).resolve().parents[2]
STORY = str(ROOT / "examples/kdump-fault-storm/smmu-v2.yaml")


LARGE = """\
schema: kexecspec/platform/1
platform: large
kernels: {prod: {version: 6.12}}
first: prod
handoffs: [prod -systemctl kexec-> prod]
smmus: {smmu: {variant: "arm,smmu-v3"}}
devices:
  d0: {driver: bnxt_en, smmu: smmu, streams: [1]}
  d1: {driver: generic-pci, smmu: smmu, streams: [2]}
  d2: {driver: LAST, smmu: smmu, streams: [3]}
"""


def _never() -> Note:
    raise AssertionError("it is worked out again")


def _any(_: Note) -> bool:
    return True


def noted(
    cache: Cache | None, follows_from: list[object], make: Callable[[], Note], fits: Callable[[Note], bool]
) -> Note:
    """One note of a run of its own."""
    notes = Notes(cache)
    said = notes.noted(lambda: follows_from, make, fits)
    notes.keep()
    return said


def _put(cache: Cache, text: str) -> None:
    with sqlite3.connect(cache.folder / store.NAME) as file:
        ((key,),) = file.execute("SELECT key FROM kept").fetchall()
    file.close()
    store.put(cache, key, text)


def test_a_note_is_found_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept")
    assert noted(cache, ["a", 1], lambda: ((1, 2), ()), _any) == ((1, 2), ())
    assert noted(cache, ["a", 1], _never, _any) == ((1, 2), ())
    assert noted(cache, ["a", 2], lambda: (), _any) == ()
    assert noted(None, ["a", 1], lambda: ((3,),), _any) == ((3,),)
    assert noted(Cache(tmp_path / "kept", afresh=True), ["a", 1], lambda: ((4,),), _any) == ((4,),)
    assert noted(cache, ["a", 1], _never, _any) == ((4,),)


@pytest.mark.parametrize("text", ["", "null", "{}", "[1]", "[[true]]", '[["1"]]', "[[1.0]]", "[" * 100_000, "\ufffd"])
def test_what_is_no_note_is_worked_out_anew(text: str, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept")
    noted(cache, ["a"], lambda: ((1,),), _any)
    _put(cache, text)
    assert noted(cache, ["a"], lambda: ((2,),), _any) == ((2,),)
    assert noted(cache, ["a"], _never, _any) == ((2,),)


def test_a_note_that_does_not_fit_is_worked_out_anew(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept")
    noted(cache, ["a"], lambda: ((1,),), _any)
    assert noted(cache, ["a"], lambda: (), lambda note: not note) == ()


def test_a_verdict_rests_on_the_same_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(cache=Cache(tmp_path / "kept"), inside=True)
    plain, first = check.check(STORY, Options(inside=True)), check.check(STORY, options)
    monkeypatch.setattr(trust, "rests", lambda *_: _never())
    second = check.check(STORY, options)
    assert any(finding.rests_on for finding in plain.findings)
    for again in (first, second):
        assert [finding.rests_on for finding in again.findings] == [finding.rests_on for finding in plain.findings]


def test_a_note_about_another_report_does_not_fit(tmp_path: Path) -> None:
    report = check.check(STORY, Options(inside=True))
    numbers = [[report.reliances.index(one) for one in finding.rests_on] for finding in report.findings]
    found = tuple(map(tuple, numbers))
    assert trust.fit(report, found) and trust.with_reliances(report, found) == report
    assert not trust.fit(report, found[:-1])
    assert not trust.fit(report, ((len(report.reliances),), *found[1:]))
    assert not trust.fit(report, ((-1,), *found[1:]))
    assert json.loads(json.dumps(trust.follows_from(report))) == trust.follows_from(report)


def test_an_edit_leaves_the_notes_of_other_parts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another driver with doubted features of its own bears on nothing that other drivers do."""
    options = Options(cache=Cache(tmp_path / "kept"), inside=True, apart=0)
    file, asked = tmp_path / "large.yaml", list[str]()
    real = trust.rests

    def told(report: Report, *more: Any) -> Note:
        asked.append(report.findings[0].property.part)
        return real(report, *more)

    monkeypatch.setattr(trust, "rests", told)
    for driver, wanted in (("caam", ["d0", "d1", "d2"]), ("dwc3", ["d2"])):
        file.write_text(LARGE.replace("LAST", driver))
        report = check.check(str(file), options)
        assert sorted(asked) == wanted
        without = check.check(str(file), replace(options, cache=None))
        assert [f.rests_on for f in report.findings] == [f.rests_on for f in without.findings]
        asked.clear()
