"""A rule that would take a number out of its range is a defect of the rules, and no proof may stand on it."""

from __future__ import annotations

from pathlib import Path

from kexecspec.check import check
from kexecspec.ir.expr import add, at_most, less
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import EnumSort, IntSort, Sort
from kexecspec.ir.verdict import Verdict
from kexecspec.options import Options
from kexecspec.solve.ranged import in_range
from kexecspec.solve.recheck import ranges_left, recheck

ROOT = Path(__file__).parents[2]


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


SMALL, ZERO = IntSort(0, 3), Const(0)


def giving(value: Expr, sort: Sort = SMALL, initial: Expr = ZERO) -> tuple[str, ...]:
    """What is objected to where a rule gives a variable `value`."""
    given = Var("given", sort, initial, Lifetime.PLATFORM)
    fact = Var("fact", EnumSort(("a", "b", "c")), None, Lifetime.FIXED)
    number = Var("number", IntSort(0, 9), None, Lifetime.FIXED)
    system = TransitionSystem(
        {"given": given, "fact": fact, "number": number}, (Rule("gives", "world", TRUE, {"given": value}),)
    )
    return recheck(system, (), ())


def test_constants_and_labels_have_their_ranges_too() -> None:
    left = ("the range of given in gives may be left",)
    few = EnumSort(("a", "b"))
    assert giving(Const(3)) == () and giving(Const(4)) == left and giving(Const(-1)) == left
    assert giving(Const("b"), few, Const("a")) == () and giving(Const("c"), few, Const("a")) == left
    assert giving(Ref("fact"), few, Const("a")) == left
    assert giving(Ref("fact"), EnumSort(("a", "b", "c")), Const("a")) == ()


def test_a_variable_begins_within_its_range() -> None:
    left = ("the range of given at first may be left",)
    assert giving(Const(0), initial=Const(4)) == left and giving(Const(0), initial=Ref("number")) == left
    assert giving(Const(0), IntSort(0, 9), Ref("number")) == ()


def following(last: int) -> TransitionSystem:
    """`n` follows `m` by one, and `m` turns back at `last`."""
    n, m = (Var(name, IntSort(0, high), ZERO, Lifetime.PLATFORM) for name, high in (("n", 3), ("m", 9)))
    more = add((Ref("m"), Const(1)))
    rules = (
        Rule("follow", "world", TRUE, {"n": more}),
        Rule("up", "world", less(Ref("m"), Const(last)), {"m": more}),
    )
    return TransitionSystem({"n": n, "m": m}, rules)


def test_a_range_that_the_proofs_do_not_show_is_judged_by_itself() -> None:
    system = following(2)
    assert [one.says for one in ranges_left(system, ())] == ["the range of n in follow"]
    found = in_range(system, ())
    assert found and ranges_left(system, found) == () == recheck(system, found, ())


def test_a_range_that_is_left_stays_an_objection() -> None:
    assert in_range(following(5), ()) == () != ranges_left(following(5), ())


def test_a_proof_that_is_asked_for_alone_needs_no_other_for_its_ranges() -> None:
    report = check(str(ROOT / "examples/shm-flags/priv-flag-rpc-unmarked.yaml"), Options(only=("KX102",)))
    assert report.objections == () and {f.verdict for f in report.findings} == {Verdict.PROVED}
