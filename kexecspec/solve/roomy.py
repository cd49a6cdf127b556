"""A system without the refusals that never happen: there is room, however many drivers take of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kexecspec.ir.expr import references
from kexecspec.ir.flow import from_control
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.solve.recheck import kept, never
from kexecspec.solve.room import suggested
from kexecspec.solve.smtlib import Writer


@dataclass(frozen=True)
class Roomy:
    """`system` has the runs of the one it was made from, for wherever `invariants` hold, which are inductive, the rules
    that are missing cannot fire."""

    system: TransitionSystem
    invariants: tuple[Invariant, ...]


def with_room(system: TransitionSystem, pen: Writer, rlimit: int) -> Roomy:
    """`system` without the rules that say that there is no room where there always is."""
    guesses, refusing = suggested(system, pen)
    if not guesses:
        return Roomy(system, ())
    names = frozenset[str]().union(*(references(guess.holds) for guess in guesses))
    flow = tuple(i for i in system.invariants if from_control(i) and not names.isdisjoint(references(i.holds)))
    invariants = (*kept(system, guesses, flow, rlimit), *flow)
    gone = {rule.name for rule in never(system, invariants, refusing, rlimit)}
    if not gone:
        return Roomy(system, ())
    rules = tuple(rule for rule in system.rules if rule.name not in gone)
    return Roomy(replace(system, rules=rules), invariants)
