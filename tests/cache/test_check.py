"""A check with a cache says what one without says, whatever lies in the cache."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kexecspec.check
import kexecspec.hashes
import kexecspec.judged
from kexecspec.cache import memory, store
from kexecspec.cache.place import Cache
from kexecspec.check import check, checked
from kexecspec.findings import Hashes, Report
from kexecspec.hashes import of_installation
from kexecspec.ir.verdict import Exhausted, Judgement, Verdict
from kexecspec.library import library
from kexecspec.options import Options
from tests.faults.running import STORY
from tests.goldens import ROOT


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.yaml").write_text(STORY)
    return "acme.yaml"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "kept")


SOME = Options(only=("KX102", "KX105"), inside=True)
"""One refutation and two proofs."""


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, bytes]:
    """What is said of acme, and the file that is left behind."""
    folder = tmp_path_factory.mktemp("honest")
    (folder / "acme.yaml").write_text(STORY)
    with contextlib.chdir(folder):
        report = check("acme.yaml", replace(SOME, cache=Cache(folder / "kept")))
    return report, (folder / "kept" / store.NAME).read_bytes()


@pytest.fixture
def filled(honest: tuple[Report, bytes], cache: Cache) -> Cache:
    """A cache in which the answers about acme lie."""
    cache.folder.mkdir(mode=0o700)
    (cache.folder / store.NAME).write_bytes(honest[1])
    return cache


def _plain(report: Report) -> Report:
    return replace(report, recalled=None)


def _counts(report: Report) -> tuple[int, int]:
    assert report.recalled is not None and report.recalled.trouble == ()
    return report.recalled.known, report.recalled.judged


def _entry(cache: Cache, change: Callable[[Any], Any]) -> None:
    """Changes the one entry with judgements, and gives it the right sum. None is about a slice any more."""
    entries = _entries(cache)
    (key,) = _keys(cache)
    store.put_all(cache, {other: None for other in entries if other != key})
    store.put(cache, key, json.dumps(change(entries[key])))


def _entries(cache: Cache) -> dict[str, Any]:
    """Those with judgements or answers; notes are lists."""
    with sqlite3.connect(cache.folder / store.NAME) as file:
        keys = [key for (key,) in file.execute("SELECT key FROM kept ORDER BY key")]
    file.close()
    said = {key: json.loads(store.get(cache, key) or "") for key in keys}
    return {key: content for key, content in said.items() if isinstance(content, dict)}


def _is_slice(content: Any) -> bool:
    return any(row[:1] in (["safe"], ["run"]) for row in content["said"])


def _keys(cache: Cache) -> list[str]:
    """Those of the entries with judgements."""
    return [key for key, content in _entries(cache).items() if not _is_slice(content)]


def _nobody(*_: object, **__: object) -> Any:
    raise AssertionError("somebody is asked")


@pytest.mark.parametrize("story", ["acme", "kdump-fault-storm/smmu-v2"])
def test_the_second_time_nobody_is_asked(story: str, acme: str, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = acme if story == "acme" else str(ROOT / f"examples/{story}.yaml")
    options = Options(cache=cache, inside=True)
    without, first = check(path, replace(options, cache=None)), check(path, options)
    monkeypatch.setattr(kexecspec.judged, "judge_together", _nobody)
    second = check(path, options)
    assert without.recalled is None and without == _plain(first) == _plain(second)
    known, judged = _counts(first)
    assert known == 0 and judged > 0 and _counts(second) == (judged, 0)


def test_ways_are_added_up(acme: str, cache: Cache) -> None:
    """A fact that changes the shape of the platform is tried each way, and each way has an entry."""
    Path(acme).write_text(STORY.replace("present: false", "present: unknown"))
    options = Options(cache=cache, only=("KX105",), inside=True)
    first, second = checked(acme, options), checked(acme, options)
    assert len(first.ways) == 2 == len(_keys(cache))
    judged = sum(_counts(way.report)[1] for way in first.ways)
    total = sum(_counts(first.report))
    assert _counts(first.report)[1] == judged and _counts(second.report) == (total, 0)


def test_what_was_edited_is_judged_again(acme: str, filled: Cache) -> None:
    options = replace(SOME, cache=filled)
    Path(acme).write_text("# a comment\n" + STORY)
    known, judged = _counts(check(acme, options))
    assert judged == 0
    Path(acme).write_text(STORY.replace("65536", "131072"))
    assert sum(_counts(check(acme, options))) == known and len(_keys(filled)) == 2
    assert _counts(check(acme, replace(options, rlimit=10**7)))[0] == 0


def test_other_specifications_another_tool_or_solver_have_entries_of_their_own(
    acme: str, filled: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sums in (("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x")):
        monkeypatch.setattr(kexecspec.check.hashes, "of", lambda *_, sums=sums: Hashes("", *sums))
        assert _counts(check(acme, replace(SOME, cache=filled)))[0] == 0
    assert len(_keys(filled)) == 4


def test_what_is_undecided_is_not_kept(acme: str, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    real = kexecspec.judged.judge_together

    def tired(system: Any, properties: Any, *more: Any, **named: Any) -> tuple[Judgement, ...]:
        asked.append(tuple(prop.id for prop in properties))
        found = real(system, properties, *more, **named)
        return (replace(found[0], verdict=Verdict.UNKNOWN, evidence=Exhausted("rlimit 1", 3)), *found[1:])

    monkeypatch.setattr(kexecspec.judged, "judge_together", tired)
    options = replace(SOME, cache=cache)
    first, second = check(acme, options), check(acme, options)
    assert _plain(first) == _plain(second) and first.findings[0].verdict is Verdict.UNKNOWN
    assert asked[1] == asked[0][:1]


def test_what_never_happens_is_shown_anew(cache: Cache) -> None:
    """No run and no invariant that is looked at again stands behind a proof of nothing."""
    path = str(ROOT / "tests/vacuous/heap.yaml")
    options = Options(cache=cache, inside=True)
    first, second = check(path, options), check(path, options)
    assert any(f.vacuous for f in first.findings) and _plain(first) == _plain(second)
    assert 0 < _counts(second)[1] < _counts(first)[1]


def test_a_certificate_is_the_same(acme: str, filled: Cache) -> None:
    from kexecspec.certificate.made import certificate

    options = replace(SOME, certified=True)
    first, second = checked(acme, options), checked(acme, replace(options, cache=filled))
    assert _counts(second.report)[1] == 0
    one, other = certificate(first), certificate(second)
    assert one is not None and other is not None and one.files == other.files


def _proved(content: Any) -> Any:
    return [one for one in content["said"] if one[1] == "PROVED"]


def _all_is_well(content: Any) -> Any:
    """Every refutation becomes a proof with a witness that somebody else's proof has."""
    witness = _proved(content)[0][3][2]
    for one in content["said"]:
        if one[1] == "REFUTED":
            one[1:] = ["PROVED", [], ["inductive", [], [witness[0], []]]]
    return content


def _stronger(content: Any) -> Any:
    """An invariant that does not hold, which implies everything."""
    content["terms"].append(["value", False])
    content["invariants"].append(["excluded", len(content["terms"]) - 1, None])
    for one in content["said"]:
        if one[1] == "PROVED":
            one[3][1].append(len(content["invariants"]) - 1)
    return _all_is_well(content)


@pytest.mark.parametrize("lie", [_stronger, _all_is_well])
def test_a_lie_is_found_out_dropped_and_judged_afresh(
    lie: Callable[[Any], Any], acme: str, filled: Cache, honest: tuple[Report, bytes]
) -> None:
    """Every sum is right; who believes it would prove what is refuted."""
    _entry(filled, lie)
    after = check(acme, replace(SOME, cache=filled))
    assert _plain(after) == _plain(honest[0]) and after.objections == ()
    assert _counts(after) == _counts(honest[0])
    assert _counts(check(acme, replace(SOME, cache=filled))) == (_counts(honest[0])[1], 0)


def test_a_lie_about_the_machine_is_found_out(
    acme: str, filled: Cache, honest: tuple[Report, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of the rules that the machine does not confirm, and that was not found just now, is looked for afresh."""
    real, told = kexecspec.judged.confirm.refutations, list[int]()

    def once(platform: Any, system: Any, findings: Any, specs: Any) -> Any:
        found, objections = real(platform, system, findings, specs)
        told.append(1)
        return found, (*objections, *(("KX102: replay HARMLESS",) if len(told) == 1 else ()))

    monkeypatch.setattr(kexecspec.judged.confirm, "refutations", once)
    after = check(acme, replace(SOME, cache=filled))
    assert _plain(after) == _plain(honest[0]) and len(told) == 2


def test_a_tool_that_disagrees_with_itself_keeps_nothing(
    acme: str, filled: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kexecspec.solve.recheck.recheck", lambda *_: ("it does not hold",))
    report = check(acme, replace(SOME, cache=filled))
    assert report.objections == ("it does not hold",) and _counts(report)[0] == 0
    assert len(_entries(filled)) > 0 and _keys(filled) == []


def test_some_of_an_entry_is_no_whole(acme: str, filled: Cache, honest: tuple[Report, bytes]) -> None:
    """What is missing is judged, and the entry is whole again."""
    total = _counts(honest[0])[1]

    def half(content: Any) -> Any:
        content["said"] = content["said"][:1]
        return content

    _entry(filled, half)
    after = check(acme, replace(SOME, cache=filled))
    assert _counts(after) == (1, total - 1)
    assert [(f.property.id, f.verdict) for f in after.findings] == [
        (f.property.id, f.verdict) for f in honest[0].findings
    ]
    assert _counts(check(acme, replace(SOME, cache=filled))) == (total, 0)


@pytest.mark.parametrize("text", ["", '{"terms": [], "invariants": [], "said": [[1]]}'])
def test_an_entry_that_cannot_be_read_is_dropped(
    text: str, acme: str, filled: Cache, honest: tuple[Report, bytes]
) -> None:
    for key in _entries(filled):
        store.put(filled, key, text)
    after = check(acme, replace(SOME, cache=filled))
    assert _plain(after) == _plain(honest[0]) and _counts(after)[0] == 0


def test_the_rest_only_is_asked_about() -> None:
    asked: list[object] = []
    nothing = memory.Memory(None, ())  # type: ignore[arg-type]
    assert nothing.with_rest(lambda rest: asked.append(rest) or ()) == () and asked == [[]]  # type: ignore[func-returns-value]
    assert nothing.keep((), True) is None


def test_the_version_of_the_solver_is_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is found: by the name of a folder, or, where there is none beside the package, by its metadata."""
    assert of_installation(library())[2] == version("z3-solver")
    (tmp_path / "z3").mkdir()
    elsewhere = SimpleNamespace(origin=str(tmp_path / "z3/__init__.py"))
    monkeypatch.setattr(kexecspec.hashes, "find_spec", lambda _: elsewhere)
    assert of_installation(library())[2] == version("z3-solver")
    for name in ("1.0", "2.0"):
        (tmp_path / f"z3_solver-{name}.dist-info").mkdir()
    assert of_installation(library())[2] == version("z3-solver")
    (tmp_path / "z3_solver-2.0.dist-info").rmdir()
    assert of_installation(library())[2] == "1.0"
    monkeypatch.setattr(kexecspec.hashes, "find_spec", lambda _: None)
    assert of_installation(library())[2] == version("z3-solver")
