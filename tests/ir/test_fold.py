"""Folding by what waits for what comes to what folding everything again and again comes to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings

from kexecspec.ir.expr import equal, less
from kexecspec.ir.fold import fold
from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Ref
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.values import IntSort
from kexecspec.ir.walk import substitute

sys.path.insert(0, str(Path(__file__).parents[1] / "solve"))
from generated import systems
from systems import rule, system, var

COUNT = IntSort(0, 3)


def again_and_again(whole: TransitionSystem) -> tuple[dict[str, Expr], list[Rule]]:
    """The variables that never change, and the rules that may fire, from all rules at every turn."""
    constants = {n: v.initial for n, v in whole.variables.items() if isinstance(v.initial, Const)}
    while True:
        live = [r for r in whole.rules if all(_now(part, constants) != FALSE for part in (r.guard, *r.order))]
        changed = {
            name
            for one in live
            for name, value in one.effect.items()
            if value != Ref(name) and name in constants and _now(value, constants) != constants[name]
        }
        if not changed:
            return constants, live
        constants = {name: value for name, value in constants.items() if name not in changed}


def _now(expr: Expr, constants: Mapping[str, Expr]) -> Expr:
    return substitute(expr, constants)


@settings(max_examples=150, derandomize=True)
@given(systems())
def test_what_never_changes_is_found(whole: TransitionSystem) -> None:
    """The same variables and rules are left; half of each guard is asked as order."""
    turned = replace(whole, rules=tuple(replace(r, guard=TRUE, order=(r.guard,)) for r in whole.rules))
    for one in (whole, turned):
        constants, live = again_and_again(one)
        found = fold(one)

        assert found.variables.keys() == one.variables.keys() - constants.keys()
        assert [r.name for r in found.rules] == [r.name for r in live]
        for was, now in zip(live, found.rules, strict=True):
            left = {n: _now(v, constants) for n, v in was.effect.items() if n not in constants}
            assert now.effect == {n: v for n, v in left.items() if v != Ref(n)}
        assert found.properties[0].holds == _now(one.properties[0].holds, constants)


def test_a_chain_is_followed_to_its_end_in_either_order() -> None:
    """Each rule waits for the one before; what a rule waited for is looked at again once it has changed."""
    links = tuple(rule(f"r{n}", less(Const(0), Ref(f"v{n}")), {f"v{n + 1}": Const(1)}) for n in range(1, 30))
    first = rule("first", TRUE, {"v1": Const(1)})
    variables = tuple(var(f"v{n}", COUNT, 0) for n in range(1, 32))
    for rules in ((first, *links), (*reversed(links), first), (*links, first)):
        found = fold(system(variables, rules))

        assert len(found.rules) == 30
        assert "v31" not in found.variables


def test_two_rules_that_wait_for_one_conjunct_are_both_woken() -> None:
    """Also the one that comes to it after its variable has changed and before anybody was told."""
    gate = equal(Ref("a"), Const(1))
    rules = (
        rule("early", gate, {"b": Const(1)}),
        rule("opens", TRUE, {"a": Const(1)}),
        rule("late", gate, {"c": Const(1)}),
    )
    found = fold(system((var("a", COUNT, 0), var("b", COUNT, 0), var("c", COUNT, 0)), rules))

    assert [r.name for r in found.rules] == ["early", "opens", "late"]
