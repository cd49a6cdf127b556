"""Excluding a target for good: the declared invariants first, then an engine that finds the missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kexecspec.ir.evaluate import compiled
from kexecspec.ir.expr import negate
from kexecspec.ir.moves import Row
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.walk import references
from kexecspec.solve.answers import Safe
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.desk import Desk
from kexecspec.solve.induct import inductive_part
from kexecspec.solve.kinds import counters_of, variants
from kexecspec.solve.looking import TooMany
from kexecspec.solve.pdr import separate


@dataclass(frozen=True)
class Ground:
    """What induction with the declared invariants has shown about one target."""

    system: TransitionSystem
    where: Expr
    kept: tuple[Invariant, ...]
    proof: Safe | None

    def with_found(self, found: Sequence[Expr], method: str) -> Safe:
        """The proof that `found` makes."""
        extra = tuple(Invariant(f"found-{number}", holds) for number, holds in enumerate(found, 1))
        return Safe((*self.kept, *extra, Invariant("excluded", negate(self.where))), method)


def by_induction(system: TransitionSystem, where: Expr, desk: Desk) -> Ground:
    """One-step induction on what `where` depends on; `proof` is None where it does not suffice."""
    part = _own_slice(system, where, desk)
    try:
        kept, proved = _seen_inductive(part, negate(where), desk) or _inductive(part, negate(where), desk)
    except OutOfBudget:
        return Ground(part, where, (), None)
    ground = Ground(part, where, tuple(part.invariants[number] for number in kept), None)
    return Ground(part, where, ground.kept, ground.with_found((), "inductive")) if proved else ground


def _seen_inductive(part: TransitionSystem, claim: Expr, desk: Desk) -> tuple[Sequence[int], bool] | None:
    """As `_inductive`, without a solver; None where too much would have to be looked at."""
    small = desk.small(part)
    if small is None:
        return None
    try:
        proved = small.carries(claim)
        return (small.kept, proved) if proved or len(small.kept) == len(part.invariants) else small.kept_with(claim)
    except TooMany:
        return None


def _inductive(part: TransitionSystem, claim: Expr, desk: Desk) -> tuple[Sequence[int], bool]:
    """The invariants that are inductive, by number, and whether `claim` is so with them; where some are not
    inductive by themselves, they get another chance together with it. Raises OutOfBudget."""
    text = desk.text(claim, part)
    standing, meter, declared = desk.standing(part), Meter(desk.effort.rlimit), len(part.invariants)
    if standing.kept is None:
        raise OutOfBudget(f"rlimit {meter.limit}")
    proved = standing.carries(text, meter)
    if proved or len(standing.kept) == declared:
        return standing.kept, proved
    encoding = standing.encoding
    kept = inductive_part(encoding, (*encoding.invariants, *encoding.read((text,))), meter)
    return [number for number in kept if number < declared], declared in kept


def _own_slice(system: TransitionSystem, where: Expr, desk: Desk) -> TransitionSystem:
    """The slice of `where`, unless steps would lose their order in it."""
    part = desk.part(system, references(where))
    orders = {rule.name: rule.order for rule in system.rules}
    return part if all(rule.order == orders[rule.name] for rule in part.rules) else system


def by_states(ground: Ground, desk: Desk) -> Safe | None:
    """Invariants learnt from the reachable states, where they or their kinds are few enough to look at. None
    where `where` is reachable or nothing could be learnt."""
    sweep = desk.sweep(ground.system)
    if sweep.seek(ground.where) is not None:
        return None
    if sweep.complete:
        rows = tuple(sweep.origins)
        return _seen_learnt(ground, rows, desk) or _learnt(ground, rows, frozenset(), desk)
    kinds = desk.kinds_in(ground.system)
    if kinds is None or _met(ground, kinds):
        return None
    names = tuple(ground.system.variables)
    return _learnt(ground, kinds, frozenset(map(names.index, counters_of(ground.system))), desk)


def _seen_learnt(ground: Ground, rows: Sequence[Row], desk: Desk) -> Safe | None:
    """As `_learnt`, without a solver; None also where too much would have to be looked at."""
    small = desk.small(ground.system)
    if small is None:
        return None
    learner = desk.small_learner(small, rows, [invariant.holds for invariant in ground.kept])
    try:
        return ground.with_found(learner.exclude(ground.where), "states")
    except (OutOfBudget, TooMany):
        desk.small_learners.clear()
        return None


def _learnt(ground: Ground, rows: Sequence[Row], outside: frozenset[int], desk: Desk) -> Safe | None:
    known = [invariant.holds for invariant in ground.kept]
    learner = desk.learner(ground.system, rows, known, outside)
    try:
        found = learner.exclude(ground.where, desk.effort.rlimit)
    except OutOfBudget:
        desk.learners.clear()
        return None
    return ground.with_found(found, "states")


def _met(ground: Ground, rows: Sequence[Row]) -> bool:
    """Whether a state of one of the kinds may be where it must not be."""
    holds = compiled(ground.where, {name: place for place, name in enumerate(ground.system.variables)})
    if references(ground.where).isdisjoint(counters_of(ground.system)):
        return any(holds(row) for row in rows)
    return any(holds(row) for kind in rows for row in variants(ground.system, kind))


def by_pdr(ground: Ground, desk: Desk) -> Safe | None:
    """Invariants found by PDR. None where it says that `where` is reachable. Raises OutOfBudget."""
    known = [invariant.holds for invariant in ground.kept]
    found = separate(ground.system, ground.where, known, desk.pen, desk.effort.rlimit)
    return None if found is None else ground.with_found(found, "PDR")


def is_excluded(system: TransitionSystem, where: Expr, desk: Desk) -> bool | None:
    """Whether `where` cannot be reached; None where nobody can say."""
    ground = by_induction(system, where, desk)
    if ground.proof is not None or by_states(ground, desk) is not None:
        return True
    sweep = desk.sweep(ground.system)
    if sweep.complete:
        return sweep.seek(where) is None
    try:
        return by_pdr(ground, desk.with_rlimit(desk.effort.rlimit // 4)) is not None
    except OutOfBudget:
        return None
