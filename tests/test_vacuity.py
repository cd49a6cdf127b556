"""A verdict about something that can never happen is loud: handoffs that no run takes, premises out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kexecspec import vacuity
from kexecspec.check import Options, check, judged, read_platforms
from kexecspec.findings import Report
from kexecspec.ground.ground import ground
from kexecspec.handoff_runs import taking
from kexecspec.ir.system import Mode
from kexecspec.ir.trace import objection
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.library import library
from kexecspec.merge import merged
from kexecspec.report.outcome import exit_code
from kexecspec.solve.judge import judge
from tests.goldens import ROOT, STORIES, VACUOUS, expect_file, golden


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


@pytest.mark.parametrize("file", VACUOUS)
def test_what_a_vacuous_platform_is_told(file: str) -> None:
    assert golden(file).text == expect_file(file).read_text()


@pytest.mark.parametrize("story", STORIES)
def test_each_handoff_of_a_story_is_taken_by_a_run(story: str) -> None:
    for _, platform in read_platforms(story, library()):
        system = ground(platform, library())
        runs = vacuity.runs(platform, system)

        assert set(runs) == {edge.name for edge in platform.edges}
        for edge in platform.edges:
            rule = taking(system, edge)
            assert rule is not None and objection(system, runs[edge.name], rule.enabled) is None


def test_a_handoff_that_no_straight_way_leads_to_is_judged() -> None:
    """The same answers without the walk: a run where there is one, a proof where there is none."""
    ((_, platform),) = read_platforms("tests/vacuous/limit.yaml", library())
    system = ground(platform, library())
    asked = vacuity.questions(platform, system, {})
    judgements = {judgement.property: judgement for judgement in judge(system, asked)}

    found = vacuity.taken(platform, {}, judgements)

    assert [prop.mode for prop in asked] == [Mode.SOMETIMES] * 2
    assert [(one.name, one.verdict) for one in found] == [
        ("boot -kexec-> prod", Verdict.PROVED),
        ("prod -crash-> kdump", Verdict.REFUTED),
    ]
    assert isinstance(judgements[asked[0].id].evidence, Proof) and (found[0].steps or 0) > 5


def never(report: Report) -> list[str]:
    return [one.name for one in report.taken if one.verdict is not Verdict.PROVED]


def test_proofs_about_a_handoff_that_never_happens_are_vacuous() -> None:
    report = check("tests/vacuous/limit.yaml", Options(only=("KX103",)))

    assert never(report) == ["prod -crash-> kdump"]
    assert {f.property.handoff: f.vacuous for f in report.findings} == {"kexec": False, "crash": True}
    assert exit_code(report) == 1


def test_one_that_nobody_decided_is_open() -> None:
    report = check("tests/vacuous/limit.yaml", Options(only=("KX103/bnxt@kexec",)))
    unknown = replace(report.taken[1], verdict=Verdict.UNKNOWN)

    assert exit_code(replace(report, taken=(report.taken[0], unknown))) == 3


def test_of_several_ways_the_one_without_the_handoff_counts() -> None:
    ((_, platform),) = read_platforms("tests/vacuous/limit.yaml", library())
    free = replace(platform, limits=())
    ways = [((), judged(p, library(), Options(only=("KX103",), replay=False))) for p in (free, platform)]

    assert never(ways[0][1]) == [] and never(merged(ways)) == ["prod -crash-> kdump"]
