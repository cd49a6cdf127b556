"""What the ranges of variables decide is what every state says."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from hypothesis import given, settings

from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.expr import add, at_most, choose, equal, less, times
from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Ref
from kexecspec.ir.ranges import Ranges
from kexecspec.ir.system import Lifetime, Var
from kexecspec.ir.values import BOOL, EnumSort, IntSort, Sort, members

sys.path.insert(0, str(Path(__file__).parents[1] / "solve"))
from generated import SHAPE, numbers, truths

STATES = tuple(dict(zip(SHAPE, row, strict=True)) for row in product(*(tuple(members(s)) for s in SHAPE.values())))
VARIABLES = {name: Var(name, sort, None, Lifetime.KERNEL) for name, sort in SHAPE.items()}


@settings(max_examples=80, derandomize=True)
@given(truths(3), numbers(2))
def test_no_state_disagrees(truth: Expr, number: Expr) -> None:
    """An expression means the same where comparisons are decided, and no value leaves its range."""
    ranges = Ranges(VARIABLES)
    decided, (low, high) = ranges.decided(truth), ranges.range(number)
    for state in STATES[::3]:
        assert evaluate(decided, state) == evaluate(truth, state)
        assert low <= int(evaluate(number, state)) <= high


def test_a_heap_with_room_for_all() -> None:
    """Whatever of three buffers is held, 400 bytes are enough, 299 are not, and nobody can hold 301."""
    held = {f"held{n}": Var(f"held{n}", BOOL, None, Lifetime.KERNEL) for n in range(3)}
    taken = add(choose(Ref(name), Const(100), Const(0)) for name in held)
    ranges = Ranges(held)

    assert ranges.range(add((Const(400), times(-1, taken)))) == (100, 400)
    assert ranges.decided(at_most(Const(100), add((Const(400), times(-1, taken))))) == TRUE
    assert ranges.decided(less(Const(299), taken)) == less(Const(299), taken)
    assert ranges.decided(equal(taken, Const(301))) == FALSE


def test_a_choice_of_numbers_is_a_number() -> None:
    """It is never equal to one outside the ranges of both; of a choice of labels the ranges say nothing."""
    sorts: dict[str, Sort] = {"held": BOOL, "few": IntSort(0, 3), "some": IntSort(2, 4), "many": IntSort(5, 9)}
    sorts |= dict.fromkeys(("now", "next", "last"), EnumSort(("in", "out")))
    ranges = Ranges({name: Var(name, sort, None, Lifetime.KERNEL) for name, sort in sorts.items()})
    number, label = choose(Ref("held"), Ref("few"), Ref("some")), choose(Ref("held"), Ref("now"), Ref("next"))

    assert ranges.decided(equal(number, Ref("many"))) == FALSE
    for known in (equal(number, Ref("few")), equal(label, Ref("last"))):
        assert ranges.decided(known) == known


def test_ends_of_ranges_count() -> None:
    """Of two numbers that may be equal nothing is decided."""
    ranges = Ranges({"n": Var("n", IntSort(0, 3), None, Lifetime.KERNEL)})

    assert ranges.decided(less(Ref("n"), Const(3))) == less(Ref("n"), Const(3))
    assert ranges.decided(less(Ref("n"), Const(4))) == TRUE
    assert ranges.decided(less(Const(3), Ref("n"))) == FALSE
    assert ranges.decided(less(Const(2), Ref("n"))) == less(Const(2), Ref("n"))
