"""Budgets, boxes around states, layers of an unrolling and what the desk keeps, by themselves."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.explore import Sweep
from kexecspec.ir.expr import conjoin, less, negate
from kexecspec.ir.nodes import FALSE, Const, Ref
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.solve.answers import Effort
from kexecspec.solve.block import Learner, Span, States, learnt
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver, told
from kexecspec.solve.desk import Desk
from kexecspec.solve.encode import encode
from kexecspec.solve.induct import Standing, inductive_part
from kexecspec.solve.smtlib import renumbered, script, writer

sys.path.insert(0, str(Path(__file__).parent))
from systems import at, firmware, plus, rule, system, var

LIGHTS = system(
    (var("n", IntSort(0, 9), 0), var("c", EnumSort(("red", "green", "blue")), "red"), var("b", BOOL, False)),
    (rule("up", less(Ref("n"), Const(3)), {"n": plus("n", 1)}), rule("on", at("n", 3), {"b": True, "c": "green"})),
)


def test_a_meter_spends_what_the_solver_works_and_stops() -> None:
    import z3

    context = z3.Context()
    solver = fresh_solver(context, finite=False)
    numbers = [z3.Int(f"v{n}", context) for n in range(8)]
    solver.add(z3.Distinct(*numbers), *(z3.And(n >= 0, n < 8) for n in numbers))
    meter = Meter(1_000_000)
    assert meter.ask(solver)
    assert 100 < meter.spent < 1_000_000
    assert meter.left == 1_000_000 - meter.spent
    assert not meter.ask(solver, numbers[0] == numbers[1])
    empty = Meter(5, spent=9)
    assert empty.left == 0
    with pytest.raises(OutOfBudget, match="rlimit 5"):
        empty.ask(solver)
    pigeons = [z3.Int(f"p{n}", context) for n in range(9)]
    hard = fresh_solver(context, finite=False)
    hard.add(z3.Distinct(*pigeons), *(z3.And(n >= 0, n < 8) for n in pigeons))
    small = Meter(500)
    with pytest.raises(OutOfBudget, match="rlimit 500"):
        small.ask(hard)
    assert small.spent >= 500


def test_failures_are_told_in_a_line_of_two_hundred_letters() -> None:
    assert told(MemoryError()) == "memory does not suffice"
    assert told(ValueError("a\n b " + "c" * 300)) == "the solver failed: a b " + "c" * 196


ROWS = ((0, "red", False), (1, "red", False), (5, "green", True))


def test_boxes_know_which_states_they_have() -> None:
    states = States(LIGHTS, ROWS)
    assert states.all == 0b111
    assert states.having(Span(0, frozenset(), 1, 5)) == 0b110
    assert states.having(Span(0, frozenset(), 2, 4)) == 0
    assert states.having(Span(1, frozenset(("red",)))) == 0b011
    assert states.having(Span(2, frozenset((True,)))) == 0b100


def test_a_box_around_a_state_grows_to_the_next_reachable_ones() -> None:
    states = States(LIGHTS, ROWS)
    assert states.widened((1, "red", False)) is None
    number, switch = states.widened((3, "red", False)) or ()
    assert (number.place, number.low, number.high) == (0, 2, 9)
    assert (switch.place, switch.values) == (2, frozenset((False,)))
    colour, _ = states.widened((7, "red", True)) or ()
    assert (colour.place, colour.values) == (1, frozenset(("blue", "red")))
    low = States(LIGHTS, ((4, "red", False), (6, "red", False)))
    (below,) = low.widened((2, "red", False)) or ()
    assert (below.low, below.high) == (0, 3)
    (between,) = low.widened((5, "red", False)) or ()
    assert (between.low, between.high) == (5, 5)
    (colour,) = States(LIGHTS, ((0, "red", False),)).widened((0, "blue", False)) or ()
    assert (colour.place, colour.values) == (1, frozenset(("green", "blue")))


def test_a_box_leaves_out_what_it_need_not_say_and_what_it_may_not() -> None:
    states = States(LIGHTS, ROWS)
    box = states.widened((0, "green", False)) or ()
    assert all(not (row[0] == 0 and row[1] == "green") for row in ROWS)
    assert {span.place for span in box} <= {0, 1, 2} and len(box) == 2
    boxed = states.widened((0, "blue", True), outside=frozenset((1,))) or ()
    assert {span.place for span in boxed} == {0, 2}
    assert states.widened((0, "blue", False), outside=frozenset((1,))) is None


def test_a_target_that_holds_at_first_is_not_excluded() -> None:
    rows = tuple(Sweep(LIGHTS, 100).origins) or ((0, "red", False),)
    with pytest.raises(OutOfBudget):
        learnt(LIGHTS, rows, (), at("n", 0), writer(LIGHTS), 1_000_000)


def test_what_is_learnt_serves_the_next_target_and_is_inductive() -> None:
    sweep = Sweep(LIGHTS, 100)
    sweep.seek(FALSE)
    pen = writer(LIGHTS)
    learner = Learner(LIGHTS, tuple(sweep.origins), (), pen)
    learner.exclude(at("n", 7), 1_000_000)
    second = learner.exclude(conjoin((Ref("b"), at("c", "red"))), 1_000_000)
    assert negate(at("n", 7)) in second
    parts = (*second, negate(conjoin((Ref("b"), at("c", "red")))))
    encoding = encode(script(LIGHTS, pen), [renumbered(part, LIGHTS, pen) for part in parts])
    assert len(inductive_part(encoding, encoding.targets, Meter(1_000_000), finite=False)) == len(parts)


def test_layers_are_the_states_of_a_run() -> None:
    pen = writer(LIGHTS)
    encoding = encode(script(LIGHTS, pen), ("(= x0 3)",))
    assert encoding.layer(0) is encoding.now
    assert [str(x) for x in encoding.layer(2)] == ["x0@2", "x1@2", "x2@2"]
    assert str(encoding.moved(encoding.targets[0], encoding.layer(2))) == "x0@2 == 3"
    assert encoding.moved(encoding.targets[0], encoding.now) is encoding.targets[0]
    assert str(encoding.later(encoding.targets)[0]) == "y0 == 3"
    assert str(encoding.choice_at(4)) == "s@4"


def test_only_candidates_that_hold_at_first_and_are_kept_survive() -> None:
    pen = writer(LIGHTS)
    texts = ("(<= x0 3)", "(= x0 0)", "(>= x0 1)", "(=> x2 (= x0 3))")
    encoding = encode(script(LIGHTS, pen), texts)
    for finite in (True, False):
        assert inductive_part(encoding, encoding.targets, Meter(1_000_000), finite) == (0, 3)
    standing = Standing(script(LIGHTS, pen), 1_000_000)
    assert standing.kept == ()
    said = [standing.carries(text, Meter(1_000_000)) for text in texts]
    assert said == [True, False, False, True]


def test_a_desk_keeps_what_is_asked_for_again() -> None:
    whole = firmware(devices=2)
    desk = Desk(writer(whole), Effort(1_000_000))
    part = desk.part(whole, frozenset(("cached",)))
    assert desk.part(whole, frozenset(part.variables)) is part
    assert desk.part(whole, frozenset(("cached",))) is part
    assert desk.limited(whole, 3) is desk.limited(whole, 3) is not desk.limited(whole, 2)
    assert desk.sweep(part) is desk.sweep(part) and desk.standing(part) is desk.standing(part)
    assert desk.course(part, ("cached",)) is desk.course(part, ("cached",))
    assert desk.script(whole) is desk.script(whole)
    assert desk.with_rlimit(7).effort == replace(desk.effort, rlimit=7)
    assert "#handoffs" in desk.beside(desk.limited(whole, 3)).pen.numbers
