"""Every story: its golden, its expectations, and each refutation confirmed by the executable model."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import dataclass

import pytest

from kexecspec.findings import Report
from kexecspec.ir.verdict import Verdict
from tests.goldens import README, ROOT, STORIES, TABLE_HEAD, expect_file, golden, story_row, table_in


@dataclass(frozen=True)
class Told:
    """A story, what checking it says, and the report behind that."""

    story: str
    text: str
    report: Report


@pytest.fixture(scope="module", params=STORIES)
def told(request: pytest.FixtureRequest) -> Told:
    """Each story, checked once for all that is asked of it here: its tests stand one after the other."""
    with chdir(ROOT):
        made = golden(request.param)
    return Told(request.param, made.text, made.report)


def test_a_story_says_what_its_expect_file_says(told: Told) -> None:
    assert told.text == expect_file(told.story).read_text()


def test_a_story_meets_its_expectations_and_the_tool_agrees_with_itself(told: Told) -> None:
    assert told.report.unmet == ()
    assert told.report.objections == ()
    assert told.report.met > 0


def test_each_refutation_is_confirmed_and_no_proof_is_vacuous(told: Told) -> None:
    for finding in told.report.findings:
        if finding.verdict is Verdict.REFUTED:
            assert finding.replay is not None
            assert finding.replay.outcome == "CONFIRMED"
        assert not finding.vacuous


def test_a_story_has_its_row_in_the_table_of_the_readme(told: Told) -> None:
    rows = table_in(README.read_text())[len(TABLE_HEAD) :]

    assert rows[STORIES.index(told.story)] == story_row(told.story, told.report)


def test_the_table_of_the_readme_has_a_row_for_each_story_and_no_other() -> None:
    table = table_in(README.read_text())

    assert table[: len(TABLE_HEAD)] == TABLE_HEAD
    assert len(table) == len(TABLE_HEAD) + len(STORIES)


def test_each_story_has_its_golden_and_each_golden_its_story() -> None:
    goldens = {p.relative_to(ROOT).with_suffix(".yaml").as_posix() for p in (ROOT / "examples").glob("*/*.expect")}

    assert goldens == set(STORIES)
