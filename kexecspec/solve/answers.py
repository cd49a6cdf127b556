"""What is asked about a slice, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Invariant, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Lap


@dataclass(frozen=True)
class Target:
    """States to reach or to exclude. `exact`: nobody is content with a run unless it takes the fewest
    handoffs. `counter`: the variable that many handoffs may drive there."""

    where: Expr
    exact: bool = True
    counter: str | None = None


@dataclass(frozen=True)
class Safe:
    """`invariants` is inductive and excludes the target."""

    invariants: tuple[Invariant, ...]
    method: str


@dataclass(frozen=True)
class Reached:
    """A run to the target; `shortest` where none takes fewer handoffs."""

    trace: Trace
    shortest: bool
    lap: Lap | None = None


@dataclass(frozen=True)
class Open:
    """No answer; no run of at most `depth` steps reaches the target."""

    reason: str
    depth: int


Answer = Safe | Reached | Open


@dataclass(frozen=True)
class Effort:
    """How hard to try: z3's `rlimit` for each obligation, states to look at one by one before a solver is
    asked for runs, the steps of bounded model checking, and whether a run has to take the fewest handoffs and to
    name the facts that decide it; `engine`: one of `engines` alone, None for the usual way. No two machines differ in
    any of them."""

    rlimit: int
    states: int = 5000
    quick: int = 24
    deep: int = 80
    fewest: bool = True
    engine: str | None = None


Solved = tuple[TransitionSystem, Sequence[Target], Sequence[Answer]]
"""A slice, what was asked about it, and the answers."""


class Shelf(Protocol):
    """Answers of earlier runs. A run that lies there is one of its slice; invariants are no more than claimed."""

    def find(self, part: TransitionSystem, targets: Sequence[Target]) -> tuple[Answer | None, ...]:
        """The answers on the slice `part` that are there, each in the place of its target."""

    def keep(self, solved: Sequence[Solved]) -> None:
        """Puts there what is worth it."""


class Disagreement(Exception):
    """The solver's run is not a run of the rules: a defect of this tool."""
