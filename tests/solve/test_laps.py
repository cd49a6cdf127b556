"""Leaks that take many handoffs: the exact number, by laps, as a look at every state says it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.explore import Found, explore
from kexecspec.ir.expr import add, at_most, choose, conjoin, less, negate
from kexecspec.ir.nodes import Const, Ref
from kexecspec.ir.system import Lifetime, TransitionSystem
from kexecspec.ir.trace import handoffs, objection
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.solve.answers import Effort
from kexecspec.solve.judge import judge

sys.path.insert(0, str(Path(__file__).parent))
from systems import always, at, plus, rule, system, var

FEW_LOOKS = Effort(20_000_000, states=40)


def leaking(heap: int, sizes: tuple[int, ...], handles: int = 10_000) -> TransitionSystem:
    """Clients that take what they need of a heap, if it is there, and never give it back; each also takes
    one of the handles. The last one to be served is the one whose refusal matters."""
    variables = [
        var("phase", EnumSort(("boot", "up")), "boot"),
        var("heap", IntSort(0, heap), 0, Lifetime.PLATFORM),
        var("handles", IntSort(0, handles), 0, Lifetime.PLATFORM),
        var("refused", BOOL, False),
        var("turn", IntSort(0, len(sizes)), 0),
    ]
    rules = []
    for number, size in enumerate(sizes):
        turn = conjoin((at("phase", "boot"), at("turn", number)))
        room = conjoin((at_most(plus("heap", size), Const(heap)), less(Ref("handles"), Const(handles))))
        last = number == len(sizes) - 1
        rules.append(
            rule(
                f"take{number}",
                conjoin((turn, room)),
                {"heap": plus("heap", size), "handles": plus("handles", 1), "turn": number + 1},
            )
        )
        rules.append(
            rule(
                f"none{number}",
                conjoin((turn, negate(room))),
                {"turn": number + 1, "refused": choose(Const(last), Const(True), Ref("refused"))},
            )
        )
        rules.append(rule(f"skip{number}", turn, {"turn": number + 1}))
    rules.append(rule("up", at("turn", len(sizes)), {"phase": "up"}))
    rules.append(rule("handoff", at("phase", "up"), {"phase": "boot", "turn": 0, "refused": False}, handoff=True))
    return system(tuple(variables), tuple(rules), (always("KX103", negate(Ref("refused")), counter="heap"),))


@pytest.mark.parametrize(
    ("heap", "sizes", "handles"),
    [(60, (3,), 10_000), (61, (3,), 10_000), (60, (20, 3), 10_000), (50, (7, 5), 10_000), (10_000, (3, 5), 21)],
)
def test_the_number_is_exact(heap: int, sizes: tuple[int, ...], handles: int) -> None:
    """One client, two, one that is refused first and leaves the rest to the other, and handles that run
    out."""
    leak = leaking(heap, sizes, handles)
    (judgement,) = judge(leak, leak.properties, effort=FEW_LOOKS)
    seen = explore(leak, Ref("refused"))
    assert isinstance(seen, Found)
    assert judgement.verdict is Verdict.REFUTED
    evidence = judgement.evidence
    assert isinstance(evidence, Counterexample)
    assert objection(leak, evidence.trace, Ref("refused")) is None
    assert evidence.handoffs == handoffs(leak, seen.trace)
    if sizes != (20, 3):
        assert evidence.shortest
        assert (evidence.lap is not None) == (evidence.handoffs > 5)


def test_hundreds_of_handoffs() -> None:
    """96 bytes a handoff against 64 KiB."""
    leak = leaking(65536, (96,))
    (judgement,) = judge(leak, leak.properties)
    evidence = judgement.evidence
    assert isinstance(evidence, Counterexample)
    assert evidence.handoffs == 65536 // 96
    assert evidence.shortest
    lap = evidence.lap
    assert lap is not None
    assert (lap.counter, lap.gain, lap.length) == ("heap", 96, 3)
    rules = [step.rule for step in evidence.trace.steps]
    once = rules[lap.start : lap.start + lap.length]
    assert rules[lap.start : lap.start + lap.length * lap.times] == once * lap.times


def test_of_a_number_that_is_free_at_first_its_ends_are_tried() -> None:
    """Up to 20,000 bytes are taken from the start: too many starts to look at each. With none taken the leak shows, and
    nobody says that it does not show sooner."""
    leak = leaking(65536, (96,))
    base = var("base", IntSort(0, 20_000), None, Lifetime.FIXED)
    room = at_most(add((Ref("heap"), Ref("base"), Const(96))), Const(65536))
    guards = {"take0": (at("phase", "boot"), at("turn", 0), room), "none0": (at("turn", 0), negate(room))}
    rules = tuple(replace(r, guard=conjoin(guards[r.name])) if r.name in guards else r for r in leak.rules)
    leak = replace(leak, variables={**leak.variables, "base": base}, rules=rules)
    (judgement,) = judge(leak, leak.properties, effort=FEW_LOOKS)
    evidence = judgement.evidence
    assert isinstance(evidence, Counterexample)
    assert objection(leak, evidence.trace, Ref("refused")) is None
    assert (65536 - 20_000) // 96 <= evidence.handoffs <= 65536 // 96
    assert not evidence.shortest
