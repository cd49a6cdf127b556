"""Two readings of one system: the solver's and the explorer's answers about generated platforms agree."""

from __future__ import annotations

import os

import pytest

from kexecspec.explore import Found, OutOfSpace, explore
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import FALSE, negate, same
from kexecspec.ir.slice import slice_system
from kexecspec.ir.trace import handoffs
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.library import library
from kexecspec.solve.judge import judge
from tests.generated import platform

COUNT = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 60
STATES = 20_000


@pytest.mark.parametrize("seed", range(COUNT))
def test_explore_and_judge_agree_on_verdict_and_handoffs(seed: int) -> None:
    system = ground(platform(seed), library())
    wanted = tuple(p for p in system.properties if not same(p.companion, FALSE))[:6]

    for prop, judgement in zip(wanted, judge(system, wanted), strict=True):
        part = slice_system(system, (prop.holds, prop.companion))
        answer = explore(part, negate(prop.holds), STATES)
        if isinstance(answer, OutOfSpace) or judgement.verdict is Verdict.UNKNOWN:
            continue
        assert (judgement.verdict is Verdict.REFUTED) == isinstance(answer, Found), prop.id
        if isinstance(answer, Found) and isinstance(judgement.evidence, Counterexample):
            assert judgement.evidence.handoffs == handoffs(part, answer.trace), prop.id
