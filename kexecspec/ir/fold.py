"""Constant propagation: variables that can never change become the constants they are.

A platform that assumes calls in flight away, or has no recurrent master, thereby loses every rule about them,
and a property about them becomes a constant, which says that the platform has no such premise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kexecspec.ir.expr import FALSE, Const, Expr, Ref, same, substitute
from kexecspec.ir.system import Invariant, Property, Rule, TransitionSystem


def fold(system: TransitionSystem) -> TransitionSystem:
    """An equivalent system without variables that keep their initial constant in every run, without rules
    that can never fire, and without effects that change nothing."""
    constants = _constants(system)
    while True:
        rules = [_folded(rule, constants) for rule in system.rules]
        live = [rule for rule in rules if not same(rule.guard, FALSE) and not _blocked(rule)]
        changed = {name for rule in live for name, expr in rule.effect.items() if not _keeps(name, expr, constants)}
        kept = {name: value for name, value in constants.items() if name not in changed}
        if len(kept) == len(constants):
            break
        constants = kept
    return TransitionSystem(
        {
            name: replace(
                var,
                initial=None if var.initial is None else substitute(var.initial, constants),
                at_handoff=None if var.at_handoff is None else substitute(var.at_handoff, constants),
            )
            for name, var in system.variables.items()
            if name not in constants
        },
        tuple(_without(rule, constants) for rule in live),
        tuple(Invariant(i.name, substitute(i.holds, constants), i.place) for i in system.invariants),
        tuple(_property(p, constants) for p in system.properties),
    )


def _constants(system: TransitionSystem) -> dict[str, Expr]:
    return {name: var.initial for name, var in system.variables.items() if isinstance(var.initial, Const)}


def _folded(rule: Rule, constants: Mapping[str, Expr]) -> Rule:
    effect = {name: substitute(expr, constants) for name, expr in rule.effect.items()}
    order = tuple(substitute(part, constants) for part in rule.order)
    return replace(rule, guard=substitute(rule.guard, constants), effect=effect, order=order)


def _blocked(rule: Rule) -> bool:
    return any(same(part, FALSE) for part in rule.order)


def _keeps(name: str, expr: Expr, constants: Mapping[str, Expr]) -> bool:
    return name not in constants or same(expr, constants[name]) or expr == Ref(name)


def _without(rule: Rule, constants: Mapping[str, Expr]) -> Rule:
    effect = {name: expr for name, expr in rule.effect.items() if name not in constants and expr != Ref(name)}
    return replace(rule, effect=effect, order=tuple(p for p in rule.order if not same(p, Const(True))))


def _property(prop: Property, constants: Mapping[str, Expr]) -> Property:
    return replace(prop, holds=substitute(prop.holds, constants), companion=substitute(prop.companion, constants))
