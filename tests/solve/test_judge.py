"""Judgements: lifting, sharing, unknown facts, budgets, the recheck."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.ir.expr import conjoin, disjoin, less, negate
from kexecspec.ir.nodes import FALSE, TRUE, Const, Ref
from kexecspec.ir.slice import slice_system
from kexecspec.ir.system import Invariant, Lifetime, Mode, Property, TransitionSystem
from kexecspec.ir.trace import objection
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.ir.verdict import Counterexample, Exhausted, Proof, Verdict
from kexecspec.solve.answers import Effort
from kexecspec.solve.judge import judge
from kexecspec.solve.recheck import recheck

sys.path.insert(0, str(Path(__file__).parent))
from systems import always, at, firmware, plus, rule, system, var


def walk(stuck: bool = False) -> TransitionSystem:
    """Three drivers shut down one after the other; the last one's end is bad. The middle one may be stuck."""
    names = ("one", "two", "three")
    variables = [var("down", BOOL, False), *(var(name, EnumSort(("up", "off")), "up") for name in names)]
    rules = [rule("begin", negate(Ref("down")), {"down": True})]
    for place, name in enumerate(names):
        order = tuple(at(before, "off") for before in names[:place])
        guard = conjoin((Ref("down"), at(name, "up"), FALSE if stuck and name == "two" else TRUE))
        rules.append(rule(name, guard, {name: "off"}, order))
    return system(tuple(variables), tuple(rules), (always("KX1", at("three", "up"), Ref("down")),))


def test_steps_left_out_are_put_in() -> None:
    """The slice of the third driver knows nothing of the two that go before it."""
    whole = walk()
    (prop,) = whole.properties
    part = slice_system(whole, (prop.holds,))
    assert set(part.variables) == {"down", "three"}
    (judgement,) = judge(whole, (prop,))
    evidence = judgement.evidence
    assert isinstance(evidence, Counterexample)
    assert objection(whole, evidence.trace, negate(prop.holds)) is None
    assert [step.rule for step in evidence.trace.steps] == ["begin", "one", "two", "three"]


def test_a_slice_grows_where_the_system_does_not_follow() -> None:
    """In the slice the third driver ends; in the system the second one never lets it."""
    (judgement,) = judge(walk(stuck=True), walk(stuck=True).properties)
    assert judgement.verdict is Verdict.PROVED


def twins() -> TransitionSystem:
    """Two counters with rules alike."""
    variables, rules, properties = [], [], []
    for name in ("left", "right"):
        variables.append(var(name, IntSort(0, 3), 0))
        rules.append(rule(f"{name}-up", less(Ref(name), Const(3)), {name: plus(name, 1)}))
        rules.append(rule(f"{name}-down", less(Const(0), Ref(name)), {name: plus(name, -1)}))
        properties.append(replace(always("KX1", negate(at(name, 3)), at(name, 1)), instance=name))
    return system(tuple(variables), tuple(rules), tuple(properties))


def test_twins_get_the_same_answer_in_their_own_names() -> None:
    """Slices that are equal up to names are solved once and told apart again."""
    both = twins()
    left, right = judge(both, both.properties)
    for judgement, name in ((left, "left"), (right, "right")):
        assert isinstance(judgement.evidence, Counterexample)
        assert [step.rule for step in judgement.evidence.trace.steps] == [f"{name}-up"] * 3
        assert judgement.evidence.trace.last[name] == 3


def test_a_vacuous_property_has_no_witness() -> None:
    """The premise is proved to be out of reach."""
    both = twins()
    never = Property("KX2", "x", "kexec", TRUE, at("left", 2), "HANG")
    empty = replace(both, rules=tuple(r for r in both.rules if r.name != "left-up"))
    (judgement,) = judge(empty, (never,))
    assert judgement.verdict is Verdict.PROVED
    assert isinstance(judgement.evidence, Proof)
    assert judgement.evidence.witness is None


@pytest.mark.parametrize(("number", "verdict"), [(3, Verdict.PROVED), (4, Verdict.REFUTED)])
def test_sometimes(number: int, verdict: Verdict) -> None:
    """A property that wants something to be reachable."""
    both = twins()
    wanted = replace(always("KX3", less(Const(number - 1), Ref("left"))), mode=Mode.SOMETIMES)
    (judgement,) = judge(both, (wanted,))
    assert judgement.verdict is verdict


def test_the_fact_that_decides_is_named() -> None:
    """Threads pile up only where the peer may die; the premise of the other property does not depend on
    it."""
    unsure = firmware(unknown=True)
    judgements = {j.property.split("/")[0]: j for j in judge(unsure, unsure.properties)}
    decided = judgements["KX102"]
    assert isinstance(decided.evidence, Counterexample)
    assert decided.evidence.decided_by == (("dead", True),)
    assert dict(decided.facts) == {"dead": "bool"}
    other = judgements["KX101"]
    assert isinstance(other.evidence, Counterexample)
    assert other.evidence.decided_by == ()


def test_budgets_run_out_and_say_how_far_all_was_clear() -> None:
    """The same budget runs out at the same place, every time."""
    small = Effort(4000, states=0)
    drained = firmware(devices=2, drain=True)
    prop = drained.properties[0]
    first, second = judge(drained, (prop,), effort=small), judge(drained, (prop,), effort=small)
    assert first == second
    (judgement,) = first
    assert judgement.verdict is Verdict.UNKNOWN
    assert isinstance(judgement.evidence, Exhausted)
    assert "rlimit 4000" in judgement.evidence.reason
    assert 0 <= judgement.evidence.depth < 80


@pytest.mark.parametrize("states", [0, 4000])
def test_equal_input_gives_equal_output(states: int) -> None:
    """Runs, invariants and depths included."""
    effort = Effort(20_000_000, states=states)
    assert judge(firmware(), firmware().properties, effort=effort) == judge(
        firmware(), firmware().properties, effort=effort
    )


def proof(system_: TransitionSystem, number: int) -> tuple[tuple[Invariant, ...], Property]:
    prop = system_.properties[number]
    (judgement,) = judge(system_, (prop,))
    assert isinstance(judgement.evidence, Proof)
    return judgement.evidence.invariants, prop


def test_recheck_accepts_a_proof_and_refuses_what_was_tampered_with() -> None:
    """A dropped, a negated and a wished-for invariant are each noticed."""
    drained = firmware(drain=True)
    invariants, prop = proof(drained, 0)
    assert recheck(drained, invariants, (prop,)) == ()
    core = [i for i in invariants if i.name.endswith("excluded")]
    assert recheck(drained, core, (prop,))
    for place, invariant in enumerate(invariants):
        turned = replace(invariant, holds=negate(invariant.holds))
        assert recheck(drained, (*invariants[:place], turned, *invariants[place + 1 :]), (prop,))
    assert recheck(drained, (*invariants, Invariant("wish", at("phase", "probe"))), (prop,))
    assert recheck(drained, (), (prop,)) == (f"{prop.id} does not follow",)


def test_recheck_refuses_the_proof_of_another_system() -> None:
    """An invariant of the fixed system is none of the broken one."""
    invariants, prop = proof(firmware(drain=True), 0)
    assert recheck(firmware(drain=False), invariants, (prop,))


def test_declared_invariants_that_do_not_hold_are_left_out() -> None:
    """A wrong invariant neither hurts nor helps."""
    base = firmware()
    wrong = Invariant("wrong", at("phase", "probe"))
    right = Invariant("right", disjoin((negate(at("phase", "jump")), at("tee", "gone"))))
    declared = replace(base, invariants=(wrong, right))
    (judgement,) = judge(declared, (base.properties[5],))
    assert isinstance(judgement.evidence, Proof)
    names = [invariant.name for invariant in judgement.evidence.invariants]
    assert "right" in names
    assert "wrong" not in names


def test_a_free_number_is_no_obstacle() -> None:
    """A fact with many values is left to the solver and named as a fact."""
    variables = (var("base", IntSort(0, 65536), None, Lifetime.FIXED), var("bad", BOOL, False))
    unsure = system(
        variables, (rule("r", less(Const(60_000), Ref("base")), {"bad": True}),), (always("KX1", negate(Ref("bad"))),)
    )
    (judgement,) = judge(unsure, unsure.properties)
    assert isinstance(judgement.evidence, Counterexample)
    assert int(judgement.evidence.trace.initial["base"]) > 60_000
    assert dict(judgement.facts) == {"base": "int 0..65536"}
