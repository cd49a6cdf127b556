"""Invariants that follow from control flow alone: which values a few variables can have together.

For a small group of variables everything else is taken as free, and the reachable combinations are enumerated.
What is not reachable so is an invariant that is inductive by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from kexecspec.ir.expr import FALSE, Const, Expr, Ref, conjoin, disjoin, equal, same, substitute
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.values import BoolSort, EnumSort, Value, members

MOST = 4000
Combination = tuple[Value, ...]


def flow_invariant(system: TransitionSystem, names: tuple[str, ...]) -> Invariant | None:
    """The reachable combinations of the variables `names`, as an invariant; None where it says nothing, where a
    variable is a wide integer, or where there are too many combinations to enumerate."""
    sorts = [system.variables[name].sort for name in names]
    if not all(isinstance(sort, BoolSort | EnumSort) for sort in sorts):
        return None
    size = 1
    for sort in sorts:
        size *= len(tuple(members(sort)))
    if size > MOST:
        return None
    reached = _reached(system, names)
    return None if len(reached) == size else Invariant("flow:" + ",".join(names), _formula(names, reached))


def flow_invariants(system: TransitionSystem, groups: Iterable[tuple[str, ...]]) -> tuple[Invariant, ...]:
    """The flow invariants of several groups, those that say nothing left out."""
    found = (flow_invariant(system, names) for names in groups)
    return tuple(invariant for invariant in found if invariant is not None)


def control_groups(system: TransitionSystem, control: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each variable together with the control variables that its rules look at, `control` naming the global ones.

    A variable's own walk is the `.at` of the part whose name it begins with.
    """
    there = tuple(name for name in control if name in system.variables)
    walks = sorted((n for n in system.variables if n.endswith(".at")), key=len, reverse=True)
    for name, var in system.variables.items():
        if name in there or not isinstance(var.sort, BoolSort | EnumSort):
            continue
        own = next((walk for walk in walks if name != walk and name.startswith(walk[:-2])), None)
        yield (*there, name) if own is None else (*there, own, name)


def _reached(system: TransitionSystem, names: tuple[str, ...]) -> frozenset[Combination]:
    moves = [
        (rule.enabled, tuple(rule.effect.get(name, Ref(name)) for name in names))
        for rule in system.rules
        if any(name in rule.effect for name in names)
    ]
    starts = [system.variables[name].initial for name in names]
    seen = set(product(*(_values(start, system, name) for start, name in zip(starts, names, strict=True))))
    queue = list(seen)
    while queue:
        here = queue.pop()
        known = {name: Const(value) for name, value in zip(names, here, strict=True)}
        for guard, effect in moves:
            if _impossible(guard, known):
                continue
            after = product(*(_values(substitute(e, known), system, n) for e, n in zip(effect, names, strict=True)))
            for combination in after:
                if combination not in seen:
                    seen.add(combination)
                    queue.append(combination)
    return frozenset(seen)


def _impossible(guard: Expr, known: Mapping[str, Expr]) -> bool:
    return same(substitute(guard, known), FALSE)


def _values(expr: Expr | None, system: TransitionSystem, name: str) -> tuple[Value, ...]:
    if isinstance(expr, Const):
        return (expr.value,)
    return tuple(members(system.variables[name].sort))


def _formula(names: tuple[str, ...], reached: frozenset[Combination]) -> Expr:
    """The combinations as a decision over the names in order, which stays small where they are structured."""
    if not names:
        return Const(bool(reached))
    branches: dict[frozenset[Combination], list[Value]] = {}
    for value in sorted({combination[0] for combination in reached}, key=str):
        rest = frozenset(combination[1:] for combination in reached if combination[0] == value)
        branches.setdefault(rest, []).append(value)
    return disjoin(
        conjoin((disjoin(equal(Ref(names[0]), Const(value)) for value in values), _formula(names[1:], rest)))
        for rest, values in sorted(branches.items(), key=lambda item: str(item[1]))
    )
