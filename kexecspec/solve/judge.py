"""From a system and its properties to judgements: slice, solve once what is the same, lift, conclude."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.expr import negate
from kexecspec.ir.moves import moves_of
from kexecspec.ir.slice import roots
from kexecspec.ir.system import Invariant, Mode, Property, TransitionSystem
from kexecspec.ir.trace import Trace, handoffs, objection
from kexecspec.ir.verdict import Counterexample, Evidence, Exhausted, Judgement, Proof, Verdict
from kexecspec.ir.walk import references
from kexecspec.solve.answers import Answer, Disagreement, Effort, Open, Reached, Safe, Shelf, Target
from kexecspec.solve.budget import RLIMIT, failures, told
from kexecspec.solve.decisive import decisive
from kexecspec.solve.desk import Desk
from kexecspec.solve.facts import unknown_facts
from kexecspec.solve.kinds import counters_of
from kexecspec.solve.lift import Blocked, Lifter, lifted_lap
from kexecspec.solve.share import Known
from kexecspec.solve.simplify import Simplified, simplified
from kexecspec.solve.smtlib import writer


@dataclass(frozen=True)
class Settled:
    """The answer for one target, in terms of the whole system, and the slice that it was found on."""

    answer: Answer
    part: TransitionSystem


def judge(
    system: TransitionSystem,
    properties: Sequence[Property],
    rlimit: int = RLIMIT,
    effort: Effort | None = None,
) -> tuple[Judgement, ...]:
    """A judgement for each of `properties`, in their order; `rlimit` bounds each obligation, `effort` says
    more.

    Equal input gives equal output, on any machine. Raises Disagreement where the tool contradicts itself.
    """
    judged = {judgement.property: judgement for judgement in judgements(system, properties, rlimit, effort)}
    return tuple(judged[prop.id] for prop in properties)


def judgements(
    system: TransitionSystem,
    properties: Sequence[Property],
    rlimit: int = RLIMIT,
    effort: Effort | None = None,
    shelf: Shelf | None = None,
) -> Iterator[Judgement]:
    """As `judge`, one by one as they are found. A property for which the solver fails, or memory does not suffice, is
    UNKNOWN, and nothing that was at hand serves the next one. `shelf` has answers of earlier runs and gets new ones."""
    effort = effort or Effort(rlimit)
    small = simplified(replace(system, properties=tuple(properties)), writer(system), effort.rlimit)
    known = Known(Desk(writer(system), effort), moves_of(system), shelf=shelf)
    for number in _grouped(small.view, known):
        try:
            yield _judged(system, small, small.system.properties[number], known)
        except failures() as error:
            known = Known(Desk(writer(system), effort), moves_of(system), shelf=shelf)
            yield Judgement(properties[number].id, Verdict.UNKNOWN, Exhausted(told(error), None), {})
    if shelf is not None:
        shelf.keep(known.solved)


def _grouped(system: TransitionSystem, known: Known) -> list[int]:
    """The numbers of the properties, those with the same slice one after the other: what is at hand serves them all."""
    groups: dict[frozenset[str], list[int]] = {}
    for number, prop in enumerate(system.properties):
        part = known.desk.part(system, roots(system, prop))
        groups.setdefault(frozenset(part.variables), []).append(number)
    return [number for group in groups.values() for number in group]


def _judged(system: TransitionSystem, small: Simplified, prop: Property, known: Known) -> Judgement:
    """The judgement on `prop`, one of the properties of `small`, which was made from `system`."""
    part = known.desk.part(small.view, roots(small.view, prop))
    counter = prop.counter if prop.counter in part.variables else None
    always = prop.mode is Mode.ALWAYS
    wrong = Target(negate(prop.holds) if always else prop.holds, always and known.desk.effort.fewest, counter)
    premise = Target(prop.companion, False)
    facts = unknown_facts(part)
    first, second = known.ask(part, (wrong, premise))
    settled = _whole(system, small, Settled(first, part), wrong, known)
    if prop.mode is Mode.SOMETIMES:
        verdict, evidence = _sometimes(prop, settled.answer, small.lemmas)
    elif isinstance(settled.answer, Safe):
        witness = _seen(premise, known) or _whole(system, small, Settled(second, part), premise, known).answer
        known.keep(witness)
        verdict, evidence = _proved(prop, settled.answer, witness, small.lemmas)
    else:
        verdict, evidence = _unproved(system, settled, wrong, known)
    return Judgement(prop.id, verdict, evidence, facts, known.is_recalled(part, (wrong, premise)))


def _seen(target: Target, known: Known) -> Reached | None:
    """A run that was lifted before, as far as it leads to `target`."""
    for run in known.runs:
        for number, state in enumerate((run.initial, *(step.state for step in run.steps))):
            if evaluate(target.where, state):
                return Reached(Trace(run.initial, run.steps[:number]), False)
    return None


def _whole(
    system: TransitionSystem, small: Simplified, settled: Settled, target: Target, known: Known
) -> Settled:
    """`settled`, about a slice of `small`, with its run lifted to the whole system. Where the system never lets a step
    of the slice happen, the slice grows by what the step waits for and is solved again; at last it is all there
    is."""
    while isinstance(settled.answer, Reached):
        lifted = _lifted(system, settled.part, settled.answer, target, known)
        if not isinstance(lifted, Blocked):
            return Settled(lifted, settled.part)
        part = _grown(small, settled.part, lifted, known.desk)
        if target.counter is None and part is not known.desk.part(small.system, frozenset(part.variables)):
            target = replace(target, counter=next(iter(counters_of(part)), None))
        settled = Settled(known.ask(part, (target,))[0], part)
    return settled


def _grown(small: Simplified, part: TransitionSystem, blocked: Blocked, desk: Desk) -> TransitionSystem:
    """A larger slice than `part`: of the view where that has something to add, else of the system itself."""
    waits = {rule.name: rule.order for rule in small.view.rules}.get(blocked.rule, ())
    near = frozenset(part.variables).union(*map(references, waits))
    wider = desk.part(small.view, frozenset(near & small.view.variables.keys()))
    if wider.variables.keys() == part.variables.keys():
        names = blocked.waits_for.union(part.variables) & small.system.variables.keys()
        wider = desk.part(small.system, frozenset(names))
    if wider is part:
        raise Disagreement(f"{blocked.rule} fires in a slice and not in the system")
    return wider


def _lifted(
    system: TransitionSystem, part: TransitionSystem, answer: Reached, target: Target, known: Known
) -> Reached | Blocked:
    """A run of a slice as a run of the system."""
    lifted = Lifter(system, part, known.moves).lift(answer.trace)
    if isinstance(lifted, Blocked):
        return lifted
    complaint = objection(system, lifted.trace, target.where)
    if complaint is not None:
        raise Disagreement(complaint)
    shortest = answer.shortest and handoffs(system, lifted.trace) == handoffs(part, answer.trace)
    return Reached(lifted.trace, shortest, lifted_lap(answer.lap, lifted.places))


def _proved(
    prop: Property, proof: Safe, witness: Answer, lemmas: Sequence[Invariant]
) -> tuple[Verdict, Evidence]:
    invariants = (*lemmas, *_named(prop, proof.invariants))
    match witness:
        case Reached(trace):
            return Verdict.PROVED, Proof(invariants, proof.method, trace)
        case Safe():
            return Verdict.PROVED, Proof(invariants, proof.method, None)
        case Open(reason, depth):
            return Verdict.UNKNOWN, Exhausted(f"the premise is neither reached nor excluded: {reason}", depth)


def _unproved(system: TransitionSystem, settled: Settled, target: Target, known: Known) -> tuple[Verdict, Evidence]:
    match settled.answer:
        case Reached(trace, shortest, lap):
            within = Trace({name: trace.initial[name] for name in settled.part.variables}, ())
            decided = decisive(settled.part, target.where, within, known.desk) if target.exact else ()
            return Verdict.REFUTED, Counterexample(trace, handoffs(system, trace), shortest, lap, decided)
        case Open(reason, depth):
            return Verdict.UNKNOWN, Exhausted(reason, depth)
        case Safe():
            raise Disagreement("a proof is no counterexample")


def _sometimes(prop: Property, answer: Answer, lemmas: Sequence[Invariant]) -> tuple[Verdict, Evidence]:
    """PROVED by a run; REFUTED by a proof that there is none."""
    match answer:
        case Reached(trace):
            return Verdict.PROVED, Proof((), "run", trace)
        case Safe(invariants, method):
            return Verdict.REFUTED, Proof((*lemmas, *_named(prop, invariants)), method, None)
        case Open(reason, depth):
            return Verdict.UNKNOWN, Exhausted(reason, depth)


def _named(prop: Property, invariants: Sequence[Invariant]) -> tuple[Invariant, ...]:
    """Invented invariants under the name of the property they were found for."""
    declared: Mapping[bool, str] = {True: f"{prop.id} ", False: ""}
    return tuple(replace(i, name=declared[_invented(i)] + i.name) for i in invariants)


def _invented(invariant: Invariant) -> bool:
    return invariant.place is None and (invariant.name == "excluded" or invariant.name.startswith("found-"))
