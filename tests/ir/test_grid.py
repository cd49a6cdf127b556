"""All combinations of values at once say what evaluation says of each."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.grid import Grid
from kexecspec.ir.nodes import Const, Eq, Expr, Plus, Ref, Times
from kexecspec.ir.values import Value, members

sys.path.insert(0, str(Path(__file__).parents[1] / "solve"))
from generated import SHAPE, numbers, truths

EVERY = {name: tuple(members(sort)) for name, sort in SHAPE.items()}


@st.composite
def some_values(draw: st.DrawFn) -> dict[str, tuple[Value, ...]]:
    """Some of the values of each variable, in any order."""
    return {name: tuple(draw(st.permutations(values)))[: draw(st.integers(1, 4))] for name, values in EVERY.items()}


def states(values: dict[str, tuple[Value, ...]]) -> list[dict[str, Value]]:
    """The combinations of `values`, the first variable changing first."""
    backwards = dict(reversed(values.items()))
    return [dict(zip(backwards, row, strict=True)) for row in product(*backwards.values())]


def assert_same(grid: Grid, expr: Expr, values: dict[str, tuple[Value, ...]]) -> None:
    """Bit by bit."""
    cells = grid.where(expr)
    assert [bool(cells >> place & 1) for place in range(grid.size)] == [evaluate(expr, s) for s in states(values)]


@settings(max_examples=150, derandomize=True)
@given(st.lists(truths(3), min_size=1, max_size=3), some_values())
def test_each_combination_is_evaluated(parts: list[Expr], values: dict[str, tuple[Value, ...]]) -> None:
    """Of what is left of a conjunction the values of each variable are told."""
    grid = Grid(values)
    for part in parts:
        assert_same(grid, part, values)
    met = [state for state in states(values) if all(evaluate(part, state) for part in parts)]
    cells = grid.meeting(parts)

    assert cells.bit_count() == len(met)
    for name in values:
        assert grid.values(name, cells) == tuple(v for v in values[name] if any(s[name] == v for s in met))


@settings(max_examples=60, derandomize=True)
@given(numbers(2), numbers(2), truths(1), truths(1))
def test_what_nobody_folded(one: Expr, other: Expr, truth: Expr, denied: Expr) -> None:
    """Expressions that the constructors would have made smaller, and truth values that are compared."""
    for expr in (Eq(Plus((one, Times(0, other))), Times(-1, other)), Eq(truth, denied), Eq(Const(1), Ref("n"))):
        assert_same(Grid(EVERY), expr, EVERY)
