"""Drivers that share one heap: what is said of the room in it holds in every state, however many they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from kexecspec.explore import Sweep
from kexecspec.ir.evaluate import compiled
from kexecspec.ir.expr import negate
from kexecspec.ir.nodes import FALSE, TRUE, Expr
from kexecspec.ir.system import Invariant, Property, TransitionSystem
from kexecspec.ir.trace import handoffs, objection
from kexecspec.ir.verdict import Counterexample, Proof, Verdict
from kexecspec.solve.judge import judge
from kexecspec.solve.recheck import recheck
from kexecspec.solve.roomy import with_room
from kexecspec.solve.smtlib import writer

sys.path.insert(0, str(Path(__file__).parent))
from generated import systems, truths
from queue_of_drivers import queue

RLIMIT = 20_000_000


def swept(whole: TransitionSystem) -> Sweep:
    """All states."""
    sweep = Sweep(whole, 100_000)
    sweep.seek(FALSE)
    assert sweep.complete
    return sweep


@pytest.mark.parametrize("number,leaks", [(1, (0,)), (3, (1,)), (4, (0, 2)), (8, (5,))])
def test_what_is_said_of_the_room_holds_in_every_state(number: int, leaks: tuple[int, ...]) -> None:
    """For every rest that the room leaves: refusals are taken away only where they never happen."""
    gone = set()
    for room in range(9 * number + 20, 9 * number + 29, 1 if number < 4 else 4):
        whole = queue(number, leaks, room)
        roomy, sweep = with_room(whole, writer(whole), RLIMIT), swept(whole)
        index = {name: place for place, name in enumerate(whole.variables)}
        for one in roomy.invariants:
            holds = compiled(one.holds, index)
            assert all(holds(row) for row in sweep.origins), one.name
        left = {rule.name for rule in roomy.system.rules}
        missing = [rule for rule in whole.rules if rule.name not in left]
        for rule in missing:
            enabled = compiled(rule.enabled, index)
            assert not any(enabled(row) for row in sweep.origins), rule.name
        gone.add((room, len(missing)))
        assert recheck(whole, roomy.invariants, ()) == ()

    assert {count for _, count in gone} >= {number}, "refusals are excluded by the rest that the room leaves"


@pytest.mark.parametrize(
    "number,leaks,room",
    [(3, (1,), 44), (3, (0,), 45), (4, (3,), 53), (7, (3,), 80), (7, (3,), 87), (8, (6,), 96), (7, (1, 4), 86)],
)
def test_the_same_verdicts_as_all_states(number: int, leaks: tuple[int, ...], room: int) -> None:
    """And a refutation takes as many handoffs as the nearest run, also where a driver's slice has few of the others."""
    whole = queue(number, leaks, room)
    sweep = swept(whole)
    for prop, judgement in zip(whole.properties, judge(whole, whole.properties), strict=True):
        run = sweep.seek(negate(prop.holds))
        match judgement.evidence:
            case Proof():
                assert run is None and judgement.verdict is Verdict.PROVED
            case Counterexample(trace, taken):
                assert run is not None and taken == handoffs(whole, run) == handoffs(whole, trace)
                assert objection(whole, trace, negate(prop.holds)) is None
            case other:
                raise AssertionError(other)


def test_forty_drivers_are_no_harder_than_four() -> None:
    """One leaks; the room is such that nobody is ever half let in. What is asked about one is asked about all."""
    whole = queue(40, (20,), 9 * 40 + 9 * 30)
    judged = judge(whole, whole.properties)
    proofs = [one.evidence for one in judged if isinstance(one.evidence, Proof)]

    assert len(proofs) == 40
    assert recheck(whole, proofs[7].invariants, whole.properties[7:8]) == ()


@settings(max_examples=60, derandomize=True)
@given(systems(), truths(2), truths(2))
def test_what_is_put_aside_never_shows_too_much(whole: TransitionSystem, one: Expr, other: Expr) -> None:
    """Every sum taken for one over a crowd: a second look objects to whatever it objected to before."""
    prop = Property("KX900", "y", "kexec", whole.properties[0].holds, TRUE, "HANG")
    claims = (Invariant("one", one), Invariant("other", other))
    with pytest.MonkeyPatch.context() as patch:
        before = recheck(whole, claims, (prop,))
        patch.setattr("kexecspec.solve.crowd.MANY", 0)
        assert recheck(whole, claims, (prop,)) == before
