"""Invariants that follow from control flow alone: which values a few variables can have together.

For a small group of variables everything else is taken as free, and the reachable combinations are enumerated.
What is not reachable so is an invariant that is inductive by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from kexecspec.ir.expr import conjoin, conjuncts, disjoin, equal
from kexecspec.ir.nodes import FALSE, Const, Expr, Ref, same
from kexecspec.ir.system import Invariant, Rule, TransitionSystem, writers
from kexecspec.ir.values import BoolSort, EnumSort, Value, members
from kexecspec.ir.walk import references, substitute

MOST = 4000
EARLY = 3
"""Variables of a group that stand first in many groups."""
_PREFIX = "flow:"
Combination = tuple[Value, ...]


@dataclass(frozen=True)
class _Piece:
    """An expression, by the values of those variables `names` that it reads, whichever group they belong to."""

    expr: Expr
    names: tuple[str, ...]
    known: dict[Combination, Expr] = field(default_factory=dict)

    def at(self, values: Combination) -> Expr:
        """What is left of the expression where `names` have `values`."""
        found = self.known.get(values)
        if found is None:
            by = {name: Const(value) for name, value in zip(self.names, values, strict=True)}
            found = self.known[values] = substitute(self.expr, by)
        return found


Pieces = dict[tuple[int, tuple[str, ...]], _Piece]
"""By the expression object and the names; a piece keeps its object."""


@dataclass(frozen=True)
class _Seen:
    """A piece as a group sees it: `places` says where in a combination the values of its names stand."""

    piece: _Piece
    places: tuple[int, ...]

    def at(self, here: Combination) -> Expr:
        """What is left of it at `here`."""
        return self.piece.at(tuple([here[place] for place in self.places]))


@dataclass(frozen=True)
class _Move:
    """A rule as a group sees it. What only the first of its conditions read, `early` ones, is decided for many
    combinations at once."""

    early: tuple[_Seen, ...]
    late: tuple[_Seen, ...]
    changes: tuple[tuple[int, str, _Seen], ...]


def flow_invariants(system: TransitionSystem, groups: Iterable[tuple[str, ...]]) -> tuple[Invariant, ...]:
    """The flow invariants of several groups, those that say nothing left out."""
    writing = writers(rule.effect for rule in system.rules)
    pieces: Pieces = {}
    found = (_flow_invariant(system, names, writing, pieces) for names in groups)
    return tuple(invariant for invariant in found if invariant is not None)


def _flow_invariant(
    system: TransitionSystem, names: tuple[str, ...], writing: Mapping[str, Sequence[int]], pieces: Pieces
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
    reached = _reached(system, names, [_move(system.rules[number], names, pieces) for number in rules])
    return None if len(reached) == size else Invariant(_PREFIX + ",".join(names), _formula(names, reached))


def from_control(invariant: Invariant) -> bool:
    """Whether `invariant` is one of `flow_invariants`, so that it is inductive by itself."""
    return invariant.name.startswith(_PREFIX)


def control_groups(system: TransitionSystem, control: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each variable together with the control variables that its rules look at, `control` naming the global ones.

    A variable's own walk is the `.at` of the part whose name it begins with.
    """
    there = tuple(name for name in control if name in system.variables)
    for name, var in system.variables.items():
        if name in there or not isinstance(var.sort, BoolSort | EnumSort):
            continue
        own = next((walk for walk in _walks(name) if walk in system.variables and walk != name), None)
        yield (*there, name) if own is None else (*there, own, name)


def _walks(name: str) -> Iterator[str]:
    """What the walk of a part that `name` may belong to is called, the longest first."""
    while "." in name:
        name = name[: name.rindex(".")]
        yield f"{name}.at"


def _reached(system: TransitionSystem, names: tuple[str, ...], moves: Sequence[_Move]) -> frozenset[Combination]:
    starts = [system.variables[name].initial for name in names]
    seen = set(product(*(_values(start, system, name) for start, name in zip(starts, names, strict=True))))
    queue, open_to = list(seen), dict[Combination, list[_Move]]()
    while queue:
        here = queue.pop()
        first = here[:EARLY]
        if first not in open_to:
            open_to[first] = [move for move in moves if _holds(move.early, here)]
        for move in open_to[first]:
            if not _holds(move.late, here):
                continue
            after: list[Iterable[Value]] = [(value,) for value in here]
            for place, name, seen_as in move.changes:
                after[place] = _values(seen_as.at(here), system, name)
            for combination in product(*after):
                if combination not in seen:
                    seen.add(combination)
                    queue.append(combination)
    return frozenset(seen)


def _holds(conditions: Sequence[_Seen], here: Combination) -> bool:
    return not any(same(condition.at(here), FALSE) for condition in conditions)


def _move(rule: Rule, names: tuple[str, ...], pieces: Pieces) -> _Move:
    """`rule` with the conjuncts of its guard and order that the group has a part in; the others are never decided by
    it."""
    parts = (part for part in (*conjuncts(rule.guard), *rule.order) if not references(part).isdisjoint(names))
    conditions = [_seen(part, names, pieces) for part in parts]
    return _Move(
        tuple(one for one in conditions if max(one.places) < EARLY),
        tuple(one for one in conditions if max(one.places) >= EARLY),
        tuple(
            (place, name, _seen(rule.effect[name], names, pieces))
            for place, name in enumerate(names)
            if name in rule.effect
        ),
    )


def _seen(expr: Expr, names: tuple[str, ...], pieces: Pieces) -> _Seen:
    read = references(expr)
    places = tuple([place for place, name in enumerate(names) if name in read])
    own = tuple([names[place] for place in places])
    piece = pieces.get((id(expr), own))
    if piece is None:
        piece = pieces[id(expr), own] = _Piece(expr, own)
    return _Seen(piece, places)


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
