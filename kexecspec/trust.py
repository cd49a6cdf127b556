"""What each verdict takes on trust: the doubted features, drivers and versions that bear on this very property.

Every doubted fact that a rule looks at is a variable of the system that is looked at here, also in rules that are not
there because a feature is lacking, so what a property depends on in it is all that can bear on the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.findings import Finding, Report
from kexecspec.ground.ground import loosened
from kexecspec.ir.fold import fold
from kexecspec.ir.slice import closed, dependence
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.verdict import Verdict
from kexecspec.ir.walk import references
from kexecspec.library import Library
from kexecspec.platform.doubts import Doubts
from kexecspec.platform.facts import Platform, Reliance
from kexecspec.platform.stated import Stated
from kexecspec.solve.facts import with_facts

Names = frozenset[str]
Note = tuple[tuple[int, ...], ...]


def rests(report: Report, whole: Platform, library: Library) -> Note:
    """For each finding of a report which of its reliances, by number, a verdict rests on: what nobody has verified of
    all that bears on it. `whole` is its platform, resolved whole."""
    looked = Looked.at(whole, library, report.reliances)
    return tuple(looked.rest(finding, report.reliances) for finding in report.findings)


def with_reliances(report: Report, found: Note) -> Report:
    """The report with what `rests` found about it."""
    said = zip(report.findings, found, strict=True)
    findings = (replace(one, rests_on=tuple(report.reliances[n] for n in numbers)) for one, numbers in said)
    return replace(report, findings=tuple(findings))


def fit(report: Report, found: Note) -> bool:
    """Whether `found` may have been found about a report."""
    known = range(len(report.reliances))
    return len(found) == len(report.findings) and all(n in known for numbers in found for n in numbers)


def follows_from(report: Report) -> list[object]:
    """What of a report bears on what its verdicts rest on, as JSON."""
    return [
        [[one.subject, one.what, one.why] for one in report.reliances],
        [[f.property.id, f.verdict.value, sorted(_actors(f))] for f in report.findings],
    ]


@dataclass(frozen=True)
class Looked:
    """A platform's system with its doubted facts open, and what each of its variables depends on."""

    doubts: Doubts
    system: TransitionSystem
    facts: Mapping[str, Stated]
    depends: Mapping[str, Names]

    @staticmethod
    def at(whole: Platform, library: Library, doubts: Sequence[Reliance]) -> Looked:
        """Looks at a platform that was resolved whole."""
        system, facts = loosened(whole, library)
        bearing = Doubts(whole, library, facts)
        doubted = {
            name: fact
            for name, fact in facts.items()
            if any(bearing.bear_on(doubt, frozenset((name,))) for doubt in doubts)
        }
        known = {name: fact.value for name, fact in facts.items() if name not in doubted}
        system = fold(with_facts(system, known))
        return Looked(bearing, system, doubted, dependence(system))

    def rest(self, finding: Finding, doubts: Sequence[Reliance]) -> tuple[int, ...]:
        """The numbers of those of `doubts` that bear on a finding."""
        if finding.verdict not in (Verdict.PROVED, Verdict.REFUTED):
            return ()
        names = self.behind(finding)
        return tuple(number for number, doubt in enumerate(doubts) if self.doubts.bear_on(doubt, names))

    def behind(self, finding: Finding) -> Names:
        """The variables and facts that bear on a verdict: all that the property and its premise depend on, and for a
        refutation everything about the parts that take a step in its run."""
        prop = next((p for p in self.system.properties if p.id == finding.property.id), None)
        if prop is None:
            return frozenset((*self.system.variables, *self.facts))
        names = closed(self.depends, references(prop.holds) | references(prop.companion))
        names |= _orders(self.system.rules, names, self.facts)
        actors = _actors(finding)
        return names | {name for name, fact in self.facts.items() if fact.part in actors}


def _actors(finding: Finding) -> frozenset[str]:
    """The parts that take a step in the run of a refutation."""
    return frozenset(step.operation[0] for step in finding.steps if step.operation)


def _orders(rules: Iterable[Rule], names: Names, facts: Mapping[str, Stated]) -> Names:
    """The facts in those conjuncts about turns, threads and room that a slice for `names` keeps."""
    parts = (references(part) for rule in rules if not names.isdisjoint(rule.effect) for part in rule.order)
    kept = (part for part in parts if part - facts.keys() <= names)
    return frozenset().union(*(part & facts.keys() for part in kept))
