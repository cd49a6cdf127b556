"""One slice, several targets: each is excluded for good, reached by a run, or left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kexecspec.explore import survey
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Trace, handoffs, objection
from kexecspec.solve.accelerate import accelerate
from kexecspec.solve.answers import Answer, Disagreement, Effort, Open, Reached, Target
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.encode import encode
from kexecspec.solve.prove import by_induction, by_invention, is_excluded
from kexecspec.solve.runs import limited, uncounted
from kexecspec.solve.search import Search
from kexecspec.solve.smtlib import Writer, pen_for, renumbered, script
from kexecspec.solve.unroll import Unrolling


def settle(system: TransitionSystem, targets: Sequence[Target], pen: Writer, effort: Effort) -> tuple[Answer, ...]:
    """The answer for each target of one slice: runs that a look at the first states shows, then induction,
    bounded model checking where there are too many states to look at, new invariants, and deeper bounded
    model checking."""
    seen = survey(system, [target.where for target in targets], effort.states)
    answers: dict[int, Answer] = {number: Reached(trace, False) for number, trace in seen.found.items()}
    grounds = {number: by_induction(system, targets[number].where, pen, effort) for number in _open(targets, answers)}
    answers.update({number: ground.proof for number, ground in grounds.items() if ground.proof is not None})
    if _open(targets, answers):
        search = search_for(system, targets, pen, effort)
        if not seen.complete:
            answers.update(_by_laps(_open(targets, answers), system, targets, pen, effort))
            search.to(_open(targets, answers), effort.quick)
        reasons = dict[int, str]()
        for number in _open(targets, answers):
            try:
                proof = None if number in search.met else by_invention(grounds[number], pen, effort)
            except OutOfBudget as reason:
                proof, reasons[number] = None, str(reason)
            if proof is not None:
                answers[number] = proof
        search.to(_open(targets, answers), effort.deep)
        answers.update(_left(_open(targets, answers), search, reasons, effort))
    return tuple(fewest(system, target, answers[number], pen, effort) for number, target in enumerate(targets))


def _open(targets: Sequence[Target], answers: Mapping[int, Answer]) -> list[int]:
    return [number for number in range(len(targets)) if number not in answers]


def search_for(system: TransitionSystem, targets: Sequence[Target], pen: Writer, effort: Effort) -> Search:
    """A search for runs to `targets`, at depth 0."""
    texts = [renumbered(target.where, system, pen) for target in targets]
    unrolling = Unrolling(encode(script(system, pen), texts), Meter(effort.rlimit))
    return Search(system, targets, pen, unrolling)


def _by_laps(
    numbers: Sequence[int], system: TransitionSystem, targets: Sequence[Target], pen: Writer, effort: Effort
) -> Iterator[tuple[int, Reached]]:
    """The targets to which a growing counter leads."""
    for number in numbers:
        found = accelerate(system, targets[number], pen, effort) if targets[number].counter else None
        if found is not None:
            complaint = objection(system, found.trace, targets[number].where)
            if complaint is not None:
                raise Disagreement(complaint)
            yield number, found


def _left(numbers: Sequence[int], search: Search, reasons: Mapping[int, str], effort: Effort) -> dict[int, Answer]:
    """What bounded model checking met, and what nobody could settle."""
    answers: dict[int, Answer] = {}
    for number in numbers:
        if number in search.met:
            answers[number] = Reached(search.met[number], False)
        else:
            ends = [search.reason or f"{effort.deep} steps of bounded model checking"]
            ends += [reasons[number]] if number in reasons else []
            answers[number] = Open("; ".join(ends), search.clear)
    return answers


def fewest(system: TransitionSystem, target: Target, answer: Answer, pen: Writer, effort: Effort) -> Answer:
    """A run made one of fewest handoffs, and shown to be one where that can be shown. Other answers stay."""
    if not isinstance(answer, Reached) or not target.exact or answer.lap is not None:
        return answer
    trace, shortest = answer.trace, True
    while shortest and (taken := handoffs(system, trace)) > 0:
        fewer = limited(system, taken - 1)
        if is_excluded(fewer, target.where, pen_for(fewer, pen), effort):
            break
        better = _run(fewer, target, pen_for(fewer, pen), effort)
        shortest, trace = better is not None, better or trace
    return Reached(trace, shortest, answer.lap)


def _run(system: TransitionSystem, target: Target, pen: Writer, effort: Effort) -> Trace | None:
    """A run of a limited system to the target, if there is a short one."""
    seen = survey(system, (target.where,), effort.states)
    if seen.found:
        return uncounted(seen.found[0])
    if seen.complete:
        return None
    search = search_for(system, (target,), pen, effort)
    search.to((0,), effort.deep)
    return uncounted(search.met[0]) if search.met else None
