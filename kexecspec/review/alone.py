"""One property judged on its slice, nothing else of the system being looked at: quick, and sure where it says anything.

A slice does at least what the system does, so what is proved of it holds; what is refuted is so only with a run of the
system.
"""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.ground.ground import with_flow
from kexecspec.ir.expr import negate
from kexecspec.ir.moves import moves_of
from kexecspec.ir.slice import cone, restrict, roots
from kexecspec.ir.system import Mode, Property, TransitionSystem
from kexecspec.ir.trace import Trace, objection
from kexecspec.ir.verdict import Counterexample, Evidence, Proof
from kexecspec.solve.answers import Effort
from kexecspec.solve.aside import SolverDied, aside
from kexecspec.solve.few import evidence_by_states
from kexecspec.solve.judge import judge
from kexecspec.solve.lift import Lifted, Lifter

_SHARE = 20
"""So much less than for a verdict is spent: what is not told here is asked of the whole system if it matters."""
_STATES = 10_000
"""States of a slice that are looked at before a solver is asked: most have fewer, or a run among the first."""
_WIDER = 3
"""How often a slice is made wider by what a step of its run waits for in the system."""


@dataclass(frozen=True)
class Alone:
    """Whether the property fails: it is refuted by a `run` of the system, or proved of nothing."""

    fails: bool
    run: Trace | None = None


def alone(system: TransitionSystem, prop: Property, rlimit: int, few: int) -> Alone | None:
    """What the slice says of a property of `system`; None where it does not tell. A slice of at least `few` rules is
    solved in a process of its own."""
    names, moves = roots(system, prop), moves_of(system)
    for _ in range(_WIDER):
        part = restrict(system, cone(system, names))
        match _evidence(part, prop, rlimit // _SHARE, few):
            case Proof(witness=witness):
                return Alone(witness is None)
            case Counterexample(trace=trace):
                run = Lifter(system, part, moves).lift(trace)
                if isinstance(run, Lifted):
                    fits = objection(system, run.trace, negate(prop.holds)) is None
                    return Alone(True, run.trace) if fits else None
                names = frozenset(part.variables) | run.waits_for & system.variables.keys()
            case _:
                return None
    return None


def _evidence(part: TransitionSystem, prop: Property, rlimit: int, few: int) -> Evidence | None:
    seen = evidence_by_states(part, prop, _STATES) if prop.mode is Mode.ALWAYS else None
    if seen is not None:
        return seen
    effort, inside = Effort(rlimit, fewest=False), len(part.rules) < few
    try:
        (said,) = aside(judge, with_flow(part), (prop,), rlimit, effort, inside=inside)
    except SolverDied:
        return None
    return said.evidence
