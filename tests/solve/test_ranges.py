"""A rule that would take a number out of its range is a defect of the rules, and no proof may stand on it."""

from __future__ import annotations

from kexecspec.ir.expr import TRUE, Const, Ref, add, at_most, less
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import IntSort
from kexecspec.solve.recheck import recheck


def counting(guarded: bool) -> tuple[TransitionSystem, Property]:
    count = Var("count", IntSort(0, 3), Const(0), Lifetime.PLATFORM)
    guard = less(Ref("count"), Const(3)) if guarded else TRUE
    rule = Rule("more", "world", guard, {"count": add((Ref("count"), Const(1)))})
    prop = Property("KX999", "x", "any", at_most(Ref("count"), Const(3)), TRUE, "HANG")
    return TransitionSystem({"count": count}, (rule,)), prop


def test_a_rule_that_leaves_a_range_is_objected_to() -> None:
    system, prop = counting(guarded=False)

    assert recheck(system, (), (prop,)) == ("the range of count in more may be left",)


def test_a_rule_that_stays_inside_is_not() -> None:
    system, prop = counting(guarded=True)

    assert recheck(system, (), (prop,)) == ()
