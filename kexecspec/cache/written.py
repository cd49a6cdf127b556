"""Judgements as text, and read back for the system that they are about.

Reading believes little: expressions must have a sort over the system's variables, and a run is only its first state and
the numbers of its rules, which are fired again, so that what comes out is a run of the system that ends where its
property says. Proofs are left to those who check every proof. Only what is checked in such a way is written at all: no
UNKNOWN, and no claim that something never happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kexecspec.cache.terms import Malformed, Row, Table, chosen, listed, read_rows
from kexecspec.ir.evaluate import evaluate, is_initial
from kexecspec.ir.expr import Expr, negate
from kexecspec.ir.moves import Moves, moves_of
from kexecspec.ir.system import Invariant, Mode, Place, Property, TransitionSystem
from kexecspec.ir.trace import Step, Trace, handoffs
from kexecspec.ir.typing import SortError, sort_of
from kexecspec.ir.values import BoolSort, Sort, Value
from kexecspec.ir.verdict import Counterexample, Judgement, Lap, Proof, Verdict

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
    page = _Page({rule.name: number for number, rule in enumerate(system.rules)})
    said = [page.judgement(judgement) for judgement in judgements]
    content = {"terms": page.table.rows, "invariants": page.invariants, "judgements": said}
    return json.dumps(content, separators=(",", ":"))


def read(text: str, system: TransitionSystem, asked: Sequence[Property]) -> tuple[Judgement, ...]:
    """What `written` wrote about properties of `system` that are among `asked`. Raises Malformed."""
    try:
        content = json.loads(text)
        terms = read_rows(content["terms"])
        known: dict[Expr, Sort] = {}
        invariants = [_invariant(one, terms, system, known) for one in listed(content["invariants"])]
        reader = _Reader(system, {prop.id: prop for prop in asked}, invariants, moves_of(system))
        found = {one.property: one for one in (reader.judgement(*listed(row)) for row in listed(content["judgements"]))}
        return tuple(found.values())
    except Malformed:
        raise
    except (ValueError, TypeError, KeyError, RecursionError, SortError) as error:
        raise Malformed(f"{type(error).__name__}: {error}") from None


@dataclass
class _Page:
    """What judgements share is written once: expressions and invariants."""

    rules: Mapping[str, int]
    table: Table = field(default_factory=Table)
    invariants: list[Row] = field(default_factory=list)
    numbers: dict[Invariant, int] = field(default_factory=dict)

    def judgement(self, judgement: Judgement) -> Row:
        """The row of a judgement."""
        facts, evidence = sorted(judgement.facts.items()), Row()
        match judgement.evidence:
            case Proof(invariants, method, Trace() as witness):
                evidence = [method, [self._invariant(one) for one in invariants], self._run(witness)]
            case Counterexample(trace, _, shortest, lap, decided):
                said = None if lap is None else [lap.start, lap.length, lap.times, lap.counter, lap.gain]
                evidence = [self._run(trace), shortest, said, [[name, value] for name, value in decided]]
            case _:
                raise AssertionError("what is not worth keeping")
        return [judgement.property, judgement.verdict.value, facts, evidence]

    def _invariant(self, invariant: Invariant) -> int:
        found = self.numbers.get(invariant)
        if found is None:
            place = invariant.place
            where = None if place is None else [place.path, place.line, place.column]
            found = self.numbers[invariant] = len(self.invariants)
            self.invariants.append([invariant.name, self.table.number(invariant.holds), where])
        return found

    def _run(self, trace: Trace) -> Row:
        return [dict(trace.initial), [self.rules[step.rule] for step in trace.steps]]


def _invariant(row: Any, terms: Sequence[Expr], system: TransitionSystem, known: dict[Expr, Sort]) -> Invariant:
    match row:
        case [str(name), place, None | [str(), int(), int()] as where]:
            holds: Expr = chosen(terms, place)
            if not isinstance(sort_of(holds, system.variables, known), BoolSort):
                raise Malformed("an invariant that is no truth value")
            return Invariant(name, holds, None if where is None else Place(*where))
    raise Malformed("no invariant where there has to be one")


@dataclass(frozen=True)
class _Reader:
    system: TransitionSystem
    asked: Mapping[str, Property]
    invariants: Sequence[Invariant]
    moves: Moves

    def judgement(self, name: Any, verdict: Any, facts: Any, evidence: Any) -> Judgement:
        """The judgement of a row. Raises Malformed."""
        prop, known = self.asked[name], {str(fact): str(sort) for fact, sort in facts}
        match verdict, evidence:
            case Verdict.PROVED.value, [str(method), numbers, run] if len(method) < _WORDS:
                found = tuple(chosen(self.invariants, number) for number in listed(numbers))
                seen = prop.holds if prop.mode is Mode.SOMETIMES else prop.companion
                return Judgement(name, Verdict.PROVED, Proof(found, method, self._run(run, seen)), known)
            case Verdict.REFUTED.value, [run, bool(shortest), lap, decided] if prop.mode is Mode.ALWAYS:
                trace = self._run(run, negate(prop.holds))
                by = tuple(self._decided(trace, *one) for one in decided)
                counted = handoffs(self.system, trace)
                evidence = Counterexample(trace, counted, shortest, self._lap(lap, trace), by)
                return Judgement(name, Verdict.REFUTED, evidence, known)
        raise Malformed("no judgement where there has to be one")

    def _run(self, run: Any, where: Expr) -> Trace:
        """The run from its first state by its rules; it has to end in `where`."""
        initial, numbers = run
        if list(initial) != list(self.system.variables) or not is_initial(self.system, initial):
            raise Malformed("no run begins there")
        names, rules, row, steps = tuple(initial), self.system.rules, tuple(initial.values()), list[Step]()
        for number in listed(numbers):
            after = chosen(self.moves.all, number).after(row)
            if after is None:
                raise Malformed(f"{rules[number].name} may not fire there")
            row = after
            steps.append(Step(rules[number].name, dict(zip(names, row, strict=True))))
        trace = Trace(initial, tuple(steps))
        if not evaluate(where, trace.last):
            raise Malformed("a run that ends elsewhere")
        return trace

    def _lap(self, lap: Any, trace: Trace) -> Lap | None:
        match lap:
            case None:
                return None
            case [int(start), int(length), int(times), str(counter), int(gain)] if counter in self.system.variables:
                if min(start, length - 1, times - 1) >= 0 and start + length * times <= len(trace.steps):
                    return Lap(start, length, times, counter, gain)
        raise Malformed("a lap that is not in its run")

    def _decided(self, trace: Trace, name: Any, value: Any) -> tuple[str, Value]:
        if type(value) is not type(trace.initial[name]) or trace.initial[name] != value:
            raise Malformed("a fact that its run does not have")
        return name, value
