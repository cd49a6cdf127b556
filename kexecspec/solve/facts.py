"""Unknown facts: variables that never change and whose value nobody gave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from kexecspec.ir.nodes import Const, Expr
from kexecspec.ir.system import Invariant, Lifetime, Rule, TransitionSystem
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort, Value, describe
from kexecspec.ir.walk import substitute

_MOST_VALUES = 16


def unknown_facts(system: TransitionSystem) -> dict[str, str]:
    """The unknown facts of `system` and their sorts in words."""
    return {
        var.name: describe(var.sort)
        for var in system.variables.values()
        if var.lifetime is Lifetime.FIXED and var.initial is None
    }


def is_tried(sort: Sort) -> bool:
    """Whether a fact of this sort has so few values that each is tried."""
    match sort:
        case BoolSort():
            return True
        case EnumSort(labels):
            return len(labels) <= _MOST_VALUES
        case IntSort(low, high):
            return high - low < _MOST_VALUES


def with_facts(system: TransitionSystem, values: Mapping[str, Value]) -> TransitionSystem:
    """`system` where variables that never change are known to be what `values` says; they are gone."""
    by = {name: Const(value) for name, value in values.items()}
    before = dict[Expr, Expr]()

    def known(expr: Expr) -> Expr:
        return substitute(expr, by, before)

    variables = {
        other: var if var.initial is None else replace(var, initial=known(var.initial))
        for other, var in system.variables.items()
        if other not in by
    }
    rules = tuple(_known(rule, by.keys(), known) for rule in system.rules)
    invariants = tuple(Invariant(i.name, known(i.holds), i.place) for i in system.invariants)
    properties = tuple(replace(p, holds=known(p.holds), companion=known(p.companion)) for p in system.properties)
    return TransitionSystem(variables, tuple(r for r in rules if r.guard != Const(False)), invariants, properties)


def _known(rule: Rule, gone: Collection[str], known: Callable[[Expr], Expr]) -> Rule:
    return replace(
        rule,
        guard=known(rule.guard),
        order=tuple(map(known, rule.order)),
        effect={name: known(expr) for name, expr in rule.effect.items() if name not in gone},
    )
