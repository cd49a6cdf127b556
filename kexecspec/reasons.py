"""Why something is proved: the facts that its proof needs, each shown necessary by a run that would go wrong without
it. The set is an inductive validity core: with these facts alone, whatever the others are, the property is proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kexecspec.ground.ground import loosened, with_flow
from kexecspec.ir.expr import TRUE, Const, Expr, Ref, equal, references
from kexecspec.ir.fold import fold
from kexecspec.ir.slice import cone, restrict
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Counterexample, Judgement, Proof, Verdict
from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.platform.stated import Stated
from kexecspec.solve.facts import with_facts
from kexecspec.solve.judge import judge
from kexecspec.solve.support import support


@dataclass(frozen=True)
class Need:
    """A fact that a proof needs. `trace` is a run that goes wrong where the fact is otherwise, and `otherwise` all the
    facts that are not as stated in it; with a `trace` of None nobody could say whether the fact is needed."""

    fact: Stated
    trace: Trace | None
    handoffs: int = 0
    otherwise: tuple[tuple[str, Value], ...] = ()
    system: TransitionSystem | None = None

    @property
    def alone(self) -> bool:
        """Whether the fact is needed even where all others are as stated."""
        return self.trace is not None and len(self.otherwise) == 1


@dataclass(frozen=True)
class Reasons:
    """What the proof of a property needs, out of `of` facts; the others of these play no part in it."""

    about: Property
    needs: tuple[Need, ...]
    of: frozenset[str]

    @property
    def minimal(self) -> bool:
        """Whether every fact was shown to be needed."""
        return all(need.trace is not None for need in self.needs)


@dataclass
class Loose:
    """A platform's system with its facts left open, to ask of it what some of them decide."""

    system: TransitionSystem
    facts: Mapping[str, Stated]
    rlimit: int
    settled: dict[frozenset[str], TransitionSystem] = field(default_factory=dict)

    def with_known(self, names: Iterable[str]) -> TransitionSystem:
        """The system where the facts `names` are as stated, and the rest is open."""
        known = frozenset(names)
        if known not in self.settled:
            values = {name: self.facts[name].value for name in known}
            self.settled[known] = with_flow(fold(with_facts(self.system, values)))
        return self.settled[known]


def loose(platform: Platform, library: Library, rlimit: int) -> Loose:
    """The system of a platform that was resolved whole, with its facts open. Raises SpecError."""
    system, facts = loosened(platform, library)
    return Loose(system, facts, rlimit)


def reasons(of: Loose, wanted: str) -> Reasons | None:
    """Why the property instance with the id `wanted` is proved; None where it is not, with all facts as stated."""
    names = frozenset(of.facts)
    judged = _judged(of, wanted, names)
    if judged.judgement.verdict is not Verdict.PROVED:
        return None
    used = _used(of, judged, names)
    must, spare = dict[str, Need](), list[str]()
    for name in sorted(used):
        need = _need(of, wanted, name, _judged(of, wanted, names - {name}))
        if need is not None and need.trace is not None:
            must[name] = need
        else:
            spare.append(name)
    if spare and _judged(of, wanted, must).judgement.verdict is not Verdict.PROVED:
        must |= _of_spare(of, wanted, frozenset((*must, *spare)), spare)
    return Reasons(judged.about, tuple(must[name] for name in sorted(must)), names)


def _of_spare(of: Loose, wanted: str, kept: frozenset[str], spare: list[str]) -> dict[str, Need]:
    """Of facts of which each may go by itself, some without which the rest does not do."""
    needs: dict[str, Need] = {}
    for name in spare:
        if name not in kept:
            continue
        judged = _judged(of, wanted, kept - {name})
        need = _need(of, wanted, name, judged)
        if need is None:
            kept = _used(of, judged, kept - {name}) | needs.keys() | (kept - frozenset(spare))
        else:
            needs[name] = need
    return needs


@dataclass(frozen=True)
class _Judged:
    system: TransitionSystem
    about: Property
    judgement: Judgement


def _judged(of: Loose, wanted: str, names: Iterable[str]) -> _Judged:
    """The verdict where only the facts `names` are known; nobody asks for the property's premise."""
    system = of.with_known(names)
    prop = next(prop for prop in system.properties if prop.id == wanted)
    (judgement,) = judge(system, (replace(prop, companion=TRUE),), of.rlimit)
    return _Judged(system, prop, judgement)


def _need(of: Loose, wanted: str, name: str, judged: _Judged) -> Need | None:
    """The need for the fact `name`, given the verdict without it; None where there is none."""
    match judged.judgement.verdict, judged.judgement.evidence:
        case Verdict.PROVED, _:
            return None
        case Verdict.REFUTED, Counterexample(trace=trace, handoffs=handoffs):
            others = ((n, trace.initial[n]) for n in of.facts if n in trace.initial)
            otherwise = tuple((n, value) for n, value in others if value != of.facts[n].value)
            return Need(of.facts[name], trace, handoffs, otherwise, judged.system)
        case _:
            return Need(of.facts[name], None)


def _used(of: Loose, judged: _Judged, names: frozenset[str]) -> frozenset[str]:
    """Of the facts `names`, with which `judged` was proved, those that the proof uses; all that bear on it where the
    proof does not stand by itself in the open system."""
    prop = next(prop for prop in of.system.properties if prop.id == judged.about.id)
    near = cone(of.system, references(prop.holds))
    if not isinstance(judged.judgement.evidence, Proof):
        return names & near
    invariants = [i.holds for i in judged.judgement.evidence.invariants] + _constants(of.system, judged.system)
    values = {name: of.facts[name].value for name in names}
    for part in (near, frozenset(of.system.variables)):
        kept = [holds for holds in invariants if references(holds) <= part]
        found = support(restrict(of.system, part), values, prop.holds, kept, of.rlimit)
        if found is not None:
            return found
    return names & near


def _constants(system: TransitionSystem, folded: TransitionSystem) -> list[Expr]:
    """That the variables which folding has removed keep their first value."""
    gone = (var for name, var in system.variables.items() if name not in folded.variables)
    return [equal(Ref(var.name), var.initial) for var in gone if isinstance(var.initial, Const)]
