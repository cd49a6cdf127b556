"""The explicit reading: what is nearest, what is out of reach, what is out of space, what is a defect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kexecspec.explore import Found, OutOfSpace, Sweep, Unreachable, explore
from kexecspec.ir.evaluate import OutOfRange
from kexecspec.ir.expr import less
from kexecspec.ir.moves import moves_of
from kexecspec.ir.nodes import FALSE, Const, Ref
from kexecspec.ir.trace import handoffs, objection
from kexecspec.ir.values import BOOL, EnumSort, IntSort

sys.path.insert(0, str(Path(__file__).parent / "solve"))
from systems import at, plus, rule, system, var

NEVER = Ref("never")


def test_handoffs_are_dearer_than_steps() -> None:
    """One step with a handoff loses against three without."""
    places = var("at", EnumSort(("a", "b", "c", "d")), "a")
    steps = tuple(rule(f"{x}{y}", at("at", x), {"at": y}) for x, y in ("ab", "bc", "cd"))
    jump = rule("jump", at("at", "a"), {"at": "d"}, handoff=True)
    maze = system((places,), (jump, *steps))
    seen = explore(maze, at("at", "d"))
    assert isinstance(seen, Found)
    assert [step.rule for step in seen.trace.steps] == ["ab", "bc", "cd"]
    assert handoffs(maze, seen.trace) == 0
    assert objection(maze, seen.trace, at("at", "d")) is None


def test_the_first_rule_wins_a_tie() -> None:
    """Two rules lead there at once."""
    flag = system(
        (var("done", BOOL, False),),
        (
            rule("a", Ref("done"), {"done": True}),
            rule("b", less(Const(0), Const(1)), {"done": True}),
            rule("c", less(Const(0), Const(1)), {"done": True}),
        ),
    )
    seen = explore(flag, Ref("done"))
    assert isinstance(seen, Found)
    assert [step.rule for step in seen.trace.steps] == ["b"]


def test_free_variables_start_with_every_value() -> None:
    """All initial states are looked at."""
    free = system((var("x", IntSort(0, 9), None),), ())
    assert isinstance(explore(free, at("x", 7)), Found)
    assert explore(free, FALSE) == Unreachable(10)
    assert explore(free, FALSE, limit=4) == OutOfSpace(0)


def test_the_limit_is_kept() -> None:
    """A long counter does not fit."""
    count = system((var("x", IntSort(0, 1000), 0),), (rule("up", less(Ref("x"), Const(1000)), {"x": plus("x", 1)}),))
    assert isinstance(explore(count, at("x", 999), limit=100), OutOfSpace)
    seen = Sweep(count, 100).survey((at("x", 50), at("x", 999)))
    assert set(seen.found) == {0}
    assert not seen.complete


def test_leaving_a_sort_is_a_defect() -> None:
    """And in a slice it is a rule that may not fire."""
    over = system((var("x", IntSort(0, 1), 0),), (rule("up", less(Const(0), Const(1)), {"x": plus("x", 1)}),))
    with pytest.raises(OutOfRange):
        explore(over, FALSE)
    assert Sweep(over, 10).survey((FALSE,)).complete


def test_no_solver_is_loaded() -> None:
    """Neither by exploring nor by naming the judge."""
    code = "import sys, kexecspec.explore, kexecspec.solve.judge; print('z3' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_what_was_passed_on_the_way_is_found_when_it_is_asked_for() -> None:
    """One sweep answers several questions, also about states that it has left behind."""
    up = rule("up", less(Ref("x"), Const(3)), {"x": plus("x", 1)})
    sweep = Sweep(system((var("x", IntSort(0, 3), 0),), (up,)), 100)
    assert sweep.seek(at("x", 3)) is not None
    nearer = sweep.seek(at("x", 1))
    assert nearer is not None and [step.rule for step in nearer.steps] == ["up"]


def test_rules_left_out_of_a_look_may_not_fire() -> None:
    """`Moves.at` leaves out only rules that are not enabled, and keeps the order of the others."""
    places = var("at", EnumSort(("a", "b", "c")), "a")
    rules = (
        rule("ab", at("at", "a"), {"at": "b"}),
        rule("bc", at("at", "b"), {"at": "c"}),
        rule("ca", at("at", "c"), {"at": "a"}, handoff=True),
        rule("count", less(Ref("n"), Const(3)), {"n": plus("n", 1)}),
    )
    walk = system((places, var("n", IntSort(0, 3), 0)), rules)
    moves = moves_of(walk)
    for label in ("a", "b", "c"):
        for n in range(4):
            fired = [move.number for move in moves.all if move.after((label, n)) is not None]
            tried = moves.at((label, n))
            assert [move.number for move in tried if move.after((label, n)) is not None] == fired
            assert len(tried) == 2
