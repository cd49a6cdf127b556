"""Judgements as text, and read back for the system that they are about.

What a run shows is seen from the run (see `pages`); proofs are left to those who check every proof. Only what is
checked in such a way is written at all: no UNKNOWN, and no claim that something never happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.cache.pages import WRONG, Page, Reading, lap_row, page_for
from kexecspec.cache.terms import Malformed, Row
from kexecspec.ir.expr import negate
from kexecspec.ir.system import Mode, Property, TransitionSystem
from kexecspec.ir.trace import Trace, handoffs
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Counterexample, Judgement, Proof, Verdict

_WORDS = 80


def worth_keeping(judgement: Judgement) -> bool:
    """Whether everything in `judgement` that makes its verdict is checked again when it is read back."""
    match judgement.verdict, judgement.evidence:
        case Verdict.PROVED, Proof(witness=witness):
            return witness is not None
        case Verdict.REFUTED, Counterexample():
            return True
        case _:
            return False


def written(system: TransitionSystem, judgements: Iterable[Judgement]) -> str:
    """Judgements on properties of `system` that are worth keeping, as ASCII text."""
    page = page_for(system)
    return page.text([_row(page, judgement) for judgement in judgements])


def read(text: str, system: TransitionSystem, asked: Sequence[Property]) -> tuple[Judgement, ...]:
    """What `written` wrote about properties of `system` that are among `asked`. Raises Malformed."""
    try:
        page = Reading(text, system)
        reader = _Reader(page, {prop.id: prop for prop in asked})
        found = {one.property: one for one in (reader.judgement(*row) for row in page.said)}
        return tuple(found.values())
    except WRONG as error:
        raise Malformed(f"{type(error).__name__}: {error}") from None


def _row(page: Page, judgement: Judgement) -> Row:
    facts, evidence = sorted(judgement.facts.items()), Row()
    match judgement.evidence:
        case Proof(invariants, method, Trace() as witness):
            evidence = [method, [page.invariant(one) for one in invariants], page.run(witness)]
        case Counterexample(trace, _, shortest, lap, decided):
            evidence = [page.run(trace), shortest, lap_row(lap), [[name, value] for name, value in decided]]
        case _:
            raise AssertionError("what is not worth keeping")
    return [judgement.property, judgement.verdict.value, facts, evidence]


@dataclass(frozen=True)
class _Reader:
    page: Reading
    asked: Mapping[str, Property]

    def judgement(self, name: Any, verdict: Any, facts: Any, evidence: Any) -> Judgement:
        """The judgement of a row. Raises Malformed."""
        prop, known = self.asked[name], {str(fact): str(sort) for fact, sort in facts}
        match verdict, evidence:
            case Verdict.PROVED.value, [str(method), numbers, run] if len(method) < _WORDS:
                seen = prop.holds if prop.mode is Mode.SOMETIMES else prop.companion
                proof = Proof(self.page.invariants(numbers), method, self.page.run(run, seen))
                return Judgement(name, Verdict.PROVED, proof, known)
            case Verdict.REFUTED.value, [run, bool(shortest), lap, decided] if prop.mode is Mode.ALWAYS:
                trace = self.page.run(run, negate(prop.holds))
                by = tuple(_decided(trace, *one) for one in decided)
                counted = handoffs(self.page.system, trace)
                found = Counterexample(trace, counted, shortest, self.page.lap(lap, trace), by)
                return Judgement(name, Verdict.REFUTED, found, known)
        raise Malformed("no judgement where there has to be one")


def _decided(trace: Trace, name: Any, value: Any) -> tuple[str, Value]:
    if type(value) is not type(trace.initial[name]) or trace.initial[name] != value:
        raise Malformed("a fact that its run does not have")
    return name, value
