"""What is found by looking at values is what a solver finds."""

from __future__ import annotations

import contextlib
import sys
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.expr import at_most, conjoin, disjoin, equal, less, negate
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import BOOL, EnumSort, IntSort, members
from kexecspec.ir.walk import references
from kexecspec.solve import looking
from kexecspec.solve.budget import Meter
from kexecspec.solve.looking import Looking, TooMany
from kexecspec.solve.questions import Given, Questions
from kexecspec.solve.smtlib import writer

sys.path.insert(0, str(Path(__file__).parent))
from generated import SHAPE, truths
from systems import var

STATES = tuple(dict(zip(SHAPE, row, strict=True)) for row in product(*(tuple(members(s)) for s in SHAPE.values())))
VARIABLES = {name: var(name, sort, None) for name, sort in SHAPE.items()}
PARTS = st.lists(truths(2), min_size=1, max_size=5)


def looked(parts: list[Expr], at_once: int, alone: int, trials: int) -> bool:
    """Whether values that fulfil `parts` are found, which then do; with limits of these sizes. Raises TooMany."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "AT_ONCE", at_once)
        patch.setattr(looking, "TRIALS", trials)
        looker = Looking(VARIABLES)
        patch.setattr(looking, "ALONE", alone)
        found = looker.some(parts)
    read = frozenset().union(*map(references, parts))
    assert found is None or found.keys() == read and all(evaluate(part, found) for part in parts)
    return found is not None


@pytest.mark.parametrize("at_once,alone,trials", [(1 << 12, 1 << 9, 40), (8, 12, 1000), (3, 3, 1000), (4, 1, 1000)])
@settings(max_examples=60, derandomize=True)
@given(parts=PARTS)
def test_every_way_gives_the_answer(at_once: int, alone: int, trials: int, parts: list[Expr]) -> None:
    """Whether all is looked at as a whole, predicates narrow each other down, or values are tried."""
    expected = any(all(evaluate(part, state) for part in parts) for state in STATES)

    assert looked(parts, at_once, alone, trials) == expected


@settings(max_examples=100, derandomize=True)
@given(PARTS, st.integers(0, 3))
def test_one_that_gives_up_says_so(parts: list[Expr], trials: int) -> None:
    """With too few trials there is the right answer or none."""
    expected = any(all(evaluate(part, state) for part in parts) for state in STATES)

    with contextlib.suppress(TooMany):
        assert looked(parts, 4, 4, trials) == expected


@settings(max_examples=60, derandomize=True)
@given(PARTS)
def test_a_solver_agrees(parts: list[Expr]) -> None:
    """With the same question put to z3."""
    bare = TransitionSystem(VARIABLES, ())
    asked = conjoin(parts)
    questions = Questions(bare, writer(bare))

    assert questions.possible(parts, Meter(20_000_000), Given({})) == questions.asked(asked, Meter(20_000_000))


def test_wide_numbers_are_left_to_a_solver() -> None:
    """Nobody looks at a million values one by one; what else there is does not matter."""
    wide = {"n": var("n", IntSort(0, 1_000_000), None), "b": var("b", BOOL, None)}
    system = TransitionSystem(wide, ())
    parts = (less(Const(5), Ref("n")), at_most(Ref("n"), Const(5)), Ref("b"))

    with pytest.raises(TooMany, match="of n"):
        Looking(wide).possible(parts)
    assert Looking(wide).possible((Ref("b"), negate(Ref("b")))) is False
    assert not Questions(system, writer(system)).possible(parts, Meter(20_000_000), Given({}))


def test_a_long_chain_is_narrowed_down() -> None:
    """Forty variables of ten values each, every one equal to the next: what one is all are."""
    labels = tuple(f"l{number}" for number in range(10))
    names = [f"v{number}" for number in range(40)]
    looker = Looking({name: var(name, EnumSort(labels), None) for name in names})
    chain = [equal(Ref(one), Ref(other)) for one, other in pairwise(names)]
    ends = [equal(Ref(names[0]), Const("l3")), negate(equal(Ref(names[-1]), Const("l3")))]

    assert looker.possible((*chain, ends[0])) is True
    assert looker.possible((*chain, *ends)) is False
    with pytest.raises(TooMany, match="what is left"):
        looker.possible(chain)


def test_parts_that_share_nothing_are_apart() -> None:
    """Thirty pairs of which one cannot be: no product of them all is needed to see it."""
    names = [f"v{number}" for number in range(60)]
    looker = Looking({name: var(name, BOOL, None) for name in names})
    pairs = [disjoin((Ref(one), Ref(other))) for one, other in zip(names[::2], names[1::2], strict=True)]
    last = [disjoin((Ref(names[0]), negate(Ref(names[1])))), disjoin((negate(Ref(names[0])), Ref(names[1])))]

    assert looker.possible((*pairs, *last)) is True
    assert looker.possible((*pairs, *last, disjoin((negate(Ref(names[0])), negate(Ref(names[1])))))) is False
