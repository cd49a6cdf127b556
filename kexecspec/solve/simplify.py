"""A system made smaller by what can be shown of it at once: platform state that never changes, what a handoff adds to
a sum, and comparisons that the ranges of numbers decide.

Where every driver gives back what it took, nothing of a dead kernel is ever left: that is one inductive fact of the
whole system. With it, the sums over all drivers that couple them to each other fall away, and slices become small and
alike. Where one driver leaks, what all others leave behind falls out of the sum (`left.py`). What was used is part of
every proof that is found on the smaller system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kexecspec.ir.expr import equal
from kexecspec.ir.fold import fold
from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Ref, same
from kexecspec.ir.ranges import Ranges
from kexecspec.ir.system import Invariant, Rule, TransitionSystem
from kexecspec.ir.walk import references, substitute
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.facts import with_facts
from kexecspec.solve.lasting import lasting
from kexecspec.solve.left import without_what_is_given_back
from kexecspec.solve.roomy import with_room
from kexecspec.solve.smtlib import Writer


@dataclass(frozen=True)
class Simplified:
    """`system` has the runs of the one it was made from, as far as its variables tell. `lemmas` is inductive in the
    latter, and says what the variables that are missing always are. `view` has the variables of `system` and at least
    its behaviour; its slices are small where drivers share a heap (see `roomy`)."""

    system: TransitionSystem
    lemmas: tuple[Invariant, ...]
    view: TransitionSystem


def simplified(system: TransitionSystem, pen: Writer, rlimit: int) -> Simplified:
    """`system` without what never changes. `pen` writes its expressions; a budget that runs out leaves all but what
    can be seen without a solver."""
    small, lemmas = _decided(system), tuple[Invariant, ...]()
    view: TransitionSystem | None = None
    try:
        found = lasting(small, pen, Meter(rlimit))
        small = _decided(with_facts(small, {name: value.value for name, value in found.constants.items()}))
        lemmas = found.invariants
        left = without_what_is_given_back(small, pen, Meter(rlimit))
        small, lemmas = _decided(left.system), (*lemmas, *left.invariants)
        roomy = with_room(small, pen, rlimit)
        small, lemmas = _decided(roomy.system), (*lemmas, *roomy.invariants)
        view = None if roomy.view is roomy.system else _with_orders(small, roomy.view)
    except OutOfBudget:
        pass
    found_out = tuple({one.holds: one for one in (*lemmas, *_missing(system, small))}.values())
    return Simplified(small, found_out, view or small)


def _with_orders(small: TransitionSystem, view: TransitionSystem) -> TransitionSystem:
    """`small` with the orders of `view` as far as these are still about its variables."""
    orders = {rule.name: rule.order for rule in view.rules}
    rules = []
    for rule in small.rules:
        order = tuple(part for part in orders[rule.name] if references(part) <= small.variables.keys())
        rules.append(replace(rule, order=order))
    return replace(small, rules=tuple(rules))


def _missing(system: TransitionSystem, small: TransitionSystem) -> Iterator[Invariant]:
    """What the variables that `small` does not have any more always are."""
    values: dict[str, Expr] = {}
    left = [name for name in system.variables if name not in small.variables]
    while left:
        for name in left:
            first = system.variables[name].initial
            value = None if first is None else substitute(first, values)
            if isinstance(value, Const):
                values[name] = value
                yield _stays(name, value)
        left = [name for name in left if name not in values]


def _stays(name: str, value: Expr) -> Invariant:
    return Invariant(f"{name} stays", equal(Ref(name), value))


def _decided(system: TransitionSystem) -> TransitionSystem:
    ranges = Ranges(system.variables)
    rules = (_rule(rule, ranges) for rule in system.rules)
    found = TransitionSystem(
        system.variables,
        tuple(rule for rule in rules if rule is not None),
        tuple(replace(i, holds=ranges.decided(i.holds)) for i in system.invariants),
        tuple(
            replace(p, holds=ranges.decided(p.holds), companion=ranges.decided(p.companion)) for p in system.properties
        ),
    )
    return fold(found)


def _rule(rule: Rule, ranges: Ranges) -> Rule | None:
    guard, order = ranges.decided(rule.guard), tuple(ranges.decided(part) for part in rule.order)
    if any(same(part, FALSE) for part in (guard, *order)):
        return None
    effect = {name: ranges.decided(value) for name, value in rule.effect.items()}
    return replace(rule, guard=guard, order=tuple(p for p in order if not same(p, TRUE)), effect=effect)
