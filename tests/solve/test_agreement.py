"""Two readings of one system agree: the solver's and the explicit one, on a slice and on the whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from kexecspec.explore import Found, Unreachable, explore
from kexecspec.ir.expr import negate
from kexecspec.ir.slice import cone, slice_system
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import handoffs, objection
from kexecspec.ir.verdict import Counterexample, Proof, Verdict
from kexecspec.ir.walk import references
from kexecspec.solve.answers import Effort
from kexecspec.solve.judge import judge
from kexecspec.solve.recheck import recheck

sys.path.insert(0, str(Path(__file__).parent))
from generated import systems
from systems import firmware

LOOKS = Effort(20_000_000)
SYMBOLS = Effort(20_000_000, states=0)


def agree(system: TransitionSystem, effort: Effort) -> None:
    """The verdict, the length of the shortest run and the premise are what a look at all states says."""
    for prop in system.properties:
        (judgement,) = judge(system, (prop,), effort=effort)
        seen = explore(system, negate(prop.holds))
        if isinstance(seen, Found):
            assert judgement.verdict is Verdict.REFUTED
            evidence = judgement.evidence
            assert isinstance(evidence, Counterexample)
            assert objection(system, evidence.trace, negate(prop.holds)) is None
            assert evidence.shortest
            assert evidence.handoffs == handoffs(system, seen.trace)
            assert len(evidence.trace.steps) == len(seen.trace.steps)
        else:
            assert isinstance(seen, Unreachable)
            assert judgement.verdict is Verdict.PROVED
            assert isinstance(judgement.evidence, Proof)
            assert recheck(system, judgement.evidence.invariants, (prop,)) == ()
            premise = explore(system, prop.companion)
            assert (judgement.evidence.witness is not None) == isinstance(premise, Found)


@settings(max_examples=80, derandomize=True)
@given(systems())
def test_a_look_at_the_states_first(system: TransitionSystem) -> None:
    """The usual path: states guess, the solver certifies."""
    agree(system, LOOKS)


@settings(max_examples=30, derandomize=True)
@given(systems())
def test_symbols_only(system: TransitionSystem) -> None:
    """No state is looked at: induction, bounded model checking and PDR alone."""
    agree(system, SYMBOLS)


@pytest.mark.parametrize("effort", [LOOKS, SYMBOLS], ids=["looks", "symbols"])
@pytest.mark.parametrize("drain", [False, True])
def test_firmware(drain: bool, effort: Effort) -> None:
    """A system of the usual kind."""
    agree(firmware(drain=drain), effort)


@settings(max_examples=80, derandomize=True)
@given(systems())
def test_what_a_slice_excludes_the_system_excludes(system: TransitionSystem) -> None:
    """A slice may do more than the system, never less."""
    (prop,) = system.properties
    part = slice_system(system, (prop.holds,))
    assert cone(system, references(prop.holds)) == part.variables.keys()
    if isinstance(explore(part, negate(prop.holds)), Unreachable):
        assert isinstance(explore(system, negate(prop.holds)), Unreachable)
