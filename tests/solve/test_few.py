"""Where a system has few states, what is read off them is what the judge says, and a list of states that is not all
there are is not believed."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from kexecspec import confirm
from kexecspec.explore import Sweep
from kexecspec.findings import Finding
from kexecspec.ground.ground import folded, ground, with_flow
from kexecspec.ir.expr import less, negate
from kexecspec.ir.nodes import FALSE, TRUE, Ref, same
from kexecspec.ir.nodes import Const as Number
from kexecspec.ir.system import Lifetime, Mode, Property, TransitionSystem
from kexecspec.ir.trace import Trace, objection
from kexecspec.ir.values import BOOL, IntSort
from kexecspec.ir.verdict import Counterexample, Judgement, Proof, Verdict
from kexecspec.library import library
from kexecspec.platform.part import parts
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import variants
from kexecspec.solve.answers import Disagreement
from kexecspec.solve.closed import objections
from kexecspec.solve.few import evidence_by_states, judged_by_states
from kexecspec.solve.judge import judge
from kexecspec.source import load, plain
from tests.generated import platform as generated

sys.path.insert(0, str(Path(__file__).parent))
from generated import systems
from systems import always, at, firmware, plus, rule, system, var

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = (
    "kdump-fault-storm/smmu-v3", "ls1028a-reboot-f/v6.1.0", "optee-shm-cache/kdump-oops", "shm-flags/priv-flag",
    "smmu-shutdown-modes/v3-gbpa-abort-kdump-running", "stale-thread/conforming", "tee-bnxt-fourth-kexec/hook-only",
)  # fmt: skip


def of_story(name: str) -> TransitionSystem:
    path = str(EXAMPLES / f"{name}.yaml")
    root = load(path)
    content = plain(root)
    assert isinstance(content, dict)
    _, filled = next(iter(variants(content, root)))
    return ground(resolve(root, path, library(), filled), library())


def the_same(looked: Judgement, solved: Judgement) -> None:
    assert looked.verdict is solved.verdict and looked.facts.items() >= solved.facts.items()
    match looked.evidence, solved.evidence:
        case Counterexample() as mine, Counterexample() as theirs:
            assert (mine.handoffs, mine.shortest, mine.decided_by) == (theirs.handoffs, True, theirs.decided_by)
            assert len(mine.trace.steps) <= len(theirs.trace.steps)
        case Proof() as mine, Proof() as theirs:
            assert (mine.witness is None) == (theirs.witness is None)
        case _:
            raise AssertionError((looked, solved))


@pytest.mark.parametrize("name", STORIES)
def test_stories_are_judged_alike(name: str) -> None:
    """Verdict, handoffs, premise, unknown facts and those that decide; runs are no longer."""
    whole = of_story(name)
    wanted = tuple(p for p in whole.properties if not same(p.companion, FALSE))
    looked = judged_by_states(whole, wanted)
    assert looked is not None
    for mine, theirs in zip(looked, judge(whole, wanted), strict=True):
        the_same(mine, theirs)
    proved = tuple(p for p, one in zip(wanted, looked, strict=True) if one.verdict is Verdict.PROVED)
    assert not proved or objections(whole, rows_of(looked), proved) == ()


def rows_of(judgements: tuple[Judgement, ...]) -> tuple[tuple[bool | int | str, ...], ...]:
    proofs = (one.evidence for one in judgements if isinstance(one.evidence, Proof))
    return next(proof.reached for proof in proofs if proof.reached)


@settings(max_examples=80, derandomize=True)
@given(systems())
def test_generated_systems_are_judged_alike(whole: TransitionSystem) -> None:
    """Unless a number would leave its range, which is the judge's business."""
    looked = judged_by_states(whole, whole.properties)
    if looked is not None:
        for mine, theirs, prop in zip(looked, judge(whole, whole.properties), whole.properties, strict=True):
            the_same(mine, theirs)
            if isinstance(mine.evidence, Counterexample):
                assert objection(whole, mine.evidence.trace, negate(prop.holds)) is None
            elif isinstance(mine.evidence, Proof):
                assert objections(whole, mine.evidence.reached, (prop,)) == ()


def test_parts_of_generated_platforms_are_judged_alike() -> None:
    compared = 0
    for seed in range(20 * int(os.environ.get("KEXECSPEC_SOAK", "1"))):
        for part in parts([generated(seed)], many=1)[0]:
            small = folded(part.platform, library())
            wanted = tuple(p for p in small.properties if not same(p.companion, FALSE) and p.counter is None)
            looked = judged_by_states(small, wanted) or ()
            for mine, theirs in zip(looked, judge(with_flow(small), wanted) if looked else (), strict=True):
                the_same(mine, theirs)
            compared += len(looked)
    assert compared > 30


COUNTS = system(
    (var("n", IntSort(0, 9), 0), var("fact", BOOL, None, Lifetime.FIXED)),
    (rule("up", at("fact", True), {"n": plus("n", 1)}, order=(less(Ref("n"), Number(4)),)),),
    (always("KX999", less(Ref("n"), Number(4)), companion=at("n", 3)), always("KX998", less(Ref("n"), Number(5)))),
)
PROVED = COUNTS.properties[1]


def test_an_unknown_fact_that_decides_is_named() -> None:
    looked = judged_by_states(COUNTS, COUNTS.properties)
    assert looked is not None
    refuted, proved = looked
    assert isinstance(refuted.evidence, Counterexample) and refuted.evidence.decided_by == (("fact", True),)
    assert isinstance(proved.evidence, Proof) and len(proved.evidence.reached) == 6
    assert refuted.facts == proved.facts == {"fact": "bool"}


def test_only_facts_that_bear_on_a_property_are_its_own_and_only_some_decide() -> None:
    """A fact of many values is not tried, so it does not decide."""
    amount, far = var("amount", IntSort(0, 99), None, Lifetime.FIXED), var("far", BOOL, None, Lifetime.FIXED)
    up = rule("up", at("amount", 50), {"n": 1})
    whole = system((var("n", IntSort(0, 1), 0), amount, far), (up,), (always("KX999", at("n", 0)),))
    (looked,) = judged_by_states(whole, whole.properties) or ()
    assert isinstance(looked.evidence, Counterexample) and looked.evidence.decided_by == ()
    assert looked.facts.keys() == {"amount"}


def test_a_run_that_the_rules_do_not_allow_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Trace({"n": 3, "fact": True}, ())
    monkeypatch.setattr(Sweep, "nearest", lambda self, targets: [wrong for _ in targets])
    with pytest.raises(Disagreement, match="the first state is not an initial state"):
        judged_by_states(COUNTS, COUNTS.properties)


def test_a_run_that_is_wanted() -> None:
    """A property about what can happen is proved by a run, and refuted by the states."""
    there, never = (Property("K", "x", "", at("n", n), TRUE, "", mode=Mode.SOMETIMES) for n in (4, 5))
    looked = judged_by_states(COUNTS, (there, never))
    assert looked is not None
    assert [one.verdict for one in looked] == [Verdict.PROVED, Verdict.REFUTED]
    assert isinstance(looked[0].evidence, Proof) and len(looked[0].evidence.witness.steps) == 4  # type: ignore[union-attr]


def test_more_states_than_the_limit_are_left_to_the_judge() -> None:
    assert judged_by_states(COUNTS, COUNTS.properties, limit=5) is None
    assert judged_by_states(COUNTS, COUNTS.properties, limit=6) is not None


def test_a_number_that_may_leave_its_range_is_left_to_the_judge() -> None:
    loose = replace(COUNTS, rules=(replace(COUNTS.rules[0], order=()),))
    assert judged_by_states(loose, (PROVED,)) is None and evidence_by_states(loose, always("K", TRUE)) is None
    rows = tuple((n, fact) for n in range(10) for fact in (False, True))
    assert objections(loose, rows, (always("K", TRUE),)) == ("up may leave the range of a number",)


ROWS = ((0, False), (0, True), (1, True), (2, True), (3, True), (4, True))


@pytest.mark.parametrize("missing", ROWS)
def test_a_list_without_one_of_the_states(missing: tuple[int, bool]) -> None:
    """Each of them is missed: a first one, or one that a rule leads to."""
    said = objections(COUNTS, [row for row in ROWS if row != missing], (PROVED,))
    first = "a first state is not among the states"
    assert said[0] == (first if missing[0] == 0 else "up leads to a state that is not among the states")
    assert objections(COUNTS, ROWS, (PROVED,)) == ()


def test_a_list_of_one_state_and_one_without_any_first_state() -> None:
    first = "a first state is not among the states"
    assert objections(COUNTS, [(0, False)], ()) == (first,)
    assert objections(COUNTS, [(4, True)], ()) == (first,), "it is said once"


def test_a_list_in_which_something_is_wrong() -> None:
    assert objections(COUNTS, ROWS, COUNTS.properties) == (f"{COUNTS.properties[0].id} does not follow",)
    assert objections(COUNTS, [(4,)], ()) == ("a state has no value for each variable",)


def test_a_proof_whose_list_is_objected_to_is_no_proof() -> None:
    """And nothing of the other findings is believed either."""
    findings = [
        Finding(PROVED, Verdict.PROVED, "error", Proof((), "all states", None, rows)) for rows in (ROWS, ROWS[:-1])
    ]
    kept, objected = confirm.proofs(COUNTS, lambda: COUNTS, findings, inside=True)
    assert objected == ("up leads to a state that is not among the states",)
    assert {finding.verdict for finding in kept} == {Verdict.UNKNOWN}
    assert confirm.proofs(COUNTS, lambda: COUNTS, findings[:1], inside=True) == (findings[:1], ())


@pytest.mark.parametrize("drain", [False, True])
def test_firmware(drain: bool) -> None:
    """A system of the usual kind."""
    whole = firmware(drain=drain)
    looked = judged_by_states(whole, whole.properties)
    assert looked is not None
    for mine, theirs in zip(looked, judge(whole, whole.properties), strict=True):
        the_same(mine, theirs)


def test_a_property_alone_is_answered_alike_and_a_near_run_counts_among_too_many_states() -> None:
    system = of_story("tee-bnxt-fourth-kexec/hook-only")
    premised = tuple(p for p in system.properties if p.mode is Mode.ALWAYS and not same(p.companion, FALSE))
    judged = judged_by_states(system, premised, 10_000)
    assert judged is not None
    for prop, judgement in zip(premised, judged, strict=True):
        evidence = evidence_by_states(system, prop, 10_000)
        assert type(evidence) is type(judgement.evidence)
        if isinstance(evidence, Proof) and isinstance(judgement.evidence, Proof):
            assert (evidence.witness is None) is (judgement.evidence.witness is None)
    near = next(p for p, one in zip(premised, judged, strict=True) if p.code == "KX102")
    assert isinstance(evidence_by_states(system, near, 60), Counterexample) and not judged_by_states(system, [near], 60)
    assert evidence_by_states(system, near, 5) is None
