"""The three readings of an expression: interpreted, compiled, and the solver's."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.ir.evaluate import compiled, evaluate
from kexecspec.ir.expr import conjoin, equal, negate
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import Lifetime, TransitionSystem, Var
from kexecspec.ir.values import members
from kexecspec.solve.budget import fresh_solver
from kexecspec.solve.encode import encode
from kexecspec.solve.readback import Reader
from kexecspec.solve.smtlib import renumbered, script, writer

sys.path.insert(0, str(Path(__file__).parent))
from generated import SHAPE, numbers, truths

STATES = tuple(dict(zip(SHAPE, row, strict=True)) for row in product(*(tuple(members(s)) for s in SHAPE.values())))
INDEX = {name: place for place, name in enumerate(SHAPE)}
FREE = TransitionSystem({name: Var(name, sort, None, Lifetime.KERNEL) for name, sort in SHAPE.items()}, ())


@settings(max_examples=150, derandomize=True)
@given(st.one_of(truths(3), numbers(3)))
def test_compiled_is_evaluated(expr: Expr) -> None:
    """In every state."""
    function = compiled(expr, INDEX)
    for state in STATES:
        assert function(tuple(state.values())) == evaluate(expr, state)


@settings(max_examples=60, derandomize=True)
@given(truths(3), st.sampled_from(STATES))
def test_the_solver_reads_the_same(expr: Expr, state: dict[str, bool | int | str]) -> None:
    """In one state the solver allows exactly the value that evaluation gives."""
    here = conjoin(equal(Ref(name), Const(value)) for name, value in state.items())
    pen = writer(FREE)
    encoding = encode(script(FREE, pen), [renumbered(part, FREE, pen) for part in (here, expr, negate(expr))])
    for place, expected in ((1, True), (2, False)):
        for finite in (True, False):
            solver = fresh_solver(encoding.context, finite)
            solver.add(encoding.domain, encoding.targets[0], encoding.targets[place])
            assert (str(solver.check()) == "sat") == (evaluate(expr, state) is expected)


@settings(max_examples=60, derandomize=True)
@given(truths(3))
def test_reading_back_what_was_written(expr: Expr) -> None:
    """Expression to solver and back keeps the meaning."""
    pen = writer(FREE)
    encoding = encode(script(FREE, pen), [renumbered(expr, FREE, pen)])
    symbols = {f"x{number}": var for number, var in enumerate(FREE.variables.values())}
    again = Reader(symbols, pen).formula(encoding.targets[0])
    assert all(evaluate(again, state) == evaluate(expr, state) for state in STATES)
