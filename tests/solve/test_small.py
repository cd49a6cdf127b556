"""Induction by looking at values says what a solver says, and what is learnt so is inductive."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.explore import Sweep
from kexecspec.ir.evaluate import evaluate, fire, is_enabled
from kexecspec.ir.expr import less, negate
from kexecspec.ir.grid import Grid, Later
from kexecspec.ir.nodes import FALSE, Const, Expr, Ref
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.values import IntSort, members
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.encode import encode
from kexecspec.solve.induct import inductive_part
from kexecspec.solve.looking import TooMany
from kexecspec.solve.small import Small, SmallLearner, small
from kexecspec.solve.smtlib import renumbered, script, writer

sys.path.insert(0, str(Path(__file__).parent))
from generated import SHAPE, systems, truths
from systems import at, plus, rule, system, var

STATES = tuple(dict(zip(SHAPE, row, strict=True)) for row in product(*(tuple(members(s)) for s in SHAPE.values())))
CLAIMS = st.lists(truths(1), max_size=4)


def inductive(whole: TransitionSystem, parts: list[Expr]) -> tuple[int, ...]:
    """The numbers of the most of `parts` that is inductive, by a solver."""
    pen = writer(whole)
    encoding = encode(script(whole, pen), [renumbered(part, whole, pen) for part in parts])
    return inductive_part(encoding, encoding.targets, Meter(20_000_000), finite=False)


@settings(max_examples=80, derandomize=True)
@given(systems(), truths(1))
def test_after_a_step_is_in_the_state_after_it(whole: TransitionSystem, claim: Expr) -> None:
    """For every rule and every state in which it may fire."""
    grid = Grid({name: tuple(members(sort)) for name, sort in SHAPE.items()})
    for one in whole.rules:
        later = Later(claim, one.effect)
        cells = grid.later(later)
        assert cells == grid.where(later.written())
        for state in STATES[::7]:
            if is_enabled(one, state):
                here = grid.meeting([at(name, value) for name, value in state.items()])
                assert bool(here & cells) == evaluate(claim, fire(whole, one, state))


@settings(max_examples=80, derandomize=True)
@given(systems(), CLAIMS, truths(1))
def test_the_same_is_inductive(whole: TransitionSystem, claims: list[Expr], claim: Expr) -> None:
    """Of the declared invariants, and of a claim with those of them that are, or with all of them."""
    whole = TransitionSystem(whole.variables, whole.rules, tuple(Invariant(f"i{n}", c) for n, c in enumerate(claims)))
    kept = inductive(whole, claims)
    looked = Small(whole)

    assert looked.kept == kept
    held = [claims[number] for number in kept]
    assert looked.carries(claim) == (len(inductive(whole, [*held, claim])) == len(held) + 1)
    together = inductive(whole, [*claims, claim])
    assert looked.kept_with(claim) == (tuple(n for n in together if n < len(claims)), len(claims) in together)


@settings(max_examples=80, derandomize=True)
@given(systems(), truths(2), truths(2))
def test_what_is_learnt_is_inductive(whole: TransitionSystem, one: Expr, other: Expr) -> None:
    """For one target after the other that no state meets; what was learnt for the first serves the second."""
    sweep = Sweep(whole, 1000)
    sweep.seek(FALSE)
    rows = tuple(sweep.origins)
    learner = SmallLearner(Small(whole), rows, ())
    for target in (one, other):
        if sweep.seek(target) is None:
            parts = [*learner.exclude(target), negate(target)]
            assert inductive(whole, parts) == tuple(range(len(parts)))


def test_a_target_that_is_met_cannot_be_excluded() -> None:
    """Whether it is at first or later: there is no box around a state that is reached."""
    whole = system((var("n", IntSort(0, 9), 0),), (rule("up", less(Ref("n"), Const(5)), {"n": plus("n", 1)}),))
    rows = tuple((number,) for number in range(6))
    for number in (0, 5):
        with pytest.raises(OutOfBudget):
            SmallLearner(Small(whole), rows, ()).exclude(at("n", number))


def test_a_rule_that_would_leave_a_range_does_not_fire_in_a_slice() -> None:
    """Neither the variable of the claim nor another that the rule writes may leave its range."""
    variables = (var("n", IntSort(0, 3), 0), var("m", IntSort(0, 3), 0))
    full = system(variables, (rule("up", at("m", 3), {"n": plus("n", 1), "m": plus("m", 1)}),))
    room = system(variables, (rule("up", at("m", 2), {"n": plus("n", 1), "m": plus("m", 1)}),))

    assert Small(full).carries(negate(at("n", 2))) and not Small(room).carries(negate(at("n", 2)))
    assert Small(room).carries(less(Ref("n"), Const(4)))


def test_wide_numbers_are_for_a_solver() -> None:
    """A slice with one is not small."""
    whole = system((var("n", IntSort(0, 9999), 0),), (rule("up", less(Ref("n"), Const(5)), {"n": plus("n", 1)}),))

    assert small(whole) is None
    with pytest.raises(TooMany, match="wide"):
        Small(whole)
