"""Induction on a slice whose variables have few values, without a solver: one rule at a time, by looking at values."""

from __future__ import annotations

from collections.abc import Sequence

from kexecspec.ir.expr import negate
from kexecspec.ir.grid import Part
from kexecspec.ir.moves import Row
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.walk import references
from kexecspec.solve.block import MOST, States, outside
from kexecspec.solve.budget import OutOfBudget
from kexecspec.solve.claims import Asking, Claims, largest
from kexecspec.solve.looking import Looking, Seen, TooMany
from kexecspec.solve.questions import Given


class Small:
    """A slice and those of its declared invariants that are inductive. Whatever is asked may raise TooMany, also at
    first."""

    def __init__(self, system: TransitionSystem, seen: Seen | None = None) -> None:
        self.system = system
        self.looking = Looking(system.variables, seen)
        if len(self.looking.few) < len(system.variables):
            raise TooMany("the values of a wide number")
        self.asking = Asking(system, self._possible)
        declared = [i.holds for i in system.invariants]
        found = frozenset(largest(Claims(self.asking, ()), declared))
        self.kept = tuple(number for number, holds in enumerate(declared) if holds in found)
        self.held = tuple(declared[number] for number in self.kept)
        self.claims = Claims(self.asking, self.held)

    def carries(self, claim: Expr) -> bool:
        """Whether `claim` is inductive with the invariants that are."""
        return self.asking.at_first(claim) and self.claims.kept(claim)

    def kept_with(self, claim: Expr) -> tuple[tuple[int, ...], bool]:
        """The numbers of the declared invariants in the most of them and `claim` that is inductive, and whether `claim`
        is in it."""
        declared = [i.holds for i in self.system.invariants]
        found = frozenset(largest(Claims(self.asking, ()), [*declared, claim]))
        return tuple(number for number, holds in enumerate(declared) if holds in found), claim in found

    def some(self, parts: Sequence[Part]) -> Row | None:
        """A state, reachable or not, where all of `parts` hold."""
        values = self.looking.some(parts)
        if values is None:
            return None
        return tuple(values.get(name, several[0]) for name, several in self.looking.few.items())

    def _possible(self, parts: Sequence[Part], given: Given) -> bool:
        return self.looking.possible(parts, given.values)


def small(system: TransitionSystem, seen: Seen | None = None) -> Small | None:
    """`system` as a small one; None where somebody would have to look at too much."""
    try:
        return Small(system, seen)
    except TooMany:
        return None


class SmallLearner:
    """Invariants learnt from the reachable states of a small slice, as by `block.Learner`, without a solver. What it
    has learnt serves the next target."""

    def __init__(self, small: Small, rows: Sequence[Row], known: Sequence[Expr]) -> None:
        self.small, self.states = small, States(small.system, rows)
        self.held = list(known)
        self.waiting: list[Expr] = []
        self.found: list[Expr] = []

    def exclude(self, target: Expr) -> tuple[Expr, ...]:
        """What has been learnt that, with what is known and not `target`, is inductive. Raises OutOfBudget where
        nothing can be, and TooMany."""
        self._hold(negate(target))
        for _ in range(MOST):
            row = self._escape()
            if row is None:
                break
            box = self.states.widened(row)
            if box is None:
                raise OutOfBudget("a bound that some rule breaks")
            self.found.append(outside(box, self.states.variables))
            self._hold(self.found[-1])
        else:
            raise OutOfBudget(f"{MOST} invariants")
        if not all(map(self.small.asking.at_first, self.held)):
            raise OutOfBudget("an invariant that does not hold at first")
        found = tuple(self.found)
        self.found.append(negate(target))
        return found

    def _hold(self, claim: Expr) -> None:
        self.held.append(claim)
        self.waiting.append(claim)

    def _escape(self) -> Row | None:
        """A state from which a step leads to where something does not hold any more. What is kept now stays so when
        more is held."""
        claims = Claims(self.small.asking, self.held)
        while self.waiting:
            claim = self.waiting[-1]
            for rule in self.small.asking.writing_one_of(references(claim)):
                if not claims.kept_by(rule, claim):
                    return self.small.some(claims.escapes(rule, claim))
            self.waiting.pop()
        return None
