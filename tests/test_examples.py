"""Every story: its golden, its expectations, and each refutation confirmed by the executable model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from kexecspec.ir.verdict import Verdict
from tests.goldens import README, ROOT, STORIES, Golden, expect_file, golden, story_table, with_table


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


@cache
def made(story: str) -> Golden:
    return golden(story)


@pytest.mark.parametrize("story", STORIES)
def test_a_story_says_what_its_expect_file_says(story: str) -> None:
    assert made(story).text == expect_file(story).read_text()


@pytest.mark.parametrize("story", STORIES)
def test_a_story_meets_its_expectations_and_the_tool_agrees_with_itself(story: str) -> None:
    report = made(story).report

    assert report.unmet == ()
    assert report.objections == ()
    assert report.met > 0


@pytest.mark.parametrize("story", STORIES)
def test_each_refutation_is_confirmed_and_no_proof_is_vacuous(story: str) -> None:
    for finding in made(story).report.findings:
        if finding.verdict is Verdict.REFUTED:
            assert finding.replay is not None
            assert finding.replay.outcome == "CONFIRMED"
        assert not finding.vacuous


def test_each_story_has_its_golden_and_each_golden_its_story() -> None:
    goldens = {p.relative_to(ROOT).with_suffix(".yaml").as_posix() for p in (ROOT / "examples").glob("*/*.expect")}

    assert goldens == set(STORIES)


def test_the_table_of_stories_in_the_readme_is_the_generated_one() -> None:
    table = story_table({story: made(story).report for story in STORIES})

    assert with_table(README.read_text(), table) == README.read_text()
