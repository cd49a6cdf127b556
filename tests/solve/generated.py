"""Random small transition systems and expressions, for the tests that compare two readings of one thing."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from kexecspec.ir.expr import add, at_most, choose, conjoin, disjoin, equal, less, negate, remainder, times
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import BOOL, EnumSort, IntSort

LABELS = ("red", "green", "blue")
SHAPE = {"b0": BOOL, "b1": BOOL, "c": EnumSort(LABELS), "n": IntSort(0, 3), "m": IntSort(-1, 2)}


@cache
def numbers(depth: int = 2) -> st.SearchStrategy[Expr]:
    """Integer expressions."""
    leaf = st.one_of(st.integers(-3, 3).map(Const), st.sampled_from(["n", "m"]).map(Ref))
    if depth == 0:
        return leaf
    inner = numbers(depth - 1)
    return st.one_of(
        leaf,
        st.lists(inner, min_size=2, max_size=3).map(add),
        st.builds(times, st.integers(-2, 2), inner),
        st.builds(remainder, inner, st.integers(2, 4)),
        st.builds(choose, truths(depth - 1), inner, inner),
    )


@cache
def truths(depth: int = 2) -> st.SearchStrategy[Expr]:
    """Truth expressions."""
    colours = st.one_of(st.sampled_from(LABELS).map(Const), st.just(Ref("c")))
    leaf = st.one_of(
        st.sampled_from(["b0", "b1"]).map(Ref),
        st.builds(equal, st.just(Ref("c")), colours),
        st.builds(equal, st.just(Ref("n")), st.integers(0, 3).map(Const)),
    )
    if depth == 0:
        return leaf
    inner = truths(depth - 1)
    return st.one_of(
        leaf,
        st.builds(less, numbers(depth - 1), numbers(depth - 1)),
        st.builds(at_most, numbers(depth - 1), numbers(depth - 1)),
        st.builds(equal, numbers(depth - 1), numbers(depth - 1)),
        inner.map(negate),
        st.lists(inner, min_size=2, max_size=3).map(conjoin),
        st.lists(inner, min_size=2, max_size=3).map(disjoin),
        st.builds(choose, inner, inner, inner),
    )


def clamped(value: Expr, low: int, high: int) -> Expr:
    """`value` kept between `low` and `high`."""
    return choose(less(value, Const(low)), Const(low), choose(less(Const(high), value), Const(high), value))


@st.composite
def rules(draw: st.DrawFn, number: int, handoff: bool) -> Rule:
    """A rule that writes one to three variables and keeps each in its sort."""
    effect: dict[str, Expr] = {}
    for name in draw(st.lists(st.sampled_from(sorted(SHAPE)), min_size=1, max_size=3, unique=True)):
        match SHAPE[name]:
            case IntSort(low, high):
                effect[name] = clamped(draw(numbers(1)), low, high)
            case EnumSort():
                effect[name] = draw(st.sampled_from(LABELS).map(Const))
            case _:
                effect[name] = draw(truths(1))
    return Rule(f"r{number}", "kernel", draw(truths(1)), effect, handoff=handoff)


@st.composite
def systems(draw: st.DrawFn) -> TransitionSystem:
    """A system over SHAPE with two to five rules, of which some are handoffs, and one property."""
    first = {"b0": False, "b1": None, "c": "red", "n": 0, "m": 0}
    kinds = {"b1": Lifetime.FIXED, "n": Lifetime.PLATFORM}
    variables = {
        name: Var(name, sort, None if first[name] is None else Const(first[name]), kinds.get(name, Lifetime.KERNEL))
        for name, sort in SHAPE.items()
    }
    found = []
    for number in range(draw(st.integers(2, 5))):
        rule = draw(rules(number, draw(st.booleans())))
        effect = {name: expr for name, expr in rule.effect.items() if name != "b1"}
        if effect:
            found.append(Rule(rule.name, rule.actor, rule.guard, effect, handoff=rule.handoff))
    holds, companion = negate(draw(truths(2))), draw(truths(1))
    prop = Property("KX900", "x", "kexec", holds, companion, "HANG")
    return TransitionSystem(variables, tuple(found), (), (prop,))
