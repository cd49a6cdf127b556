"""z3 and cvc5 about an exported SMT-LIB file and our own evidence: that the invariants prove the property, that the run
is one of the file's and ends where the property fails."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.certificate.symbols import plain
from kexecspec.certificate.terms import constant, term
from kexecspec.export.model import model
from kexecspec.export.smtlib import smtlib
from kexecspec.ir.expr import conjoin
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Counterexample, Judgement, Proof
from kexecspec.solve.solvers import solver
from kexecspec.solve.speak import SAT, UNKNOWN, UNSAT
from tests.export.solvers import Unrolled

LONGEST = 60
"""Longer runs are not asked about."""


def objection(system: TransitionSystem, prop: Property, judged: Judgement, name: str, seconds: float) -> str | None:
    """What a solver has against a judgement, "" for nothing, None where it or we have no answer."""
    text = smtlib(model(system, prop), prop.id)
    asked = solver(name)
    try:
        for what, script, wanted in _questions(system, judged, text):
            said = asked.ask(script, seconds)
            if said.word == UNKNOWN and "no answer within" in said.why:
                return None
            if said.word != wanted:
                return f"{prop.id}: {name} says {said.word} {said.why} of {what}"
    finally:
        asked.close()
    return "" if isinstance(judged.evidence, Proof | Counterexample) else None


def _questions(system: TransitionSystem, judged: Judgement, text: str) -> Iterator[tuple[str, str, str]]:
    match judged.evidence:
        case Proof(invariants):
            holds = conjoin(one.holds for one in invariants)
            now, later = f"(assert {term(holds)})", f"(assert (not {term(holds, later=True)}))"
            yield "the first states", _script(text, f"(assert |init|)(assert (not {term(holds)}))"), UNSAT
            yield "a step", _script(text, f"(assert |domain|){now}(assert |trans|){later}"), UNSAT
            yield "the property", _script(text, f"(assert |domain|){now}(assert (not |property|))"), UNSAT
        case Counterexample(trace) if len(trace.steps) <= LONGEST:
            yield "our run", _run(system, trace, text), SAT


def _script(text: str, asserted: str) -> str:
    return f"{text}{asserted}\n(check-sat)\n"


def _run(system: TransitionSystem, trace: Trace, text: str) -> str:
    """Each step by its rule, each state in full, and at the end the property fails."""
    unrolled = Unrolled(text)
    numbers = {rule.name: number for number, rule in enumerate(system.rules)}
    lines = ["(set-logic QF_LIA)", unrolled.fixed, unrolled.variables(0)]
    states = (trace.initial, *(step.state for step in trace.steps))
    for number, state in enumerate(states):
        lines += [unrolled.variables(number + 1), unrolled.definitions(number)]
        lines += [f"(assert (= |v {_at(name, number)}| {constant(value)}))" for name, value in state.items()]
    lines.append("(assert |init@0|)")
    for number, step in enumerate(trace.steps):
        lines += [f"(assert (= |fired@{number}| {numbers[step.rule]}))", f"(assert |trans@{number}|)"]
    return "\n".join([*lines, f"(assert (not |property@{len(trace.steps)}|))", "(check-sat)", ""])


def _at(name: str, number: int) -> str:
    return f"{plain(name)}@{number}"

