"""Two combinations are the same where nothing that a verdict hangs on differs, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.library import library
from kexecspec.platform.ways import platforms_in
from kexecspec.source import load, parse
from kexecspec.sweep.combine import combinations
from kexecspec.sweep.identity import Made, combination_id, made_with, system_id
from kexecspec.sweep.judging import Question, judged
from kexecspec.sweep.plan import Ready, planned, prepared
from kexecspec.sweep.read import read_matrix
from kexecspec.tree import Table
from tests.goldens import ROOT, STORIES
from tests.sweep.fleets import BOARD, MATRIX, fleet

MADE = Made("specs", "tool", "z3", (), 1000)


def system(text: str, path: str = "a.yaml", made: Made = MADE) -> str:
    return system_id(platforms_in(parse(text, path), path, library()), made)


def text(**changes: str) -> str:
    made = BOARD.format(name=changes.pop("name", "a"), use=changes.pop("use", "20000"))
    for old, new in changes.items():
        assert old in made
        made = made.replace(old, new)
    return made


def test_names_paths_layout_and_releases_with_the_same_features_do_not_count() -> None:
    first = system(text())
    assert first == system("# moved\n\n" + text(name="b"), "c/d.yaml")
    assert first == system(text().replace("5.10.19", "5.10.20"))
    assert first == system(text().replace("expect:", "about: something else\nexpect:"))


@pytest.mark.parametrize(
    ("old", "new"),
    [("20000", "20008"), ("5.10.19", "5.14"), ("bnxt: {driver", "eth0: {driver"), ("systemctl kexec", "kexec"),
     ("2GiB", "3GiB"), ("65536", "65544"), ("present: false", "present: true"), ("3.13.0", "3.14.0"),
     ("version: 5.10.19", "version: 5.10.19, features: {smmu2-shutdown-aborts: true}"),
     ("handoffs", "assume: {in_flight: none}\nhandoffs")],
)  # fmt: skip
def test_everything_else_counts(old: str, new: str) -> None:
    assert old in text() and system(text()) != system(text().replace(old, new, 1))


def test_what_it_is_judged_with_counts(tmp_path: Path) -> None:
    (one, *_) = combinations(read_matrix(str(fleet(tmp_path))))
    others = (
        replace(MADE, specs="other"), replace(MADE, tool="other"), replace(MADE, z3="4"),
        replace(MADE, only=("KX103",)), replace(MADE, rlimit=1001),
    )  # fmt: skip
    assert len({combination_id(one, made) for made in (MADE, *others)}) == 6
    assert len({system(text(), made=made) for made in (MADE, *others)}) == 6


def test_an_edit_changes_the_ids_of_what_it_touches_only(tmp_path: Path) -> None:
    path = fleet(tmp_path)
    before = {one.combination.names: one.id for one in planned(read_matrix(str(path)), MADE).mine}
    board = tmp_path / "board-b.yaml"
    board.write_text("# a comment\n" + board.read_text().replace("platform: b", "about: x\nplatform: b"))
    path.write_text(MATRIX.replace("5.14", "5.15"))
    after = {one.combination.names: one.id for one in planned(read_matrix(str(path)), MADE).mine}
    assert before.keys() & after.keys() == {names for names in after if names[1][1] != "5.15"}
    assert all(before[names] == after[names] for names in before.keys() & after.keys())
    board.write_text(board.read_text().replace("30000", "30008"))
    again = {one.combination.names: one.id for one in planned(read_matrix(str(path)), MADE).mine}
    assert {names for names in again if again[names] != after[names]} == {n for n in after if n[0][1] == "board-b.yaml"}


def test_every_story_has_a_system_of_its_own_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found: dict[str, list[str]] = {}
    for story in STORIES:
        found.setdefault(system_id(platforms_in(load(story), story, library()), MADE), []).append(story)
    assert [stories for stories in found.values() if len(stories) > 1] == []


def test_equal_systems_have_equal_answers(tmp_path: Path) -> None:
    """Two kernels of one system, judged apart."""
    made = made_with(library(), (), 20_000_000)
    found = [prepared(one, made, library()) for one in planned(read_matrix(str(fleet(tmp_path))), made).mine]
    ready = {one.planned.combination.names[1][1]: one for one in found if isinstance(one, Ready)}
    old, new = ready["5.10.19"], ready["5.10.20"]
    assert old.system == new.system != ready["5.14"].system
    assert isinstance(old.tree, Table)
    answers = [judged(Question(one.tree, "x.yaml", ("KX106",), made.rlimit)) for one in (old, new)]
    assert answers[0] == answers[1] and answers[0].refuted
