"""A smaller system has the runs of the one it was made from, and what it left out is shown to last."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

from hypothesis import given, settings

from kexecspec.ir.evaluate import evaluate, fire, initial_states, is_enabled
from kexecspec.ir.expr import add, at_most, choose, equal, less, negate
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.system import Invariant, Lifetime, Property, TransitionSystem
from kexecspec.ir.values import BOOL, IntSort, State, members
from kexecspec.ir.walk import references
from kexecspec.solve.budget import Meter
from kexecspec.solve.lasting import lasting
from kexecspec.solve.recheck import recheck
from kexecspec.solve.simplify import simplified
from kexecspec.solve.smtlib import writer

sys.path.insert(0, str(Path(__file__).parent))
from generated import SHAPE, systems, truths
from systems import plus, rule, system, var

RLIMIT = 20_000_000
EVERY = tuple(dict(zip(SHAPE, row, strict=True)) for row in product(*(tuple(members(s)) for s in SHAPE.values())))


def reachable(whole: TransitionSystem) -> list[State]:
    """Every reachable state, by the reference reading."""
    seen = {tuple(state.values()): state for state in initial_states(whole)}
    queue = list(seen.values())
    for state in queue:
        for one in whole.rules:
            after = fire(whole, one, state) if is_enabled(one, state) else state
            if tuple(after.values()) not in seen:
                seen[tuple(after.values())] = after
                queue.append(after)
    return queue


@settings(max_examples=80, derandomize=True)
@given(systems())
def test_the_same_states_are_reached(whole: TransitionSystem) -> None:
    """State by state, but for the variables that are missing; those are what the lemmas say."""
    lasting = {n: replace(v, lifetime=Lifetime.PLATFORM) for n, v in whole.variables.items() if v.initial is not None}
    whole = replace(whole, variables={**whole.variables, **lasting})
    small = simplified(whole, writer(whole), RLIMIT)
    states, names = reachable(whole), tuple(small.system.variables)

    assert {tuple(s[n] for n in names) for s in states} == {tuple(s[n] for n in names) for s in reachable(small.system)}
    assert all(evaluate(lemma.holds, state) for lemma in small.lemmas for state in states)
    assert recheck(whole, small.lemmas, ()) == ()
    for prop, was in zip(small.system.properties, whole.properties, strict=True):
        assert all(evaluate(prop.holds, state) == evaluate(was.holds, state) for state in states)


@settings(max_examples=80, derandomize=True)
@given(systems(), truths(1), truths(1))
def test_a_second_look_says_what_a_look_at_every_state_says(whole: TransitionSystem, one: Expr, other: Expr) -> None:
    """Which claims hold at first, are kept by every rule, and follow; the first that fails is not hidden by another."""
    prop = Property("KX900", "y", "kexec", whole.properties[0].holds, TRUE, "HANG")
    claims = (Invariant("one", one), Invariant("other", other))
    inside = [state for state in EVERY if all(evaluate(claim.holds, state) for claim in claims)]
    after = [fire(whole, r, state) for state in inside for r in whole.rules if is_enabled(r, state)]
    distinct = claims if one != other else claims[1:]
    expected = [
        *(f"{c.name} does not hold at first" for c in distinct if not _always(c.holds, list(initial_states(whole)))),
        *(f"{c.name} is not kept by every rule" for c in distinct if not _always(c.holds, after)),
        *([] if _always(prop.holds, inside) else [f"{prop.id} does not follow"]),
    ]

    assert list(recheck(whole, claims, (prop,))) == expected


def _always(holds: Expr, states: list[State]) -> bool:
    return all(evaluate(holds, state) for state in states)


def drivers(number: int, forgets: int = -1) -> TransitionSystem:
    """Drivers that each take 10 of a heap, give it back before a handoff, and leave what they do not give back; none is
    let in where there is no room. One of them forgets."""
    heap, variables, rules = 10 * number + 5, [], []
    taken: list[Expr] = []
    for n in range(number):
        variables.append(replace(var(f"held{n}", BOOL, False), lifetime=Lifetime.KERNEL))
        taken.append(Ref(f"held{n}"))
        rules.append(rule(f"takes{n}", at_most(plus("left", 10), Const(heap)), {f"held{n}": Const(True)}))
        rules.append(rule(f"gives{n}", Ref(f"held{n}"), {f"held{n}": Const(False)}))
    variables.append(replace(var("left", IntSort(0, heap), 0), lifetime=Lifetime.PLATFORM))
    idle = tuple(negate(held) for n, held in enumerate(taken) if n != forgets)
    left = plus("left", 10) if forgets >= 0 else Ref("left")
    more = {f"held{n}": Const(False) for n in range(number)} | {"left": left}
    rules.append(replace(rule("jump", less(Ref("left"), Const(heap - 10)), more), order=idle, handoff=True))
    return system(tuple(variables), tuple(rules))


def test_nothing_is_left_where_everybody_gives_back() -> None:
    """Then there is always room, and no driver has to do with another."""
    whole = drivers(40)
    small = simplified(whole, writer(whole), RLIMIT)

    assert "left" not in small.system.variables
    assert all(r.guard == TRUE for r in small.system.rules if r.name.startswith("takes"))
    assert Invariant("left stays", equal(Ref("left"), Const(0))) in small.lemmas


def test_what_one_driver_leaves_is_not_taken_for_nothing() -> None:
    """The heap stays a number that grows."""
    whole = drivers(3, forgets=1)
    small = simplified(whole, writer(whole), RLIMIT)

    assert "left" in small.system.variables
    assert len(reachable(small.system)) == len(reachable(whole))


def test_only_who_leaks_is_in_the_sum_of_what_is_left() -> None:
    """What the others would add is nothing where a handoff may happen; more behaviour there is none, and no less."""
    whole = drivers(3, forgets=1)
    jump = whole.rules[-1]
    each = [choose(Ref(f"held{n}"), Const(10), Const(0)) for n in range(3)]
    jump = replace(jump, effect={**jump.effect, "left": add((Ref("left"), *each))})
    small = simplified(replace(whole, rules=(*whole.rules[:-1], jump)), writer(whole), RLIMIT)

    assert references(small.system.rules[-1].effect["left"]) == {"left", "held1"}
    assert len(reachable(small.system)) == len(reachable(replace(whole, rules=(*whole.rules[:-1], jump))))


def test_what_nobody_leaves_lasts() -> None:
    """The sum of what is left is nothing wherever a handoff may happen; where one driver forgets, it grows."""
    each = [choose(Ref(f"held{n}"), Const(10), Const(0)) for n in range(3)]
    for forgets, constants in ((-1, {"left": Const(0)}), (1, {})):
        whole = drivers(3, forgets)
        jump = replace(whole.rules[-1], effect={**whole.rules[-1].effect, "left": add((Ref("left"), *each))})
        whole = replace(whole, rules=(*whole.rules[:-1], jump))

        assert lasting(whole, writer(whole), Meter(RLIMIT)).constants == constants


def test_a_question_is_about_values_and_not_about_how_they_began() -> None:
    """A rule may write what depends on a variable whose first value is another's, of which nothing is asked."""
    fact = replace(var("fact", BOOL, None), lifetime=Lifetime.FIXED)
    on = replace(var("on", BOOL, False), initial=Ref("fact"), lifetime=Lifetime.PLATFORM)
    left = replace(var("left", IntSort(0, 3), 0), lifetime=Lifetime.PLATFORM)
    whole = system((fact, on, left), (rule("leaves", Ref("on"), {"left": plus("left", 1)}),))

    assert simplified(whole, writer(whole), RLIMIT).lemmas == ()
    assert recheck(whole, (Invariant("none", at_most(Ref("left"), Const(3))),), ()) == (
        "the range of left in leaves may be left",
    )
