"""A verdict about something that can never happen is loud: handoffs that no run takes, premises out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from kexecspec import vacuity
from kexecspec.check import check
from kexecspec.findings import Report
from kexecspec.ground.ground import ground, loosened
from kexecspec.handoff_runs import taking
from kexecspec.hashes import of
from kexecspec.ir.expr import equal
from kexecspec.ir.nodes import TRUE, Const, Ref
from kexecspec.ir.system import Mode, TransitionSystem
from kexecspec.ir.trace import objection
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.judged import judged
from kexecspec.library import library
from kexecspec.merge import merged
from kexecspec.missing import Seeker
from kexecspec.options import Options
from kexecspec.platform.resolve import resolve
from kexecspec.platform.ways import platforms_in, read_platforms
from kexecspec.report.outcome import exit_code
from kexecspec.solve.judge import judge
from kexecspec.source import load
from tests.goldens import ROOT, STORIES, VACUOUS, Golden, expect_file, golden


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


@cache
def told(file: str) -> Golden:
    """What checking a file says, found out once."""
    return golden(file)


@pytest.mark.parametrize("file", VACUOUS)
def test_what_a_vacuous_platform_is_told(file: str) -> None:
    assert told(file).text == expect_file(file).read_text()


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
    options, sums = Options(only=("KX103",), replay=False), of(platform, library())
    ways = [((), found) for p in (free, platform) if (found := judged(p, library(), options, sums)) is not None]

    assert never(ways[0][1]) == [] and never(merged(ways, lambda fact, part: True)) == ["prod -crash-> kdump"]
    assert [any(f.vacuous for f in one.findings) for _, one in ways] == [False, True]
    for several in (ways, ways[::-1]):
        report = merged(several, lambda fact, part: True)
        assert not any(f.vacuous for f in report.findings), "what can happen in some way is looked at"


def chain(file: str, about: str) -> list[tuple[str, ...]]:
    """What the links of why something never happens say, the lines last."""
    report = told(file).report
    found = {f.property.id: f.missing for f in report.findings} | {one.name: one.missing for one in report.taken}
    links = found[about]
    return [*((*link.never, link.step or "-") for link in links), tuple(name for name, _ in links[-1].lines)]


def test_the_missing_step_is_the_one_that_nothing_brings_about() -> None:
    links = chain("tests/vacuous/suspended.yaml", "prod -kexec-> prod")

    assert links[0] == ("phase == down", "kexec to prod begins, user space is stopped first; device_shutdown")
    assert links[-3][-1] == "optee probe: the shm cache is drained, its cookies are ignored"
    assert links[-2] == ("(tee.stale + tee.live_user + tee.live_kernel + tee.parked + tee.nested) == 0", "-")
    assert "secure_world.suspended_threads" in links[-1]


def test_a_step_for_which_there_is_never_room_is_told_with_the_amounts() -> None:
    links = chain("tests/vacuous/heap.yaml", "KX102/bnxt@kexec")

    assert [link[-1] for link in links[:-1]] == ["bnxt probe: fw (4MiB) is registered with the secure world", "-"]
    assert {"secure_world.heap.size", "secure_world.heap.base_use"} <= set(links[-1])


def test_what_never_holds_together_is_told_with_the_limit() -> None:
    for about in ("prod -crash-> kdump", "KX103/bnxt@crash"):
        assert chain("tests/vacuous/limit.yaml", about) == [
            ("kernel == prod", "taken <= 0", "-"),
            ("limits.handoffs_between_resets",),
        ]


def test_a_fact_that_switches_a_step_off_is_named() -> None:
    path = ROOT / "tests/vacuous/suspended.yaml"
    root = load(str(path))
    specs = library()
    ((_, platform),) = platforms_in(root, str(path), specs)
    whole = resolve(root, str(path), specs, {**platform.plain, "assume": {"registration_fails": False}}, whole=True)
    system, facts = loosened(whole, specs)
    seeker = Seeker(system, {name: fact.value for name, fact in facts.items()}, 10**7)
    fails = next(rule for rule in system.rules if rule.name.endswith("tee_shm_alloc_kernel_buf(fw).fails"))

    links = seeker.missing(fails.guard)

    assert links[-1].facts == ("registration_failures",) and links[-1].never == ("registration_failures",)


def test_what_happens_has_no_missing_step() -> None:
    system, facts = loosened_of("tests/vacuous/limit.yaml")
    seeker = Seeker(system, facts, 10**7)

    assert seeker.missing(equal(Ref("kernel"), Const("prod"))) == ()
    assert seeker.missing(TRUE) == ()


@pytest.mark.parametrize("file", VACUOUS)
def test_the_solver_and_the_states_agree_on_what_never_happens(file: str) -> None:
    """The seeker looks at the states where they are few; the judge says the same."""
    system, facts = loosened_of(file)
    seeker, asked = Seeker(system, facts, 10**7), Seeker(system, facts, 10**7)
    object.__setattr__(asked, "_rows", None)

    for prop in system.properties:
        assert seeker.never(prop.companion) == asked.never(prop.companion), prop.id


def loosened_of(file: str) -> tuple[TransitionSystem, dict[str, Value]]:
    root, specs = load(file), library()
    ((_, platform),) = platforms_in(root, file, specs)
    system, facts = loosened(resolve(root, file, specs, dict(platform.plain), whole=True), specs)
    return system, {name: fact.value for name, fact in facts.items()}
