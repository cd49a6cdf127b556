"""Exit codes: of one report, and of several."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_reports import disagreeing, leak, not_judged, proved, refuted, report, unknown, unmet, vacuous

from kexecspec.exit_codes import gravest
from kexecspec.report.outcome import exit_code, expectations_code

NOTE = {"severity": "note"}
CASES = {
    "all proved": (report(proved(), not_judged()), 0),
    "a refuted error": (report(proved(), refuted()), 1),
    "a vacuous proof": (report(proved(), vacuous()), 1),
    "an unmet expectation": (report(proved(), unmet=(unmet(),)), 1),
    "a met expectation changes nothing": (report(refuted(), met=1), 1),
    "notes do not count": (report(proved(), refuted(**NOTE)), 0),
    "nothing judged": (report(not_judged()), 2),
    "no findings": (report(), 2),
    "undecided": (report(proved(), unknown()), 3),
    "refuted before undecided": (report(unknown(), refuted()), 1),
    "an objection": (report(proved(), objections=("the invariant is not kept",)), 4),
    "a replay that diverges": (report(refuted(), disagreeing()), 4),
}


@pytest.mark.parametrize("name", CASES)
def test_the_code_of_one_report(name: str) -> None:
    made, code = CASES[name]
    assert exit_code(made) == code


def test_bounded_answers_are_accepted_on_request_only_where_there_is_a_bound() -> None:
    assert exit_code(report(unknown()), accept_bounded=True) == 0
    assert exit_code(report(unknown(bound=None)), accept_bounded=True) == 3


def test_strict_sources_are_not_content_with_what_nobody_verified() -> None:
    trusting = report(replace(proved(), rests_on=report().reliances))
    assert [exit_code(trusting), exit_code(trusting, strict_sources=True)] == [0, 3]
    assert exit_code(report(proved()), strict_sources=True) == 0
    assert exit_code(report(replace(refuted(), rests_on=report().reliances)), strict_sources=True) == 1
    assert exit_code(report(replace(trusting.findings[0], severity="note"), proved()), strict_sources=True) == 0


def test_expectations_alone_decide_a_test() -> None:
    assert expectations_code(report(refuted(), leak(), met=2)) == 0
    assert expectations_code(report(proved(), unmet=(unmet(),))) == 1
    assert expectations_code(report(disagreeing(), met=1)) == 4


@pytest.mark.parametrize(
    ("codes", "code"),
    [((), 0), ((0, 3), 3), ((3, 1), 1), ((1, 2), 2), ((2, 4), 4), ((4, 130), 130), ((0, 0), 0)],
)
def test_the_gravest_of_several(codes: tuple[int, ...], code: int) -> None:
    assert gravest(codes) == code
