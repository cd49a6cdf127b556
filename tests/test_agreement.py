"""Two readings of one system: the judge's and the explorer's answers about generated platforms agree.

The judge looks at states itself where they are few; with `states=0` it answers by induction, PDR and bounded model
checking alone, so that the two readings share nothing but the system.
"""

from __future__ import annotations

import os

import pytest

from kexecspec.explore import Found, OutOfSpace, Unreachable, explore
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import FALSE, negate, same
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import handoffs
from kexecspec.ir.verdict import Counterexample, Judgement, Verdict
from kexecspec.library import library
from kexecspec.solve.answers import Effort
from kexecspec.solve.judge import judge
from tests.generated import platform

COUNT = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 40
STATES = 15_000
EFFORTS = {"looks": Effort(20_000_000), "solver": Effort(3_000_000, states=0)}


def compare(system: TransitionSystem, prop: Property, judgement: Judgement) -> bool:
    """Whether both had an answer; fails where the answers differ."""
    answer = explore(system, negate(prop.holds), STATES)
    if isinstance(answer, OutOfSpace) or judgement.verdict is Verdict.UNKNOWN:
        return False
    assert (judgement.verdict is Verdict.REFUTED) == isinstance(answer, Found), prop.id
    assert (judgement.verdict is Verdict.PROVED) == isinstance(answer, Unreachable), prop.id
    if isinstance(answer, Found) and isinstance(judgement.evidence, Counterexample) and judgement.evidence.shortest:
        assert judgement.evidence.handoffs == handoffs(system, answer.trace), prop.id
    return True


CASES = [(seed, way) for seed in range(COUNT) for way in EFFORTS if way == "looks" or seed % 3 == 0]


@pytest.mark.parametrize(("seed", "way"), CASES)
def test_explore_and_judge_agree_on_verdict_and_handoffs(seed: int, way: str) -> None:
    system = ground(platform(seed), library())
    wanted = tuple(p for p in system.properties if not same(p.companion, FALSE))
    some = wanted[seed % 3 :: 3][: 4 if way == "looks" else 2]

    for prop, judgement in zip(some, judge(system, some, effort=EFFORTS[way]), strict=True):
        compare(system, prop, judgement)


def test_most_comparisons_have_two_answers() -> None:
    answered = asked = 0
    for seed in range(12):
        system = ground(platform(seed), library())
        some = tuple(p for p in system.properties if not same(p.companion, FALSE))[:2]
        asked += len(some)
        answered += sum(compare(system, p, j) for p, j in zip(some, judge(system, some), strict=True))

    assert answered >= asked // 2
