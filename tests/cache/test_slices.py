"""What an edit does not touch is not solved again, and what is kept about slices is believed no more than the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.cache import store
from kexecspec.cache.place import Cache
from kexecspec.cache.slices import Slices, read_answers, written_answers
from kexecspec.cache.terms import Malformed
from kexecspec.check import check
from kexecspec.findings import Report
from kexecspec.ir.expr import conjoin, equal, negate
from kexecspec.ir.nodes import Const, Ref
from kexecspec.ir.system import Invariant, Place, TransitionSystem
from kexecspec.ir.verdict import Lap
from kexecspec.options import Options
from kexecspec.solve import share
from kexecspec.solve.answers import Answer, Open, Reached, Safe, Target
from tests.cache.test_check import _entries, _is_slice
from tests.cache.test_round_trip import _runs
from tests.solve.generated import systems, truths

TWO = """\
schema: kexecspec/platform/1
platform: acme
memory: {ram: [0x8000_0000 + 2GiB]}
secure_world: {optee: 3.13.0, abi: smc, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices: {bnxt: {driver: tee_bnxt_fw}, own: {driver: generic-tee-client-shutdown}}
kernels: {prod: {version: 5.10.19}}
handoffs: [prod -systemctl kexec-> prod]
"""
SOME = Options(only=("KX102", "KX105"), inside=True)


@st.composite
def solved(draw: st.DrawFn) -> tuple[TransitionSystem, tuple[Target, ...], tuple[Answer, ...]]:
    """A slice, three questions about it, and what might be said."""
    part = draw(systems())
    run = draw(_runs(part))
    there = conjoin(equal(Ref(name), Const(value)) for name, value in run.last.items())
    places = st.none() | st.builds(Place, st.text(max_size=5), st.integers(1, 9), st.integers(1, 9))
    invariants = tuple(draw(st.lists(st.builds(Invariant, st.text(max_size=5), truths(), places), max_size=4)))
    lap = Lap(0, 1, len(run.steps), "n", 2) if run.steps else None
    answers = (Safe(invariants, "states"), Reached(run, draw(st.booleans()), lap), Reached(run, False))
    return part, (Target(there), Target(there, True, "n"), Target(there, False)), answers


@settings(max_examples=30)
@given(solved())
def test_answers_come_back_as_they_were(given: Any) -> None:
    part, targets, answers = given
    text = written_answers(part, targets, answers)
    assert text is not None and read_answers(text, part, targets) == answers
    with pytest.raises(Malformed):
        read_answers(text, part, [replace(target, where=negate(target.where)) for target in targets])
    with pytest.raises(Malformed):
        read_answers(text, part, targets[:2])


@settings(max_examples=10)
@given(solved())
def test_that_something_is_never_reached_is_kept_only_where_it_is_checked(given: Any) -> None:
    part, (target, *_), (safe, *_) = given
    assert written_answers(part, [target], [Open("rlimit", 3)]) is None
    assert written_answers(part, [replace(target, exact=False)], [safe]) is None
    text = written_answers(part, [target], [safe])
    assert text is not None
    with pytest.raises(Malformed):
        read_answers(text, part, [replace(target, exact=False)])
    both = written_answers(part, [target, target], [Open("rlimit", 3), safe])
    assert both is not None and read_answers(both, part, [target, target]) == (None, safe)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.yaml").write_text(TWO)
    return tmp_path / "acme.yaml"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The slices that are solved."""
    found: list[object] = []
    real = share.settle

    def settle(*given: Any) -> Any:
        found.append(given[0])
        return real(*given)

    monkeypatch.setattr(share, "settle", settle)
    return found


def _plain(report: Report) -> Report:
    return replace(report, recalled=None)


def test_an_edit_leaves_what_it_does_not_touch(acme: Path, settled: list[object]) -> None:
    """Another kernel: what is wrong there is not the same, and on what it does right in the same way nobody works."""
    options = replace(SOME, cache=Cache(acme.parent / "kept"))
    check("acme.yaml", options)
    before = len(settled)
    acme.write_text(TWO.replace("5.10.19", "6.12"))
    settled.clear()
    after = check("acme.yaml", options)
    assert 0 < len(settled) < before
    assert after.recalled is not None and after.recalled.known > 0 and after.recalled.judged > 0
    assert _plain(after) == check("acme.yaml", SOME)


def test_a_lie_about_a_slice_is_found_out(acme: Path, settled: list[object]) -> None:
    """Whatever is refuted is claimed to be excluded by what does not hold: all is judged afresh."""
    cache = Cache(acme.parent / "kept")
    honest = check("acme.yaml", replace(SOME, cache=cache))
    for key, content in _entries(cache).items():
        if _is_slice(content):
            content["terms"].append(["value", False])
            content["invariants"].append(["excluded", len(content["terms"]) - 1, None])
            content["said"][0] = ["safe", "inductive", [len(content["invariants"]) - 1]]
            store.put(cache, key, json.dumps(content))
        else:
            store.drop(cache, key)
    first, second = (check("acme.yaml", replace(SOME, cache=cache)) for _ in range(2))
    assert _plain(first) == _plain(second) == _plain(honest) and first.objections == ()
    assert first.recalled == honest.recalled and second.recalled is not None and second.recalled.judged == 0


def test_a_folder_that_cannot_be_used_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").write_text("")
    shelf = Slices(Cache(tmp_path / "kept"), ())
    part = TransitionSystem({}, ())
    assert shelf.find(part, [Target(Const(True))]) == (None,) and not shelf.usable
    monkeypatch.setattr(store, "get", None)
    monkeypatch.setattr(store, "put_all", None)
    assert shelf.find(part, [Target(Const(True))]) == (None,)
    shelf.keep([(part, [Target(Const(True))], [Open("rlimit", 0)])])
