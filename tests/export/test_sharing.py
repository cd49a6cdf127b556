"""A file grows no faster than its system: sums over all parts are written once, not once for each part."""

from __future__ import annotations

import pytest

from kexecspec.export.dag import Dag
from kexecspec.export.formats import FORMATS
from kexecspec.export.model import model, sliced
from kexecspec.export.operators import Op
from kexecspec.export.promela import TooLarge, promela
from kexecspec.ir.expr import add, choose, conjoin, less, negate
from kexecspec.ir.nodes import TRUE, Const, Ref
from kexecspec.ir.system import Lifetime, Mode, Property, Rule, TransitionSystem, Var
from kexecspec.ir.values import BOOL, IntSort


def crowd(parts: int) -> TransitionSystem:
    """Parts that take 64 of a heap while there is room: each guard is a sum over all parts."""
    names = [f"part{number}" for number in range(parts)]
    rules = []
    for name in names:
        taken = add(choose(Ref(one), Const(64), Const(0)) for one in names)
        turn = conjoin(negate(Ref(f"{one}.busy")) for one in names)
        room = less(add((taken, Ref("base"))), Const(64 * parts))
        rules.append(Rule(f"{name} takes", "kernel", negate(Ref(name)), {name: TRUE}, order=(turn, room)))
    variables = [Var(name, BOOL, Const(False), Lifetime.KERNEL) for one in names for name in (one, f"{one}.busy")]
    variables.append(Var("base", IntSort(0, 64), None, Lifetime.FIXED))
    prop = Property("KX900", "x", "any", negate(conjoin(Ref(name) for name in names)), TRUE, "HANG")
    return TransitionSystem({var.name: var for var in variables}, tuple(rules), (), (prop,))


@pytest.mark.parametrize("form", FORMATS)
def test_twice_the_parts_are_twice_the_file(form: str) -> None:
    small, large = (len(FORMATS[form](model(one, one.properties[0]), "")) for one in (crowd(20), crowd(40)))
    assert large < 2.4 * small


def test_what_begins_alike_is_one_node() -> None:
    dag = Dag(crowd(3).variables)
    numbers = [choose(Ref(f"part{at}"), Const(1), Const(0)) for at in range(3)]
    dag.add(add(numbers))
    before = len(dag.nodes)
    dag.add(add((*numbers, Const(5))))
    assert len(dag.nodes) == before + 2, "a constant, and one sum more"
    assert [node.op for node in dag.nodes].count(Op.PLUS) == 3


def test_a_slice_keeps_whose_turn_it_is() -> None:
    system = crowd(2)
    other = Rule("other", "kernel", TRUE, {"lone": TRUE})
    ordered = Rule("base", "kernel", TRUE, {"part0": TRUE}, order=(Ref("turn"),))
    lone, turn = (Var(name, BOOL, Const(False), Lifetime.KERNEL) for name in ("lone", "turn"))
    variables = {**system.variables, "lone": lone, "turn": turn}
    system = TransitionSystem(variables, (*system.rules, other, ordered), (), system.properties)

    found = sliced(system, system.properties[0])

    assert set(variables) - set(found.variables) == {"lone"}
    assert [rule.name for rule in found.rules] == ["part0 takes", "part1 takes", "base"]


def test_numbers_that_promela_does_not_have() -> None:
    large = Var("large", IntSort(0, 2**30), Const(0), Lifetime.KERNEL)
    holds = less(add((Ref("large"), Ref("large"))), Const(2**31 - 1))
    prop = Property("KX900", "x", "any", holds, TRUE, "HANG")
    one = model(TransitionSystem({"large": large}, (), (), (prop,)), prop)
    with pytest.raises(TooLarge, match="numbers up to 2147483648; an int of Promela has 32 bits"):
        promela(one, "")


def test_a_property_about_some_state_is_refused() -> None:
    prop = Property("KX900", "x", "any", Ref("part0"), TRUE, "HANG", mode=Mode.SOMETIMES)
    with pytest.raises(ValueError, match="some state"):
        model(crowd(2), prop)
