"""Compiled rules do what the reference reading of rules does, however many conjuncts they share."""

from __future__ import annotations

import pytest

from kexecspec.ir.evaluate import OutOfRange, fire, is_enabled
from kexecspec.ir.expr import add, conjoin, disjoin, equal, less, negate
from kexecspec.ir.moves import moves_of
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.system import Lifetime, Rule, TransitionSystem, Var
from kexecspec.ir.values import BOOL, EnumSort, IntSort, Value

PARTS = 9
LABELS = ("off", "probe", "bound")


def crowd() -> TransitionSystem:
    """Nine drivers that probe one after the other: each waits for all before it, and nobody goes on in a full heap."""
    variables = {f"d{n}": Var(f"d{n}", EnumSort(LABELS), Const("off"), Lifetime.KERNEL) for n in range(PARTS)}
    variables["heap"] = Var("heap", IntSort(0, 4), Const(0), Lifetime.PLATFORM)
    variables["on"] = Var("on", BOOL, Const(True), Lifetime.KERNEL)
    room = less(Ref("heap"), Const(4))
    there = [disjoin((equal(Ref(f"d{n}"), Const("bound")), negate(Ref("on")))) for n in range(PARTS)]
    rules = []
    for n in range(PARTS):
        before = tuple(there[:n])
        at: Expr = equal(Ref(f"d{n}"), Const("off"))
        more = {f"d{n}": Const("bound"), "heap": add((Ref("heap"), Const(1)))}
        rules.append(Rule(f"begin{n}", "k", conjoin((at, Ref("on"))), {f"d{n}": Const("probe")}, before))
        rules.append(Rule(f"end{n}", "k", equal(Ref(f"d{n}"), Const("probe")), more, (*before, room)))
        rules.append(Rule(f"copy{n}", "k", negate(at), {"d0": Ref(f"d{n}"), "on": negate(Ref("on"))}, before))
    rules.append(Rule("leave", "k", conjoin(there), {name: Const("off") for name in variables if name[0] == "d"}))
    return TransitionSystem(variables, tuple(rules))


def rows() -> list[tuple[Value, ...]]:
    """Rows near the walk: some drivers bound, one in any place, the rest off."""
    found: list[tuple[Value, ...]] = []
    for bound in range(PARTS):
        for label in LABELS:
            for heap in (0, 3, 4):
                for on in (False, True):
                    rest = ("off",) * (PARTS - bound - 1)
                    found.append((*("bound",) * bound, label, *rest, heap, on))
    return found


def test_a_rule_fires_as_it_is_written() -> None:
    """Also where its guard is tests that other rules have too."""
    system = crowd()
    moves = moves_of(system)
    fired = set[str]()
    for row in rows():
        state = dict(zip(system.variables, row, strict=True))
        for rule, move in zip(system.rules, moves.all, strict=True):
            after = move.after(row)
            if not is_enabled(rule, state):
                assert after is None
                continue
            try:
                assert after == tuple(fire(system, rule, state).values())
                fired.add(rule.name)
            except OutOfRange:
                assert after is None
            assert move in moves.at(row)
    assert fired == {rule.name for rule in system.rules}


def test_one_that_leaves_a_range_says_so_where_that_is_wanted() -> None:
    """In the range it fires."""
    up = Rule("up", "k", TRUE, {"n": add((Ref("n"), Const(1)))})
    system = TransitionSystem({"n": Var("n", IntSort(0, 2), Const(0), Lifetime.KERNEL)}, (up,))
    (move,) = moves_of(system, strict=True).all

    assert move.after((1,)) == (2,)
    with pytest.raises(OutOfRange, match="rule up gives n the value 3"):
        move.after((2,))
    assert moves_of(system).all[0].after((2,)) is None
