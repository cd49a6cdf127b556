"""One slice, several targets: each is excluded for good, reached by a run, or left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Trace, handoffs, objection
from kexecspec.solve.accelerate import accelerate
from kexecspec.solve.answers import Answer, Disagreement, Open, Reached, Target
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.desk import Desk
from kexecspec.solve.encode import encode
from kexecspec.solve.prove import Ground, by_induction, by_pdr, by_states, is_excluded
from kexecspec.solve.runs import uncounted
from kexecspec.solve.search import Search
from kexecspec.solve.unroll import Unrolling

_MANY = 5
_MODEST = 40
"""What part of the budget may be spent on showing that a counter cannot get there in fewer handoffs."""


def settle(system: TransitionSystem, targets: Sequence[Target], desk: Desk) -> tuple[Answer, ...]:
    """The answer for each target of one slice, by the cheapest means that gives one."""
    answers = _at_a_glance(system, targets, desk)
    grounds: dict[int, Ground] = {}
    for number in _open(targets, answers):
        ground = grounds[number] = by_induction(system, targets[number].where, desk)
        answer = ground.proof or by_states(ground, desk) or _by_laps(system, targets[number], desk)
        if answer is not None:
            answers[number] = answer
    if _open(targets, answers):
        answers.update(_by_search(system, targets, grounds, _open(targets, answers), desk))
    return tuple(fewest(system, target, answers[number], desk) for number, target in enumerate(targets))


def _open(targets: Sequence[Target], answers: Mapping[int, Answer]) -> list[int]:
    return [number for number in range(len(targets)) if number not in answers]


def _at_a_glance(system: TransitionSystem, targets: Sequence[Target], desk: Desk) -> dict[int, Answer]:
    """Runs among the first states, which are settled with the fewest handoffs; where many lead to one of them, by laps
    if that is no longer."""
    answers: dict[int, Answer] = {}
    for number, trace in desk.sweep(system).survey([target.where for target in targets]).found.items():
        answers[number] = Reached(trace, targets[number].exact and targets[number].counter is None)
        taken = handoffs(system, trace)
        laps = _by_laps(system, targets[number], desk) if taken > _MANY else None
        if laps is not None and handoffs(system, laps.trace) <= taken:
            answers[number] = laps
    return answers


def _by_laps(system: TransitionSystem, target: Target, desk: Desk) -> Reached | None:
    """A run on which a counter grows lap by lap."""
    found = accelerate(system, target, desk) if target.counter else None
    complaint = None if found is None else objection(system, found.trace, target.where)
    if complaint is not None:
        raise Disagreement(complaint)
    return found


def _by_search(
    system: TransitionSystem,
    targets: Sequence[Target],
    grounds: Mapping[int, Ground],
    wanted: Sequence[int],
    desk: Desk,
) -> dict[int, Answer]:
    """Bounded model checking, PDR for what it does not meet, and deeper bounded model checking for the
    rest."""
    search, answers, reasons = search_for(system, targets, desk), dict[int, Answer](), dict[int, str]()
    search.to(wanted, desk.effort.quick)
    for number in (number for number in wanted if number not in search.met):
        try:
            proof = by_pdr(grounds[number], desk)
        except OutOfBudget as reason:
            proof, reasons[number] = None, str(reason)
        if proof is not None:
            answers[number] = proof
    search.to([number for number in wanted if number not in answers], desk.effort.deep)
    for number in (number for number in wanted if number not in answers):
        if number in search.met:
            answers[number] = Reached(search.met[number], False)
        else:
            ends = [search.reason or f"{desk.effort.deep} steps of bounded model checking"]
            ends += [reasons[number]] if number in reasons else []
            answers[number] = Open("; ".join(ends), search.clear)
    return answers


def search_for(system: TransitionSystem, targets: Sequence[Target], desk: Desk) -> Search:
    """A search for runs to `targets`, at depth 0."""
    texts = [desk.text(target.where, system) for target in targets]
    unrolling = Unrolling(encode(desk.script(system), texts), Meter(desk.effort.rlimit))
    return Search(system, targets, desk.pen, unrolling)


def fewest(system: TransitionSystem, target: Target, answer: Answer, desk: Desk) -> Answer:
    """A run made one of fewest handoffs, and shown to be one where that can be shown. Other answers stay."""
    if not isinstance(answer, Reached) or not target.exact or answer.shortest or answer.lap is not None:
        return answer
    if target.counter is not None:
        desk = desk.with_rlimit(desk.effort.rlimit // _MODEST)
    trace, shortest = answer.trace, True
    while shortest and (taken := handoffs(system, trace)) > 0:
        fewer = desk.limited(system, taken - 1)
        if is_excluded(fewer, target.where, desk.beside(fewer)):
            break
        better = None if target.counter is not None else _run(fewer, target, desk.beside(fewer))
        shortest, trace = better is not None, better or trace
    return Reached(trace, shortest, answer.lap)


def _run(system: TransitionSystem, target: Target, desk: Desk) -> Trace | None:
    """A run of a limited system to the target, if there is a short one."""
    sweep = desk.sweep(system)
    found = sweep.seek(target.where)
    if found is None and not sweep.complete:
        search = search_for(system, (target,), desk)
        search.to((0,), desk.effort.deep)
        found = search.met.get(0)
    return None if found is None else uncounted(found)
