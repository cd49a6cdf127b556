"""Kinds of states, laps, limits on handoffs, unknown facts and readings of formulas, by themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kexecspec.ir.expr import conjoin, disjoin, equal, less, negate, remainder, times
from kexecspec.ir.nodes import FALSE, TRUE, Const, Ref
from kexecspec.ir.system import Lifetime, TransitionSystem
from kexecspec.ir.trace import Step, Trace
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.ir.verdict import Lap
from kexecspec.solve.answers import Effort, Target
from kexecspec.solve.budget import Meter
from kexecspec.solve.decisive import decisive
from kexecspec.solve.desk import Desk
from kexecspec.solve.encode import encode
from kexecspec.solve.facts import unknown_facts, with_facts
from kexecspec.solve.kinds import counters_of, kinds_of, variants
from kexecspec.solve.laps import Course, Cycle, Wanted
from kexecspec.solve.lift import lifted_lap
from kexecspec.solve.prove import by_induction, by_pdr, by_states, is_excluded
from kexecspec.solve.readback import Reader, Unreadable
from kexecspec.solve.recheck import recheck
from kexecspec.solve.runs import HANDOFFS, limited, trace_of, uncounted
from kexecspec.solve.search import Search
from kexecspec.solve.smtlib import conjunction, disjunction, renumbered, script, writer
from kexecspec.solve.unroll import Run, Unrolling

sys.path.insert(0, str(Path(__file__).parent))
from systems import always, at, plus, rule, system, var


def leaking(high: int = 20, gain: int = 3) -> TransitionSystem:
    """A kernel that leaks `gain` of a heap at each handoff, and may waste a step."""
    return system(
        (var("phase", EnumSort(("boot", "up")), "boot"), var("heap", IntSort(0, high), 0, Lifetime.PLATFORM)),
        (
            rule("rest", at("phase", "boot"), {}),
            rule("up", conjoin((at("phase", "boot"), less(Ref("heap"), Const(high - gain + 1)))), {
                "phase": "up", "heap": plus("heap", gain),
            }),
            rule("handoff", at("phase", "up"), {"phase": "boot"}, handoff=True),
        ),
        (always("KX1", less(Ref("heap"), Const(high - gain)), counter="heap"),),
    )  # fmt: skip


def desk(whole: TransitionSystem, **more: int) -> Desk:
    return Desk(writer(whole), Effort(5_000_000, **more))


# Kinds of states.


def test_counters_outlive_kernels_and_may_grow_high() -> None:
    made = system(
        (
            var("few", IntSort(0, 15), 0, Lifetime.PLATFORM), var("many", IntSort(0, 16), 0, Lifetime.PLATFORM),
            var("mine", IntSort(0, 99), 0), var("from", IntSort(90, 106), 90, Lifetime.PLATFORM),
            var("flag", BOOL, False, Lifetime.PLATFORM),
        ),
        (),
    )  # fmt: skip
    assert counters_of(made) == ("many", "from")


def test_kinds_are_found_at_both_ends_of_the_counters() -> None:
    whole = leaking()
    kinds = kinds_of(whole, ("heap",), 10)
    assert kinds == (("boot", 0), ("up", 0))
    assert kinds_of(whole, ("heap",), 1) is None
    assert kinds_of(whole, ("heap",) * 4, 10) is None
    assert list(variants(whole, ("up", 7))) == [("up", 0), ("up", 20)]
    far = leaking()
    deep = TransitionSystem(
        {**far.variables, "late": var("late", BOOL, False)},
        (*far.rules, rule("late", conjoin((at("phase", "up"), at("heap", 20))), {"late": True})),
        (),
        far.properties,
    )
    assert kinds_of(deep, ("heap",), 10) == (
        ("boot", 0, False), ("up", 0, False), ("up", 0, True), ("boot", 0, True),
    )  # fmt: skip


# Laps.


def test_a_course_knows_what_repeats_and_how_often() -> None:
    course = Course(leaking(), ("heap",), 100)
    (start,) = course.starts
    assert (start.row, start.steps, start.handoffs, start.arrival) == (("boot", 0), 0, 0, False)
    look = course.look([start], False)
    met = [(m.kind, m.counts, m.kinds) for m in look.each()]
    assert met == [(("boot",), (0,), 1), (("up",), (3,), 2)]
    (arrival,) = look.after
    assert (arrival.row, arrival.steps, arrival.handoffs, arrival.arrival) == (("boot", 3), 2, 1, True)
    assert arrival.rules() == [1, 2] and arrival.rules(arrival) == []
    assert course.look([start], False) is look and list(look.each()) == list(look.each())
    assert course.cycle([arrival], 0) is None, "where the run starts is no arrival"
    following = course.look([arrival], False)
    list(following.each())
    begin, end, cycle = course.cycle(following.after, 0) or (None, None, None)
    assert (begin, cycle) == (arrival, Cycle((1, 2), 1, (3,)))
    assert end is not None and end.row == ("boot", 6)
    ends = course.laps(arrival, cycle)
    assert [node.row[1] for node in ends] == [3, 6, 9, 12, 15, 18]
    assert [node.handoffs for node in ends] == [1, 2, 3, 4, 5, 6]
    assert [node.steps for node in ends] == [2, 4, 6, 8, 10, 12]
    assert course.laps(arrival, Cycle((1, 2), 1, (4,))) == [arrival], "a lap that gains something else is none"


def test_laps_end_where_something_wanted_is_met() -> None:
    course = Course(leaking(), ("heap",), 100)
    (start,) = course.starts
    list(course.look([start], False).each())
    (arrival,) = course.look([start], False).after
    wanted = Wanted(course, at("heap", 12))
    cycle = Cycle((1, 2), 1, (3,))
    assert [node.row[1] for node in wanted.repeated(arrival, cycle)] == [3, 6, 9]
    found, after = wanted.generation([start], False)
    assert found is None and [node.row for node in after] == [("boot", 3)]
    hit, none = Wanted(course, at("heap", 3)).generation([start], False)
    assert hit is not None and (hit.row, none) == (("up", 3), [])


def test_of_each_kind_the_highest_counters_are_kept_or_every_one() -> None:
    branching = system(
        (var("phase", EnumSort(("boot", "up")), "boot"), var("heap", IntSort(0, 20), 0, Lifetime.PLATFORM)),
        tuple(rule(f"take{n}", at("phase", "boot"), {"phase": "up", "heap": plus("heap", n)}) for n in (1, 3, 2)),
    )
    course = Course(branching, ("heap",), 100)
    kept = [(m.kind, m.counts) for m in course.look(course.starts, False).each()]
    assert kept == [(("boot",), (0,)), (("up",), (1,)), (("up",), (3,))]
    every = [(m.kind, m.counts) for m in course.look(course.starts, True).each()]
    assert every == [(("boot",), (0,)), (("up",), (1,)), (("up",), (3,)), (("up",), (2,))]


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ([0, 1, 2, 3, 4, 5], Lap(1, 2, 2, "heap", 3)),
        ([3, 4, 5, 6, 7, 8], Lap(4, 2, 2, "heap", 3)),
        ([0, 1, 4, 5, 6, 7], None),
        ([0, 1, 2, 5, 6, 9], None),
    ],
)
def test_a_lap_in_a_slice_is_one_in_the_system_where_it_repeats_there(places: list[int], wanted: Lap | None) -> None:
    assert lifted_lap(Lap(1, 2, 2, "heap", 3), places) == wanted
    assert lifted_lap(None, places) is None


def test_a_first_lap_that_is_longer_is_left_out() -> None:
    assert lifted_lap(Lap(0, 1, 3, "heap", 3), [1, 2, 3]) == Lap(2, 1, 2, "heap", 3)


# Limits and runs.


def test_a_limited_system_makes_no_more_handoffs() -> None:
    whole = leaking()
    none = limited(whole, 0)
    assert [r.name for r in none.rules] == ["rest", "up"] and none.variables == whole.variables
    two = limited(whole, 2)
    assert two.variables[HANDOFFS].sort == IntSort(0, 2)
    run = Run((0, 0, 0), (1, 2, 1, 2))
    trace = trace_of(two, desk(two).pen, run)
    assert [step.state[HANDOFFS] for step in trace.steps] == [0, 1, 1, 2]
    assert HANDOFFS not in uncounted(trace).last and HANDOFFS not in uncounted(trace).initial
    assert uncounted(trace).last["heap"] == 6
    plain = Trace({"a": 1}, (Step("r", {"a": 2}),))
    assert uncounted(plain) == plain


def test_the_first_run_of_the_fewest_steps_is_found() -> None:
    whole = leaking()
    pen = writer(whole)
    targets = (Target(at("heap", 6), True), Target(at("heap", 3), True), Target(at("heap", 4), True))
    encoding = encode(script(whole, pen), [renumbered(t.where, whole, pen) for t in targets])
    unrolling = Unrolling(encoding, Meter(5_000_000))
    search = Search(whole, targets, pen, unrolling)
    search.to((0, 1), 5)
    assert {n: [s.rule for s in t.steps] for n, t in search.met.items()} == {
        0: ["up", "handoff", "up"], 1: ["up"],
    }  # fmt: skip
    assert search.clear == 3 and search.reason == ""
    search.to((2,), 6)
    assert 2 not in search.met and search.clear == 6


def test_a_search_that_has_seen_everything_says_so_and_one_without_budget_too() -> None:
    line = system((var("n", IntSort(0, 2), 0),), (rule("up", less(Ref("n"), Const(2)), {"n": plus("n", 1)}),))
    pen = writer(line)
    encoding = encode(script(line, pen), [renumbered(FALSE, line, pen)])
    unrolling = Unrolling(encoding, Meter(5_000_000))
    assert unrolling.search((0,), 50) == {}
    assert unrolling.complete and unrolling.depth == 4
    poor = Search(line, (Target(at("n", 2), True),), pen, Unrolling(encode(script(line, pen), ["(= x0 2)"]), Meter(0)))
    poor.to((0,), 9)
    assert poor.reason == "rlimit 0 of bounded model checking" and poor.met == {}


# Proofs.


def test_what_is_out_of_reach_is_excluded_by_each_engine_and_what_is_not_is_not() -> None:
    whole = leaking()
    for where, reachable in ((at("heap", 18), True), (at("heap", 4), False)):
        table = desk(whole)
        assert is_excluded(whole, where, table) is not reachable
        ground = by_induction(whole, where, table)
        assert ground.proof is None
        assert (by_states(ground, table) is None) is reachable
        assert (by_pdr(ground, table) is None) is reachable
    beyond = by_induction(whole, less(Const(20), Ref("heap")), desk(whole))
    assert beyond.proof is not None and [i.name for i in beyond.proof.invariants] == ["excluded"]
    assert beyond.proof.method == "inductive"


def test_a_proof_of_the_states_is_rechecked_in_all_its_parts() -> None:
    whole = leaking(high=40)
    ground = by_induction(whole, at("heap", 4), desk(whole))
    proof = by_states(ground, desk(whole))
    assert proof is not None and proof.method == "states"
    prop = always("KX1", negate(at("heap", 4)))
    assert recheck(whole, proof.invariants, (prop,)) == ()
    assert recheck(whole, (), (prop,)) == (f"{prop.id} does not follow",)
    assert recheck(whole, proof.invariants, (always("KX2", negate(at("heap", 6))),)) != ()


# Unknown facts.


def unsure() -> TransitionSystem:
    return system(
        (
            var("a", BOOL, None, Lifetime.FIXED), var("few", IntSort(100, 115), None, Lifetime.FIXED),
            var("many", IntSort(0, 16), None, Lifetime.FIXED), var("given", BOOL, True, Lifetime.FIXED),
            var("bad", BOOL, False),
        ),
        (rule("go", conjoin((Ref("a"), at("few", 103), less(Ref("many"), Const(99)))), {"bad": True}),),
    )  # fmt: skip


def test_facts_that_decide_are_few_valued_and_excluded_otherwise() -> None:
    whole = unsure()
    assert unknown_facts(whole) == {"a": "bool", "few": "int 100..115", "many": "int 0..16"}
    first = {"a": True, "few": 103, "many": 5, "given": True, "bad": False}
    assert decisive(whole, Ref("bad"), Trace(first, ()), desk(whole)) == (("a", True), ("few", 103))


def test_a_known_fact_is_put_everywhere() -> None:
    known = with_facts(unsure(), {"a": True, "few": 103})
    assert set(known.variables) == {"many", "given", "bad"}
    assert known.rules[0].guard == less(Ref("many"), Const(99))
    assert with_facts(unsure(), {"a": False}).rules == ()


# Formulas.


def test_formulas_over_labels_are_read_back() -> None:
    import z3

    colour = var("c", EnumSort(("red", "green", "blue")), "red")
    whole = system((colour, var("n", IntSort(0, 9), 0), var("b", BOOL, False)), ())
    pen = writer(whole)
    reader = Reader({f"x{number}": v for number, v in enumerate(whole.variables.values())}, pen)
    c, n, b = z3.Int("x0"), z3.Int("x1"), z3.Bool("x2")
    red, green, blue = (at("c", label) for label in ("red", "green", "blue"))
    assert reader.formula(c == 1) == green
    assert reader.formula(c >= 1) == negate(red)
    assert reader.formula(c <= 2) == TRUE
    assert reader.formula(c > 2) == FALSE
    assert reader.formula(z3.Not(c < 1)) == negate(red)
    assert reader.formula(z3.IntVal(1) < c) == blue
    assert reader.formula(z3.Implies(b, n > 3)) == disjoin((negate(Ref("b")), less(Const(3), Ref("n"))))
    assert reader.formula(z3.If(b, n < 3, n == 4)).condition == Ref("b")  # type: ignore[union-attr]
    assert reader.formula(n - 2 <= 2 * n) is not None
    assert reader.formula(n % 2 == 0) == equal(remainder(Ref("n"), 2), Const(0))
    assert reader.formula(-n < 0) == less(times(-1, Ref("n")), Const(0))
    assert reader.formula(b == (n >= 1)) is not None
    for strange in (z3.Int("other") == 1, n / 2 == 0, n % 1 == 0, z3.Bool("other")):
        with pytest.raises(Unreadable):
            reader.formula(strange)


def test_junctions_as_text() -> None:
    assert [conjunction(terms) for terms in ((), ("true",), ("a",), ("a", "true", "b"))] == [
        "true", "true", "a", "(and a b)",
    ]  # fmt: skip
    assert [disjunction(terms) for terms in ((), ("a",), ("a", "b"))] == ["false", "a", "(or a b)"]
