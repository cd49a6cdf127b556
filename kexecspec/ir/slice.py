"""Cone of influence: the part of a system that can bear on one predicate.

Conjuncts of `Rule.order` (whose turn it is, whether a thread is free, whether there is room) that speak of variables
outside the cone are dropped, so a slice may do more than the system: what is proved on it holds of the system, what
is refuted on it is re-run on the system, and where that fails the slice grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Property, Rule, TransitionSystem, writers
from kexecspec.ir.walk import references


def cone(system: TransitionSystem, roots: Iterable[str]) -> frozenset[str]:
    """The variables that `roots` depend on: through effects, their guards, and initial values."""
    writing = writers(rule.effect for rule in system.rules)
    wanted, queue = set[str](), list(roots)
    while queue:
        name = queue.pop()
        if name in wanted:
            continue
        wanted.add(name)
        var = system.variables[name]
        queue.extend(references(var.initial) if var.initial is not None else ())
        for rule in (system.rules[place] for place in writing.get(name, ())):
            queue.extend(references(rule.guard))
            queue.extend(references(rule.effect[name]))
    return frozenset(wanted)


def dependence(system: TransitionSystem) -> dict[str, frozenset[str]]:
    """For each variable those that it depends on directly, through its initial value, effects and their guards: for
    who asks for many cones of one system (see `closed`)."""
    found: dict[str, set[str]] = {
        name: set() if var.initial is None else set(references(var.initial)) for name, var in system.variables.items()
    }
    for rule in system.rules:
        guard = references(rule.guard)
        for name, value in rule.effect.items():
            found[name] |= guard | references(value)
    return {name: frozenset(names) for name, names in found.items()}


def closed(depends: Mapping[str, frozenset[str]], names: Iterable[str]) -> frozenset[str]:
    """The variables that `names` depend on, these with them, where `depends` says on which each does directly."""
    seen = set(names)
    queue = list(seen)
    while queue:
        new = depends[queue.pop()] - seen
        seen |= new
        queue.extend(new)
    return frozenset(seen)


def roots(system: TransitionSystem, prop: Property) -> frozenset[str]:
    """The variables that a slice for `prop` has to begin with: its own and its companion's; for a property about a
    counter also those of the `order` conjuncts that compare the counter where the property is decided."""
    names = references(prop.holds) | references(prop.companion)
    if prop.counter is None:
        return names
    decided = (rule for rule in system.rules if not references(prop.holds).isdisjoint(rule.effect))
    parts = (references(part) for rule in decided for part in rule.order)
    return names.union(*(part for part in parts if prop.counter in part))


def slice_system(system: TransitionSystem, predicates: Iterable[Expr]) -> TransitionSystem:
    """The slice of `system` for `predicates`: variables of their cone, the rules that change one of them, and
    the invariants that speak of them only."""
    names = cone(system, (name for predicate in predicates for name in references(predicate)))
    return restrict(system, names)


def restrict(system: TransitionSystem, names: frozenset[str]) -> TransitionSystem:
    """`system` with only the variables `names`, which must be closed under dependence (see `cone`)."""
    rules = []
    for rule in system.rules:
        effect = {name: expr for name, expr in rule.effect.items() if name in names}
        if effect:
            order = tuple(part for part in rule.order if references(part) <= names)
            rules.append(_narrowed(rule, effect, order))
    variables = {name: var for name, var in system.variables.items() if name in names}
    invariants = tuple(i for i in system.invariants if references(i.holds) <= names)
    properties = tuple(p for p in system.properties if references(p.holds) | references(p.companion) <= names)
    return TransitionSystem(variables, tuple(rules), invariants, properties)


def _narrowed(rule: Rule, effect: dict[str, Expr], order: tuple[Expr, ...]) -> Rule:
    return Rule(
        rule.name,
        rule.actor,
        rule.guard,
        effect,
        order,
        rule.says,
        rule.handoff,
        rule.operation,
        rule.sources,
        rule.place,
    )
