"""Why something is proved: the facts that its proof needs, each shown necessary by a run that goes wrong without it.

The set is an inductive validity core: with these facts alone, whatever the others are, the property is proved. Found in
three steps. What the invariants of the proof use, the solver says; a fact is surely needed if the property is refuted
where it alone is otherwise; of the rest, those are dropped without which there is a proof too, by cases if need be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from kexecspec.ground.ground import loosened, with_flow
from kexecspec.ir.expr import equal
from kexecspec.ir.fold import fold
from kexecspec.ir.nodes import TRUE, Const, Expr, Ref
from kexecspec.ir.slice import cone, restrict
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value, members
from kexecspec.ir.verdict import Counterexample, Judgement, Proof, Verdict
from kexecspec.ir.walk import references
from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.platform.stated import Stated
from kexecspec.solve.answers import Effort
from kexecspec.solve.facts import with_facts
from kexecspec.solve.judge import judge
from kexecspec.solve.support import support

Values = Mapping[str, Value]
MOST_CASES, ALL_CASES, OPEN_TRIES = 96, 240, 16
"""Cases that one fact may be split into, all facts together, and questions with everything else open."""


@dataclass(frozen=True)
class Wrong:
    """A run of `system` that goes wrong, and the facts that are not as stated in it."""

    system: TransitionSystem
    trace: Trace
    handoffs: int
    otherwise: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Need:
    """A fact that a proof needs, and what goes wrong without it; None where nobody could say whether it is needed."""

    fact: Stated
    wrong: Wrong | None


@dataclass(frozen=True)
class Reasons:
    """What the proof of a property needs, out of the facts `of`; the others of these play no part in it."""

    about: Property
    needs: tuple[Need, ...]
    of: frozenset[str]

    @property
    def minimal(self) -> bool:
        """Whether every fact was shown to be needed."""
        return all(need.wrong is not None for need in self.needs)


@dataclass
class Loose:
    """A platform's system with its facts left open, to ask of it what some of them decide."""

    system: TransitionSystem
    facts: Mapping[str, Stated]
    rlimit: int
    known: dict[frozenset[tuple[str, Value]], TransitionSystem] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Value]:
        """Every fact as stated."""
        return {name: fact.value for name, fact in self.facts.items()}

    def with_known(self, values: Values) -> TransitionSystem:
        """The system where facts are known to be what `values` says, and the rest is open."""
        key = frozenset(values.items())
        if key not in self.known:
            self.known[key] = with_flow(fold(with_facts(self.system, values)))
        return self.known[key]


def loose(platform: Platform, library: Library, rlimit: int) -> Loose:
    """The system of a platform that was resolved whole, with its facts open. Raises SpecError."""
    system, facts = loosened(platform, library)
    return Loose(system, facts, rlimit)


def reasons(of: Loose, wanted: str) -> Reasons | None:
    """Why the property instance with the id `wanted` is proved; None where it is not, with all facts as stated."""
    judged = _judged(of, wanted, of.values, Effort(of.rlimit))
    if judged.judgement.verdict is not Verdict.PROVED:
        return None
    used = _used(of, judged, frozenset(of.facts))
    must = {name: wrong for name in sorted(used) if (wrong := _alone(of, wanted, name)) is not None}
    needs = must | _Shrinking(of, judged, used, frozenset(must)).needed()
    return Reasons(judged.about, tuple(Need(of.facts[n], needs[n]) for n in sorted(needs)), frozenset(of.facts))


@dataclass(frozen=True)
class _Judged:
    system: TransitionSystem
    about: Property
    judgement: Judgement


def _judged(of: Loose, wanted: str, values: Values, effort: Effort) -> _Judged:
    """The verdict where the facts `values` are known; nobody asks for the property's premise."""
    system = of.with_known(values)
    prop = next(prop for prop in system.properties if prop.id == wanted)
    (judgement,) = judge(system, (replace(prop, companion=TRUE),), effort.rlimit, effort)
    return _Judged(system, prop, judgement)


def _alone(of: Loose, wanted: str, name: str) -> Wrong | None:
    """What goes wrong where `name` alone is otherwise."""
    return next((w for value in _others(of, name) if (w := _wrong(of, wanted, {name: value})) is not None), None)


def _others(of: Loose, name: str) -> Iterator[Value]:
    fact = of.facts[name]
    return (value for value in members(fact.sort) if value != fact.value)


def _wrong(of: Loose, wanted: str, otherwise: Values) -> Wrong | None:
    """What goes wrong where the facts `otherwise` are so and all others as stated."""
    judged = _otherwise(of, wanted, otherwise)
    evidence = judged.judgement.evidence
    if not isinstance(evidence, Counterexample):
        return None
    return Wrong(judged.system, evidence.trace, evidence.handoffs, tuple(sorted(otherwise.items())))


def _otherwise(of: Loose, wanted: str, otherwise: Values) -> _Judged:
    return _judged(of, wanted, of.values | dict(otherwise), Effort(of.rlimit // 4))


def _used(of: Loose, judged: _Judged, names: frozenset[str]) -> frozenset[str]:
    """Of the facts `names`, with which `judged` was proved, those that its invariants use; all that bear on it where
    these do not stand by themselves in the open system."""
    near, prop = _near(of, judged.about.id)
    found = _supported(of, judged, names)
    return names & near if found is None or prop is None else found


def _supported(
    of: Loose, judged: _Judged, names: frozenset[str], otherwise: Values | None = None
) -> frozenset[str] | None:
    """Facts out of `names` that, beside those that are `otherwise`, suffice for the invariants of `judged`; None where
    they do not."""
    near, prop = _near(of, judged.about.id)
    evidence = judged.judgement.evidence
    if not isinstance(evidence, Proof):
        return None
    invariants = [i.holds for i in evidence.invariants] + _constants(of.system, judged.system)
    values = {name: of.facts[name].value for name in names} | dict(otherwise or {})
    for part in (near, frozenset(of.system.variables)):
        kept = [holds for holds in invariants if references(holds) <= part]
        found = support(restrict(of.system, part), values, prop.holds, kept, of.rlimit)
        if found is not None:
            return found - (otherwise or {}).keys()
    return None


def _near(of: Loose, wanted: str) -> tuple[frozenset[str], Property]:
    """All that bears on a property."""
    prop = next(prop for prop in of.system.properties if prop.id == wanted)
    return cone(of.system, references(prop.holds)), prop


def _constants(system: TransitionSystem, folded: TransitionSystem) -> list[Expr]:
    """That the variables which folding has removed keep their first value."""
    gone = (var for name, var in system.variables.items() if name not in folded.variables)
    return [equal(Ref(var.name), var.initial) for var in gone if isinstance(var.initial, Const)]


@dataclass(frozen=True)
class _Case:
    """A proof for facts that are `otherwise` in this way: it uses the facts `used` as stated, of which it may take
    those in `assumed` for granted, for other cases cover what is so where they are not."""

    otherwise: Values
    assumed: frozenset[str]
    used: frozenset[str]


class _Shrinking:
    """Drops facts one by one from those that a proof uses. A dropped fact splits each case that uses it: in one half it
    is as stated, in the other it is not, and both have to be proved with the facts that are left."""

    def __init__(self, of: Loose, judged: _Judged, used: frozenset[str], must: frozenset[str]) -> None:
        self.of = of
        self.wanted = judged.about.id
        self.must = must
        self.kept = used
        self.judged = judged
        self.left = 0
        self.budget = ALL_CASES
        self.cases: tuple[_Case, ...] = (_Case({}, frozenset(), used),)

    def needed(self) -> dict[str, Wrong | None]:
        """The facts beyond those that are surely needed which cannot be dropped, and what goes wrong without each."""
        for name in sorted(self.kept - self.must):
            if name in self.kept:
                self._by_same_invariants(name)
        grown = self._grown() if self.kept != self.must else {}
        return self._dropped() if grown is None else grown

    def _grown(self) -> dict[str, Wrong | None] | None:
        """Facts that suffice beside those surely needed, found from below: as long as something goes wrong with all
        others open, one of the facts that are otherwise then is added. None where an answer was missing."""
        chosen: dict[str, Wrong | None] = {}
        for _ in range(OPEN_TRIES):
            found = self._opened(self.must | chosen.keys())
            if found is None:
                return None
            if not isinstance(found, Wrong):
                return self._necessary(chosen)
            names = [name for name, _ in found.otherwise]
            chosen[next((name for name in names if name in self.kept), names[0])] = found
        return None

    def _necessary(self, chosen: dict[str, Wrong | None]) -> dict[str, Wrong | None]:
        """Of facts that suffice those without which the others do not, each with a run in which no other of them is
        otherwise."""
        for name, wrong in list(chosen.items()):
            others = chosen.keys() - {name}
            if wrong is not None and others.isdisjoint(other for other, _ in wrong.otherwise):
                continue
            found = self._opened(self.must | others)
            if found is None or isinstance(found, Wrong):
                chosen[name] = found
            else:
                del chosen[name]
        return chosen

    def _opened(self, names: frozenset[str]) -> Wrong | Judgement | None:
        """The proof where the facts `names` are as stated and all others open, or what goes wrong; None for neither."""
        effort = Effort(self.of.rlimit // 3, states=0, deep=40, fewest=False)
        judged = _judged(self.of, self.wanted, {name: self.of.facts[name].value for name in names}, effort)
        evidence = judged.judgement.evidence
        if isinstance(evidence, Counterexample):
            initial = evidence.trace.initial
            flips = {n: initial[n] for n in self.of.facts if n in initial and initial[n] != self.of.facts[n].value}
            return self._smallest(flips)
        return judged.judgement if isinstance(evidence, Proof) else None

    def _smallest(self, flips: dict[str, Value]) -> Wrong | None:
        """What goes wrong where as few of `flips` as possible are so: ever smaller parts of them are tried without."""
        wrong, size = _wrong(self.of, self.wanted, flips), max(1, len(flips) // 2)
        while wrong is not None and size:
            names = [name for name, _ in wrong.otherwise]
            for start in range(0, len(names), size):
                fewer = {n: v for n, v in wrong.otherwise if n not in names[start : start + size]}
                wrong = (_wrong(self.of, self.wanted, fewer) if fewer else None) or wrong
            size = size // 2
        return wrong

    def _dropped(self) -> dict[str, Wrong | None]:
        """As `needed`, from above: one fact after the other is dropped, by cases."""
        needs: dict[str, Wrong | None] = {}
        for name in sorted(self.kept - self.must):
            cases, wrong = self._split(name)
            needs[name] = wrong and self._fewest(wrong, name)
            if cases is not None:
                self.kept, self.cases = self.kept - {name}, cases
        return {name: wrong for name, wrong in needs.items() if name in self.kept}

    def _by_same_invariants(self, name: str) -> None:
        found = _supported(self.of, self.judged, self.kept - {name})
        if found is not None:
            self.kept = found | self.must
            self.cases = (_Case({}, frozenset(), found),)

    def _split(self, name: str) -> tuple[tuple[_Case, ...] | None, Wrong | None]:
        """The cases without `name`, or None and what goes wrong."""
        self.left = min(MOST_CASES, self.budget)
        cases = [case for case in self.cases if name not in case.used]
        if self.left <= 0:
            return None, None
        for case in (case for case in self.cases if name in case.used):
            cases.append(replace(case, assumed=case.assumed | {name}))
            for value in _others(self.of, name):
                found = self._covered({**case.otherwise, name: value}, case.assumed, self.kept - {name})
                if not isinstance(found, list):
                    return None, found
                cases += found
        return tuple(cases), None

    def _fewest(self, wrong: Wrong, name: str) -> Wrong:
        """What goes wrong where as few facts as possible are otherwise, `name` among them."""
        for other in [other for other, _ in wrong.otherwise if other != name]:
            fewer = {n: value for n, value in wrong.otherwise if n != other}
            wrong = _wrong(self.of, self.wanted, fewer) or wrong
        return wrong

    def _covered(self, otherwise: Values, assumed: frozenset[str], kept: frozenset[str]) -> list[_Case] | Wrong | None:
        """Proofs that use facts out of `kept` only, for facts that are `otherwise` and all ways in which others may be
        beside `assumed`; or what goes wrong in one of these; None where too many cases would be needed."""
        self.left, self.budget = self.left - 1, self.budget - 1
        judged = _otherwise(self.of, self.wanted, otherwise)
        evidence = judged.judgement.evidence
        if isinstance(evidence, Counterexample):
            flips = tuple(sorted(otherwise.items()))
            return Wrong(judged.system, evidence.trace, evidence.handoffs, flips)
        used = _supported(self.of, judged, (kept | assumed) - otherwise.keys(), otherwise)
        if used is None:
            used = _supported(self.of, judged, frozenset(self.of.facts) - otherwise.keys(), otherwise)
        if used is None or self.left <= 0:
            return None
        outside = sorted(used - kept - assumed)
        cases = [_Case(otherwise, assumed | frozenset(outside), used)]
        for number, name in enumerate(outside):
            for value in _others(self.of, name):
                found = self._covered({**otherwise, name: value}, assumed | frozenset(outside[:number]), kept)
                if not isinstance(found, list):
                    return found
                cases += found
        return cases


def unneeded(found: Iterable[Reasons]) -> Iterator[str]:
    """The facts that play no part in any of several proofs, sorted."""
    several = tuple(found)
    needed = {need.fact.name for one in several for need in one.needs}
    yield from sorted(frozenset().union(*(one.of for one in several)) - needed)
