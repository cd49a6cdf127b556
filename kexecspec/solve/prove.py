"""Excluding a target for good: the declared invariants first, then an engine that finds the missing ones."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.explore import survey
from kexecspec.ir.expr import Expr, negate
from kexecspec.ir.slice import slice_system
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.solve.answers import Effort, Safe
from kexecspec.solve.block import learnt
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.encode import encode
from kexecspec.solve.induct import inductive_part
from kexecspec.solve.pdr import separate
from kexecspec.solve.smtlib import Writer, renumbered, script


@dataclass(frozen=True)
class Ground:
    """What induction with the declared invariants has shown about one target on its own slice."""

    system: TransitionSystem
    where: Expr
    kept: tuple[Invariant, ...]
    proof: Safe | None


def by_induction(system: TransitionSystem, where: Expr, pen: Writer, effort: Effort) -> Ground:
    """One-step induction on the slice of `where`; `proof` is None where it does not suffice."""
    part = slice_system(system, (where,))
    encoding = encode(script(part, pen), [renumbered(negate(where), part, pen)])
    try:
        kept = inductive_part(encoding, (*encoding.invariants, *encoding.targets), Meter(effort.rlimit))
    except OutOfBudget:
        return Ground(part, where, (), None)
    declared = tuple(part.invariants[number] for number in kept if number < len(part.invariants))
    if len(part.invariants) not in kept:
        return Ground(part, where, declared, None)
    return Ground(part, where, declared, Safe((*declared, Invariant("excluded", negate(where))), "inductive"))


def by_invention(ground: Ground, pen: Writer, effort: Effort) -> Safe | None:
    """New invariants, from the reachable states where they are few, else from PDR. None where `where` is
    reachable or said to be. Raises OutOfBudget."""
    known = [invariant.holds for invariant in ground.kept]
    seen = survey(ground.system, (ground.where,), effort.states)
    if seen.found:
        return None
    if seen.complete:
        method, found = "states", learnt(ground.system, seen.rows, known, ground.where, pen, effort.rlimit)
    else:
        separating = separate(ground.system, ground.where, known, pen, effort.rlimit)
        if separating is None:
            return None
        method, found = "PDR", separating
    extra = tuple(Invariant(f"found-{number}", holds) for number, holds in enumerate(found, 1))
    return Safe((*ground.kept, *extra, Invariant("excluded", negate(ground.where))), method)


def is_excluded(system: TransitionSystem, where: Expr, pen: Writer, effort: Effort) -> bool | None:
    """Whether `where` cannot be reached; None where nobody can say."""
    ground = by_induction(system, where, pen, effort)
    try:
        return (ground.proof or by_invention(ground, pen, effort)) is not None
    except OutOfBudget:
        return None
