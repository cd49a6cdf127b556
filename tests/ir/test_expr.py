"""Constructors fold without changing what an expression means."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from hypothesis import given, settings

from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Var
from kexecspec.ir.text import text
from kexecspec.ir.typing import sort_of
from kexecspec.ir.values import BoolSort, members
from kexecspec.ir.walk import references, substitute

sys.path.insert(0, str(Path(__file__).parents[1] / "solve"))
from generated import SHAPE, truths

STATES = tuple(dict(zip(SHAPE, row, strict=True)) for row in product(*(tuple(members(s)) for s in SHAPE.values())))
VARIABLES = {name: Var(name, sort, None, Lifetime.KERNEL) for name, sort in SHAPE.items()}


@settings(max_examples=100, derandomize=True)
@given(truths(3))
def test_a_truth_has_the_sort_of_truths(expr: Expr) -> None:
    """Built from well-sorted parts, well-sorted itself."""
    assert isinstance(sort_of(expr, VARIABLES), BoolSort)
    assert references(expr) <= SHAPE.keys()
    assert text(expr)


@settings(max_examples=60, derandomize=True)
@given(truths(3))
def test_substituting_a_value_is_evaluating_with_it(expr: Expr) -> None:
    """Where a variable is replaced by its value nothing changes, and with all replaced a constant is left."""
    for state in STATES[::7]:
        some = substitute(expr, {"c": Const(state["c"]), "n": Const(state["n"])})
        assert evaluate(some, state) == evaluate(expr, state)
        assert not references(some) & {"c", "n"}
        whole = substitute(expr, {name: Const(value) for name, value in state.items()})
        assert whole == Const(evaluate(expr, state))


@settings(max_examples=40, derandomize=True)
@given(truths(2))
def test_renaming_there_and_back(expr: Expr) -> None:
    """A renaming is undone by its inverse."""
    there = {name: Ref(f"other.{name}") for name in SHAPE}
    back = {f"other.{name}": Ref(name) for name in SHAPE}
    again = substitute(substitute(expr, there), back)
    assert all(evaluate(again, state) == evaluate(expr, state) for state in STATES[::5])
