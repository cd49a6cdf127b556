"""Several engines on one property, side by side in processes of their own: the first answer that holds up counts, and
the others are ended. Which of them is quicker decides no verdict: answers that hold up have to be the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from kexecspec.ir.expr import negate
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import objection
from kexecspec.ir.verdict import Counterexample, Exhausted, Judgement, Proof, Verdict
from kexecspec.solve.answers import Disagreement, Effort
from kexecspec.solve.aside import Died, SolverDied, answers, aside
from kexecspec.solve.engines import ENGINES
from kexecspec.solve.judge import judgements
from kexecspec.solve.recheck import recheck

USUAL = "usual"
Work = Callable[[], Iterator[Judgement]]


def decided(
    system: TransitionSystem, prop: Property, known: Judgement | None, rlimit: int, patience: float, inside: bool
) -> Judgement:
    """The judgement of the first engine that has an answer on `prop`, which is to hold in every state; else `known`,
    what the usual way has to say, which is among the engines where that is None.

    With `inside` they are asked one after the other, in this process. Raises Disagreement where two answers that hold
    up differ, as far as both have come by the time that one of them is taken.
    """
    names = (*(() if known else (USUAL,)), *ENGINES)
    held: dict[str, Judgement] = {}
    works = [_work(system, prop, rlimit, name) for name in names]
    with contextlib.closing(answers(works, patience, inside, enough=lambda: bool(held))) as said:
        for number, judgement in said:
            if isinstance(judgement, Died):
                judgement = Judgement(prop.id, Verdict.UNKNOWN, Exhausted(judgement.why, None), {})
            if holds_up(system, prop, judgement, inside):
                held[names[number]] = judgement
            elif names[number] == USUAL:
                known = judgement
            if held and inside:
                break
    return agreed(prop, held) or known or Judgement(prop.id, Verdict.UNKNOWN, Exhausted("no engine answers", None), {})


def holds_up(system: TransitionSystem, prop: Property, judgement: Judgement, inside: bool) -> bool:
    """Whether `judgement` has an answer, and the evidence for it is what it has to be."""
    match judgement.evidence:
        case Counterexample(trace):
            return objection(system, trace, negate(prop.holds)) is None
        case Proof(invariants, _, witness):
            if witness is not None and objection(system, witness, prop.companion) is not None:
                return False
            with contextlib.suppress(SolverDied):
                return not aside(recheck, system, invariants, (prop,), inside=inside)
    return False


def agreed(prop: Property, held: Mapping[str, Judgement]) -> Judgement | None:
    """One of several answers that hold up, the same whoever was first; None where there is none. Raises
    Disagreement."""
    if len({judgement.verdict for judgement in held.values()}) > 1:
        said = ", ".join(f"{name} says {judgement.verdict.value}" for name, judgement in sorted(held.items()))
        raise Disagreement(f"{prop.id}: {said}")
    return next((held[name] for name in (USUAL, *ENGINES) if name in held), None)


def _work(system: TransitionSystem, prop: Property, rlimit: int, name: str) -> Work:
    effort = Effort(rlimit, engine=None if name == USUAL else name)
    return partial(judgements, system, (prop,), rlimit, effort)
