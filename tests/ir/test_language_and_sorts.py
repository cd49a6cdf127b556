"""What is no expression, what has no sort, and what is no run, each told in a sentence of bounded length."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kexecspec.ir.expr import conjoin, less
from kexecspec.ir.language import Group, LanguageError, lower, parse
from kexecspec.ir.nodes import TRUE, Const, Eq, If, Less, Not, Plus, Ref, Times
from kexecspec.ir.slice import roots
from kexecspec.ir.system import Invariant, Lifetime, Rule, TransitionSystem, Var
from kexecspec.ir.trace import Step, Trace, objection
from kexecspec.ir.typing import SortError, check, sort_of
from kexecspec.ir.values import BOOL, BoolSort, EnumSort, IntSort, contains, describe, members

sys.path.insert(0, str(Path(__file__).parents[1] / "solve"))
from systems import always, at, plus, rule, system, var

COLOURS = EnumSort(("red", "green", "blue"))
VARIABLES = {
    name: Var(name, sort, None, Lifetime.KERNEL)
    for name, sort in {
        "n": IntSort(0, 9), "b": BOOL, "c": COLOURS, "few": EnumSort(("red", "green")),
        "more": EnumSort(("blue", "black")), "other": EnumSort(("on", "off")),
    }.items()
}  # fmt: skip


def known(name: str) -> object:
    return {"n": Ref("n"), "some": Group(())}.get(name)


def complaint(text: str) -> str:
    with pytest.raises(LanguageError) as told:
        lower(text, known)  # type: ignore[arg-type]
    return str(told.value)


def test_an_expression_may_be_as_long_as_four_thousand_letters() -> None:
    longest = "n + " + "n" * 3996
    assert parse(longest) is not None
    assert complaint(longest + "n") == "expression longer than 4000 characters"


def test_what_is_quoted_is_cut_after_eighty_letters() -> None:
    name = "n" + "m" * 200
    for text, words in (
        (f"{name} *", "not an expression: "),
        (f"lambda {name}: n", "not in the rule language: "),
        (f"{name} / n", "only sums and products with a constant: "),
        (f"n is {name}", "no such comparison: "),
        (f"all({name} for a in some for b in some)", "one `for NAME in GROUP` only: "),
        (f"{name} + 1", "a label stands where a number should: "),
        ("-" * 300 + "n", "nested too deep: "),
    ):
        said = complaint(text)
        assert said.startswith(words) and len(said) == len(words) + 80, said


def test_truth_values_are_written_as_in_yaml_or_as_in_python() -> None:
    for text, value in (("true", True), ("True", True), ("false", False), ("False", False)):
        assert lower(text, known) == Const(value)  # type: ignore[arg-type]
        assert lower(f"n == 1 or {text}", known) == (TRUE if value else lower("n == 1", known))  # type: ignore[arg-type]


def test_quantifiers_may_not_be_nested_for_ever() -> None:
    text = "n == 1"
    for depth in range(12):
        try:
            lower(text, known)  # type: ignore[arg-type]
        except LanguageError as told:
            assert str(told).startswith("nested too deep") and 2 < depth < 6
            break
        text = f"all({text} for x in some)"
    else:
        pytest.fail("twelve quantifiers inside each other were read")


@pytest.mark.parametrize(
    ("expr", "told"),
    [
        (Times(2, Ref("b")), "b is no int"), (Plus((Ref("n"), Ref("c"))), "c is no int"),
        (Not(Ref("n")), "n is no bool"), (Less(Ref("c"), Const(1)), "c is no int"),
        (If(Ref("n"), Const(1), Const(2)), "n is no bool"),
        (Eq(Ref("n"), Ref("b")), "two sorts"), (Eq(Ref("few"), Ref("other")), "two sorts"),
        (Eq(Ref("c"), Const("on")), "two sorts"), (If(Ref("b"), Const("on"), Ref("n")), "two sorts"),
        (Ref("x"), "no variable is called x"),
    ],
)  # fmt: skip
def test_what_has_no_sort(expr: Not, told: str) -> None:
    with pytest.raises(SortError, match=told):
        sort_of(expr, VARIABLES)


def test_labels_make_sorts() -> None:
    assert sort_of(Eq(Const("on"), Const("off")), VARIABLES) == BOOL
    assert isinstance(sort_of(Eq(Ref("few"), Ref("c")), VARIABLES), BoolSort)
    assert sort_of(If(Ref("b"), Ref("few"), Ref("c")), VARIABLES) == COLOURS
    assert sort_of(If(Ref("b"), Ref("c"), Ref("more")), VARIABLES) == EnumSort(("red", "green", "blue", "black"))
    assert sort_of(If(Ref("b"), Const("x"), If(Ref("b"), Const("y"), Const("x"))), VARIABLES) == EnumSort(("x", "y"))
    assert [contains(COLOURS, value) for value in ("red", "black", 1, True)] == [True, False, False, False]
    assert [contains(IntSort(0, 3), value) for value in (0, 3, 4, -1, "red", True)] == [True, True, *[False] * 4]
    assert [contains(BOOL, value) for value in (True, False, 1, "red")] == [True, True, False, False]


def test_a_sort_lists_its_values_and_describes_itself() -> None:
    assert [list(members(sort)) for sort in (BOOL, COLOURS, IntSort(2, 4))] == [
        [False, True], ["red", "green", "blue"], [2, 3, 4],
    ]  # fmt: skip
    assert [describe(sort) for sort in (BOOL, COLOURS, IntSort(2, 4))] == ["bool", "enum red green blue", "int 2..4"]


def test_everything_in_a_system_has_its_sort() -> None:
    wrong = TransitionSystem(
        {"n": var("n", IntSort(0, 9), True), "b": Var("b", BOOL, Const(3), Lifetime.KERNEL)},
        (Rule("r", "x", Ref("n"), {"n": Ref("b"), "gone": Const(1)}, (Ref("n"),)),),
        (Invariant("i", Ref("n")),),
        (always("KX1", Ref("n"), Ref("n")),),
    )

    said = check(wrong)

    assert [line.partition(":")[0] for line in said] == [
        "n, initial", "b, initial", "rule r", "rule r", "rule r, n", "rule r", "invariant i",
        f"property {wrong.properties[0].id}", f"companion of {wrong.properties[0].id}",
    ]  # fmt: skip
    assert check(system((var("n", IntSort(0, 9), 0),), (rule("up", TRUE, {"n": plus("n", 1)}),))) == ()


def test_what_is_no_run_is_told_by_its_first_wrong_step() -> None:
    up = system((var("n", IntSort(0, 9), 0),), (rule("up", less(Ref("n"), Const(1)), {"n": plus("n", 1)}),))
    zero, one, two = ({"n": number} for number in range(3))

    assert objection(up, Trace(zero, (Step("up", one),)), at("n", 1)) is None
    assert objection(up, Trace(one, ()), at("n", 1)) == "the first state is not an initial state"
    assert objection(up, Trace(zero, (Step("down", one),)), TRUE) == "step 1: no rule is called down"
    assert objection(up, Trace(zero, (Step("up", one), Step("up", two))), TRUE) == "step 2: up may not fire here"
    assert objection(up, Trace(zero, (Step("up", two),)), TRUE) == "step 1: up leads to another state"
    assert objection(up, Trace(zero, ()), at("n", 1)) == "the last state is not the wanted one"


def test_a_slice_begins_with_what_is_compared_where_its_property_is_decided() -> None:
    room = less(Ref("heap"), Ref("limit"))
    whole = system(
        tuple(var(name, IntSort(0, 9), 0) for name in ("heap", "limit", "bad", "else", "far")),
        (
            rule("harm", TRUE, {"bad": 1}, (room, less(Ref("far"), Const(3)))),
            rule("aside", TRUE, {"else": 1}, (conjoin((room, less(Ref("far"), Const(2)))),)),
        ),
        (always("KX1", at("bad", 0), TRUE, "heap"), always("KX2", at("bad", 0), at("else", 0))),
    )

    assert [roots(whole, prop) for prop in whole.properties] == [{"bad", "heap", "limit"}, {"bad", "else"}]
