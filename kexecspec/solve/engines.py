"""Other ways to settle a target than the usual one, each by itself and with the whole budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kexecspec.ir.system import TransitionSystem
from kexecspec.solve.answers import Answer, Open, Reached, Safe, Target
from kexecspec.solve.backwards import by_looking_back
from kexecspec.solve.budget import OutOfBudget
from kexecspec.solve.desk import Desk
from kexecspec.solve.prove import Ground, by_induction, by_pdr
from kexecspec.solve.settle import fewest, search_for, settle

Engine = Callable[[TransitionSystem, Target, Desk], Answer | None]

_LONG = 400
_WIDE = 10


def settle_by(engine: str, system: TransitionSystem, targets: Sequence[Target], desk: Desk) -> tuple[Answer, ...]:
    """The answers for `targets` of one slice, those for which the fewest handoffs are wanted by `engine` alone, and
    others, that say what a proof is about, in the usual way."""
    usual = replace(desk, effort=replace(desk.effort, engine=None))
    return tuple(_by(engine, system, t, usual) if t.exact else settle(system, (t,), usual)[0] for t in targets)


def _by(engine: str, system: TransitionSystem, target: Target, desk: Desk) -> Answer:
    try:
        found = ENGINES[engine](system, target, desk)
    except OutOfBudget as reason:
        return Open(f"{engine}: {reason}", 0)
    return Open(f"{engine} has no answer", 0) if found is None else fewest(system, target, found, desk)


def _by_spacer(system: TransitionSystem, target: Target, desk: Desk) -> Safe | None:
    """Spacer, without the invariants that it is usually helped by."""
    ground = by_induction(system, target.where, desk)
    return ground.proof or by_pdr(Ground(ground.system, target.where, (), None), desk)


def _by_looking_back(system: TransitionSystem, target: Target, desk: Desk) -> Safe | None:
    ground = by_induction(system, target.where, desk)
    return ground.proof or by_looking_back(ground, desk)


def _by_runs(system: TransitionSystem, target: Target, desk: Desk) -> Reached | None:
    """Bounded model checking as deep as the budget reaches."""
    search = search_for(system, (target,), desk)
    search.to((0,), _LONG)
    return Reached(search.met[0], False) if search.met else None


def _by_states(system: TransitionSystem, target: Target, desk: Desk) -> Answer:
    """The usual way, with more states looked at before a solver is asked."""
    return settle(system, (target,), replace(desk, effort=replace(desk.effort, states=_WIDE * desk.effort.states)))[0]


ENGINES: Mapping[str, Engine] = {
    "runs": _by_runs,
    "backwards": _by_looking_back,
    "spacer": _by_spacer,
    "states": _by_states,
}
"""In the order in which they are asked where there is only one process."""
