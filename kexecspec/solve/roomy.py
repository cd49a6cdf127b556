"""A system without the refusals that never happen: there is room, however many drivers take of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kexecspec.ir.flow import from_control
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.walk import references
from kexecspec.solve.budget import Meter
from kexecspec.solve.crowd import MANY, Aside
from kexecspec.solve.questions import Given
from kexecspec.solve.recheck import kept, never
from kexecspec.solve.room import suggested
from kexecspec.solve.smtlib import Writer

CROWD = 2 * MANY
"""Where no more variables than this decide whether there is room, all of them are looked at."""


@dataclass(frozen=True)
class Roomy:
    """`system` has the runs of the one it was made from, for wherever `invariants` hold, which are inductive, the rules
    that are missing cannot fire."""

    system: TransitionSystem
    invariants: tuple[Invariant, ...]
    view: TransitionSystem
    """As `system`, but whether there is room a driver asks without regard to who else has taken of it: each other one
    may hold as little or as much as it ever does where the driver asks. Its slices have few drivers."""


def with_room(system: TransitionSystem, pen: Writer, rlimit: int) -> Roomy:
    """`system` without the rules that say that there is no room where there always is."""
    guesses = suggested(system, pen)
    if not guesses.refusing:
        return Roomy(system, (), system)
    names = frozenset[str]().union(*(references(guess.holds) for guess in guesses.first))
    flow = tuple(i for i in system.invariants if from_control(i) and not names.isdisjoint(references(i.holds)))
    invariants = (*kept(system, guesses.first, flow, rlimit), *flow)
    gone = never(system, invariants, guesses.refusing, rlimit)
    left = tuple(rule for rule in guesses.refusing if rule not in gone and not rule.effect.keys() <= names)
    if left and guesses.further:
        more = (*kept(system, guesses.further, invariants, rlimit), *invariants)
        also = never(system, more, left, rlimit)
        gone, invariants = (*gone, *also), more if also else invariants
    names = frozenset(rule.name for rule in gone)
    small = replace(system, rules=tuple(rule for rule in system.rules if rule.name not in names))
    crowded = any(len(references(part)) > CROWD for rule in small.rules for part in rule.order)
    if not crowded:
        return Roomy(small, invariants if gone else (), small)
    aside = Aside(system, [one.holds for one in invariants], Given({}), Meter(rlimit))
    return Roomy(small, invariants, replace(small, rules=tuple(map(aside.loosened, small.rules))))

