"""What shows only in corners: bounds that begin late, steps far off, budgets that are gone, codes with gaps."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.ir.expr import at_most, conjoin, disjoin, less, negate
from kexecspec.ir.moves import moves_of
from kexecspec.ir.nodes import FALSE, TRUE, Const, Ref
from kexecspec.ir.slice import slice_system
from kexecspec.ir.system import Invariant, Lifetime, TransitionSystem
from kexecspec.ir.trace import Step, Trace, handoffs, objection
from kexecspec.ir.values import BOOL, EnumSort, IntSort
from kexecspec.solve import judge as judging
from kexecspec.solve import pdr
from kexecspec.solve.accelerate import accelerate
from kexecspec.solve.answers import Disagreement, Effort, Open, Reached, Target
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.desk import Desk
from kexecspec.solve.encode import encode
from kexecspec.solve.judge import judge
from kexecspec.solve.laps import Course
from kexecspec.solve.lift import Blocked, Lifted, Lifter
from kexecspec.solve.prove import by_induction, by_states
from kexecspec.solve.questions import HUB, Index
from kexecspec.solve.recheck import recheck, sufficient
from kexecspec.solve.settle import fewest
from kexecspec.solve.share import Known
from kexecspec.solve.smtlib import renumbered, script, writer
from kexecspec.solve.unroll import Unrolling

sys.path.insert(0, str(Path(__file__).parent))
from systems import always, at, plus, rule, system, var

PHASE = var("phase", EnumSort(("boot", "up")), "boot")
HEAP = var("heap", IntSort(0, 40), 0, Lifetime.PLATFORM)
OTHER = var("other", IntSort(0, 40), 0, Lifetime.PLATFORM)
ROOM = less(Ref("heap"), Const(38))
FULL = less(Const(29), Ref("heap"))


def desk(whole: TransitionSystem, rlimit: int = 5_000_000, states: int = 3000) -> Desk:
    return Desk(writer(whole), Effort(rlimit, states=states))


def cold_first() -> TransitionSystem:
    """The first kernel takes nothing of the heap yet."""
    cold = conjoin((at("phase", "boot"), negate(Ref("warm"))))
    taken = {"phase": "up", "heap": plus("heap", 3)}
    return system(
        (PHASE, var("warm", BOOL, False, Lifetime.PLATFORM), HEAP),
        (
            rule("first", cold, {"phase": "up"}),
            rule("up", conjoin((at("phase", "boot"), Ref("warm"), ROOM)), taken),
            rule("handoff", at("phase", "up"), {"phase": "boot", "warm": True}, handoff=True),
        ),
    )


def beside_a_still_one() -> TransitionSystem:
    """A second counter that would grow if it were not 0."""
    return system(
        (PHASE, HEAP, OTHER),
        (
            rule("up", conjoin((at("phase", "boot"), ROOM)), {"phase": "up", "heap": plus("heap", 3)}),
            rule("more", conjoin((less(Const(0), Ref("other")), less(Ref("other"), Const(40)))), {
                "other": plus("other", 1),
            }),
            rule("handoff", at("phase", "up"), {"phase": "boot"}, handoff=True),
        ),
    )  # fmt: skip


def cracking() -> TransitionSystem:
    """With a full heap a kernel first cracks and then breaks."""
    return system(
        (PHASE, HEAP, var("cracked", BOOL, False), var("broken", BOOL, False)),
        (
            rule("up", conjoin((at("phase", "boot"), ROOM)), {"phase": "up", "heap": plus("heap", 3)}),
            rule("crack", conjoin((at("phase", "up"), FULL)), {"cracked": True}),
            rule("break", Ref("cracked"), {"broken": True}),
            rule("handoff", at("phase", "up"), {"phase": "boot", "cracked": False, "broken": False}, handoff=True),
        ),
    )


@pytest.mark.parametrize(
    ("whole", "where", "taken"),
    [
        (cold_first(), FULL, 10),
        (beside_a_still_one(), disjoin((FULL, less(Const(1), Ref("other")))), 9),
        (cracking(), Ref("broken"), 9),
    ],
)
def test_that_no_run_takes_fewer_handoffs_is_proved(whole: TransitionSystem, where: Ref, taken: int) -> None:
    found = accelerate(whole, Target(where, True, "heap"), desk(whole))

    assert found is not None and found.shortest
    assert handoffs(whole, found.trace) == taken
    assert objection(whole, found.trace, where) is None


def test_a_counter_that_stands_still_is_no_hindrance_to_a_cycle() -> None:
    course = Course(beside_a_still_one(), ("heap", "other"), 100)
    (start,) = course.starts
    first = course.look([start], False)
    list(first.each())
    second = course.look(first.after, False)
    list(second.each())

    _, _, cycle = course.cycle(second.after, 0) or (None, None, None)

    assert cycle is not None and cycle.gains == (3, 0)
    assert course.cycle(second.after, 1) is None


def chain(length: int, lamps: int) -> TransitionSystem:
    """Drivers shut down one after the other, and lamps that anybody may switch on, which bear on nothing."""
    names = [f"driver{number}" for number in range(length)]
    rules = [rule(f"lamp{n}", negate(Ref(f"lamp{n}")), {f"lamp{n}": True}) for n in range(lamps)]
    for place, name in enumerate(names):
        before = tuple(at(other, "off") for other in names[:place])
        rules.append(rule(name, at(name, "up"), {name: "off"}, before))
    variables = [var(name, EnumSort(("up", "off")), "up") for name in names]
    return system((*variables, *(var(f"lamp{n}", BOOL, False) for n in range(lamps))), tuple(rules))


def test_steps_are_put_in_though_thousands_of_states_do_not_matter() -> None:
    whole = chain(8, 14)
    part = slice_system(whole, (at("driver7", "up"),))
    first = {"driver7": "up"}
    assert set(part.variables) == {"driver7"}

    lifted = Lifter(whole, part, moves_of(whole)).lift(Trace(first, (Step("driver7", {"driver7": "off"}),)))

    assert isinstance(lifted, Lifted) and lifted.places == (7,)
    assert [step.rule for step in lifted.trace.steps] == [f"driver{n}" for n in range(8)]


def test_a_step_that_fires_in_a_slice_and_never_in_the_system_is_a_disagreement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = system((var("n", IntSort(0, 3), 0),), (rule("up", less(Ref("n"), Const(3)), {"n": plus("n", 1)}),))
    monkeypatch.setattr(judging.Lifter, "lift", lambda *_: Blocked("up", frozenset()))

    with pytest.raises(Disagreement, match="up fires in a slice"):
        judge(whole, (always("KX1", less(Ref("n"), Const(2))),))


def test_the_first_of_many_runs_is_found() -> None:
    alike = {"n": plus("n", 1)}
    rules = (rule("late", less(Const(1), Ref("n")), alike), rule("one", TRUE, alike), rule("two", TRUE, alike))
    whole = system((var("n", IntSort(0, 9), 0),), rules)
    pen = writer(whole)
    unrolling = Unrolling(encode(script(whole, pen), [renumbered(at("n", 6), whole, pen)]), Meter(5_000_000))

    assert unrolling.search((0,), 9)[0].rules == (1, 1, 0, 0, 0, 0)


def test_a_shorter_run_is_searched_for_where_the_states_are_too_many() -> None:
    whole = system(
        (var("n", IntSort(0, 9), 0), var("m", IntSort(0, 9), 0)),
        (
            rule("handoff", less(Ref("n"), Const(5)), {"n": plus("n", 1)}, handoff=True),
            rule("step", less(Ref("m"), Const(5)), {"m": plus("m", 1)}),
            rule("leap", at("m", 5), {"n": 5}),
        ),
    )
    states = [{"n": n, "m": 0} for n in range(6)]
    long = Reached(Trace(states[0], tuple(Step("handoff", state) for state in states[1:])), False)

    found = fewest(whole, Target(at("n", 5), True), long, desk(whole, states=2))

    assert isinstance(found, Reached) and handoffs(whole, found.trace) == 0
    assert [step.rule for step in found.trace.steps] == ["step"] * 5 + ["leap"]


def test_what_nobody_knows_of_a_slice_nobody_knows_of_its_twin() -> None:
    whole = system(
        tuple(var(name, IntSort(0, 9), 0) for name in "ab"),
        tuple(rule(name, less(Ref(name), Const(9)), {name: plus(name, 1)}) for name in "ab"),
    )
    known = Known(desk(whole, rlimit=1, states=2), moves_of(whole))
    parts = [slice_system(whole, (Ref(name),)) for name in "ab"]

    said = [known.ask(part, (Target(at(name, 8), True),))[0] for part, name in zip(parts, "ab", strict=True)]

    assert isinstance(said[0], Open) and said[1] == said[0]


def test_a_slice_in_which_steps_would_lose_their_order_is_not_used() -> None:
    whole = chain(2, 1)
    ordered = by_induction(whole, at("driver1", "off"), desk(whole))
    free = by_induction(whole, at("driver0", "off"), desk(whole))

    assert ordered.system is whole
    assert set(free.system.variables) == {"driver0"}


def test_found_invariants_are_numbered_and_without_budget_there_are_none() -> None:
    narrow = beside_a_still_one()
    wide = replace(HEAP, sort=IntSort(0, 999))
    whole = replace(narrow, variables={**narrow.variables, "heap": wide})
    ground = by_induction(whole, at("heap", 4), desk(whole))

    proof = by_states(ground, desk(whole))

    assert proof is not None and by_states(ground, desk(whole, rlimit=1)) is None
    names = [invariant.name for invariant in proof.invariants]
    assert names == [*(f"found-{number}" for number in range(1, len(names))), "excluded"] and len(names) > 1


def test_an_invariant_of_pdr_that_does_not_hold_up_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import z3

    whole = beside_a_still_one()
    assert pdr.separate(whole, less(Const(40), Ref("heap")), (), writer(whole), 5_000_000) is not None
    monkeypatch.setattr(pdr, "_query", lambda encoding, *_: z3.BoolVal(True, encoding.context))
    with pytest.raises(OutOfBudget, match="does not hold up"):
        pdr.separate(whole, at("heap", 4), (), writer(whole), 5_000_000)


def test_an_answer_of_pdr_that_says_nothing_is_read() -> None:
    import z3

    pen = writer(system((HEAP,), ()))
    encoding = encode(script(system((HEAP,), ()), pen), ())
    true = z3.BoolVal(True, encoding.context)

    assert pdr._body(true, encoding) is true
    with pytest.raises(OutOfBudget, match="no invariant"):
        pdr._body(encoding.now[0] == 3, encoding)


def counting(most: int, last: int = 3) -> TransitionSystem:
    return system((var("n", IntSort(0, last), 0),), (rule("up", less(Ref("n"), Const(most)), {"n": plus("n", 1)}),))


def test_ranges_are_looked_at_beside_invariants_and_properties() -> None:
    small = Invariant("small", less(Ref("n"), Const(4)))
    properties = (always("KX1", less(Ref("n"), Const(4))), always("KX2", less(Ref("n"), Const(5))))

    assert recheck(counting(3), (small,), properties) == ()
    assert recheck(counting(4), (small,), properties) == ("the range of n in up may be left",)
    assert recheck(counting(999, last=999), (), ()) == ()
    with pytest.raises(OutOfBudget, match="the range of n in up: not rechecked, rlimit 1"):
        recheck(counting(999, last=999), (), (), rlimit=1)


def test_declared_invariants_are_part_of_a_proof_where_the_ranges_need_them() -> None:
    """`n` stays below `m`, which never gets far: only with both is `n` one of its range."""
    declared = {"few": at_most(Ref("m"), Const(9)), "none": at_most(Ref("m"), Const(4)), "nothing": TRUE}
    both = system(
        (var("n", IntSort(0, 9), 0), var("m", IntSort(0, 99), 5)),
        (rule("up", less(Ref("n"), Ref("m")), {"n": plus("n", 1)}),),
        invariants=tuple(Invariant(name, holds) for name, holds in declared.items()),
    )
    small = Invariant("small", at_most(Ref("n"), Ref("m")))

    assert [i.name for i in sufficient(both, (small,))] == ["small", "few"]
    assert recheck(both, (small,), ()) == ()


def test_a_variable_may_begin_with_anything() -> None:
    free = system((var("n", IntSort(0, 3), None, Lifetime.FIXED),), ())
    claims = [Invariant(f"at most {most}", at_most(Ref("n"), Const(most))) for most in (2, 3)]

    assert recheck(free, claims, ()) == ("at most 2 does not hold at first",)


@pytest.mark.parametrize(("parts", "about"), [(HUB, HUB), (HUB + 1, 0)])
def test_what_speaks_of_a_hub_is_near_only_to_what_speaks_of_nothing_else(parts: int, about: int) -> None:
    index = Index([(conjoin((Ref("hub"), Ref(f"own{n}"))), n) for n in range(parts)])

    assert len(index.about(("hub",))) == about
    assert index.about(("own1",)) == (1,)
    assert index.within(frozenset(("hub", "own1"))) == (1,)
    assert index.within(frozenset(("own1",))) == ()


def test_an_invariant_that_says_nothing_is_not_part_of_a_proof() -> None:
    small = Invariant("small", less(Ref("n"), Const(4)))
    again, nothing = Invariant("again", less(Ref("n"), Const(4))), Invariant("nothing", TRUE)

    assert [i.holds for i in sufficient(counting(3), (small, nothing, again))] == [small.holds]


def test_numbers_below_zero_are_written_as_smt_lib_has_them() -> None:
    pen = writer(counting(3))

    assert [pen.value(number) for number in (-3, 0, 3)] == ["(- 3)", "0", "3"]


def test_codes_between_those_of_a_sort_are_not_values_of_it() -> None:
    whole = system(
        (
            var("all", EnumSort(("p", "q", "r", "s")), "p"), var("two", EnumSort(("p", "s")), None, Lifetime.FIXED),
            var("bad", BOOL, False),
        ),
        (rule("neither", conjoin((negate(at("two", "p")), negate(at("two", "s")))), {"bad": True}),),
    )  # fmt: skip

    assert by_induction(whole, Ref("bad"), desk(whole)).proof is not None
    assert by_induction(whole, FALSE, desk(whole)).proof is not None
