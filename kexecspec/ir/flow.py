"""Invariants that follow from control flow alone: which values a few variables can have together.

For a small group of variables everything else is taken as free, and the reachable combinations are enumerated.
What is not reachable so is an invariant that is inductive by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from kexecspec.ir.expr import FALSE, Const, Expr, Ref, conjoin, conjuncts, disjoin, equal, references, same, substitute
from kexecspec.ir.system import Invariant, Rule, TransitionSystem, writers
from kexecspec.ir.values import BoolSort, EnumSort, Value, members

MOST = 4000
_PREFIX = "flow:"
Combination = tuple[Value, ...]


@dataclass(frozen=True)
class _Piece:
    """An expression, by the values of those of the group's variables that it reads."""

    expr: Expr
    places: tuple[int, ...]
    names: tuple[str, ...]
    known: dict[Combination, Expr] = field(default_factory=dict)

    def at(self, here: Combination) -> Expr:
        """What is left of the expression at `here`."""
        values = tuple(here[place] for place in self.places)
        found = self.known.get(values)
        if found is None:
            by = {name: Const(value) for name, value in zip(self.names, values, strict=True)}
            found = self.known[values] = substitute(self.expr, by)
        return found


def flow_invariants(system: TransitionSystem, groups: Iterable[tuple[str, ...]]) -> tuple[Invariant, ...]:
    """The flow invariants of several groups, those that say nothing left out."""
    writing = writers(rule.effect for rule in system.rules)
    found = (_flow_invariant(system, names, writing) for names in groups)
    return tuple(invariant for invariant in found if invariant is not None)


def _flow_invariant(
    system: TransitionSystem, names: tuple[str, ...], writing: Mapping[str, Sequence[int]]
) -> Invariant | None:
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
    rules = sorted({number for name in names for number in writing.get(name, ())})
    reached = _reached(system, names, [system.rules[number] for number in rules])
    return None if len(reached) == size else Invariant(_PREFIX + ",".join(names), _formula(names, reached))


def from_control(invariant: Invariant) -> bool:
    """Whether `invariant` is one of `flow_invariants`, so that it is inductive by itself."""
    return invariant.name.startswith(_PREFIX)


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


def _reached(system: TransitionSystem, names: tuple[str, ...], rules: Sequence[Rule]) -> frozenset[Combination]:
    places = {name: place for place, name in enumerate(names)}
    moves = [(_conditions(rule, places), _changes(rule, places)) for rule in rules]
    starts = [system.variables[name].initial for name in names]
    seen = set(product(*(_values(start, system, name) for start, name in zip(starts, names, strict=True))))
    queue = list(seen)
    while queue:
        here = queue.pop()
        for conditions, changes in moves:
            if any(same(piece.at(here), FALSE) for piece in conditions):
                continue
            after: list[Iterable[Value]] = [(value,) for value in here]
            for name, piece in changes:
                after[places[name]] = _values(piece.at(here), system, name)
            for combination in product(*after):
                if combination not in seen:
                    seen.add(combination)
                    queue.append(combination)
    return frozenset(seen)


def _conditions(rule: Rule, places: Mapping[str, int]) -> tuple[_Piece, ...]:
    """The conjuncts of the rule's guard and order that the group has a part in; the others are never decided by it."""
    parts = (*conjuncts(rule.guard), *rule.order)
    return tuple(_piece(part, places) for part in parts if not references(part).isdisjoint(places))


def _changes(rule: Rule, places: Mapping[str, int]) -> tuple[tuple[str, _Piece], ...]:
    return tuple((name, _piece(rule.effect[name], places)) for name in places if name in rule.effect)


def _piece(expr: Expr, places: Mapping[str, int]) -> _Piece:
    names = tuple(name for name in places if name in references(expr))
    return _Piece(expr, tuple(places[name] for name in names), names)


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
