"""Budgets in z3's own unit of work, never in seconds: a verdict does not depend on the machine or its
load."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RLIMIT = 20_000_000
"""What one property may cost, if nobody says otherwise."""


class OutOfBudget(Exception):
    """A solver stopped without an answer; the message says what ran out."""


@dataclass
class Meter:
    """A budget for one obligation, spent by every check that `ask` makes for it."""

    limit: int
    spent: int = 0

    @property
    def left(self) -> int:
        """What may still be spent."""
        return max(0, self.limit - self.spent)

    def ask(self, solver: Any, *assumptions: Any) -> bool:
        """Whether `solver` is satisfiable. Raises OutOfBudget."""
        import z3

        if self.left == 0:
            raise OutOfBudget(f"rlimit {self.limit}")
        before = _work(solver)
        solver.set("rlimit", self.left)
        answer = solver.check(*assumptions)
        self.spent += max(1, _work(solver) - before)
        if answer == z3.unknown:
            told = solver.reason_unknown().split("\n")[0]
            raise OutOfBudget(f"rlimit {self.limit}" if self.left == 0 or "resource" in told else told)
        return bool(answer == z3.sat)


def failures() -> tuple[type[Exception], ...]:
    """The exceptions with which a solver cannot go on: its own, and want of memory."""
    import z3

    return (z3.Z3Exception, MemoryError)


def told(failure: Exception) -> str:
    """One of `failures` in a sentence."""
    if isinstance(failure, MemoryError):
        return "memory does not suffice"
    return f"the solver failed: {' '.join(str(failure).split())[:200]}"


def fresh_solver(context: Any, finite: bool) -> Any:
    """A solver with fixed seeds: one for bounded integers that it turns into bits, or an ordinary one."""
    import z3

    solver = z3.SolverFor("QF_FD", ctx=context) if finite else z3.SimpleSolver(ctx=context)
    solver.set("random_seed", 0)
    return solver


def _work(solver: Any) -> int:
    """What the solver's context has spent since it was made."""
    return next((int(value) for name, value in solver.statistics() if name == "rlimit count"), 0)
