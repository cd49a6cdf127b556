"""One report from several: a platform with unknown facts is judged for every way they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from kexecspec import expectations
from kexecspec.findings import Finding, Recalled, Report, Taken
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Verdict
from kexecspec.platform.variants import Assignment

WORST_FIRST = (Verdict.REFUTED, Verdict.UNKNOWN, Verdict.PROVED, Verdict.NOT_JUDGED)


def merged(reports: Sequence[tuple[Assignment, Report]], bears: Callable[[str, str], bool]) -> Report:
    """The report about all ways together: a property is PROVED only if it is for each of them, and a refutation
    names the facts that decided it. `bears` says whether a fact can bear on a part, both by name."""
    if len(reports) == 1:
        return reports[0][1]
    first = reports[0][1]
    by_id: dict[str, list[tuple[Assignment, Finding]]] = {}
    for facts, report in reports:
        for found in report.findings:
            by_id.setdefault(found.property.id, []).append((facts, found))
    findings = tuple(_worst(found, bears) for found in by_id.values())
    expected = [u.expectation for _, r in reports for u in r.unmet]
    kept = tuple(dict.fromkeys(expected))
    unmet = expectations.compare(kept, findings)[1]
    return replace(
        first,
        findings=findings,
        objections=tuple(dict.fromkeys(o for _, r in reports for o in r.objections)),
        reliances=tuple(dict.fromkeys(x for _, r in reports for x in r.reliances)),
        unmet=unmet,
        met=first.met + len(first.unmet) - len(unmet),
        variables={name: var for _, r in reports for name, var in r.variables.items()},
        rules=tuple({rule.name: rule for _, r in reports for rule in r.rules}.values()),
        taken=least_taken([r.taken for _, r in reports]),
        recalled=recalled([r for _, r in reports]),
    )


def _worst(found: Sequence[tuple[Assignment, Finding]], bears: Callable[[str, str], bool]) -> Finding:
    """The worst of several; a proof is of nothing only where it is so in every way."""
    facts, worst = min(found, key=lambda item: _rank(item[1]))
    worst = replace(worst, rests_on=tuple(dict.fromkeys(doubt for _, one in found for doubt in one.rests_on)))
    if worst.verdict not in (Verdict.REFUTED, Verdict.UNKNOWN):
        return worst
    others = [other for other, finding in found if finding.verdict is not worst.verdict]
    part = worst.property.part
    decided = ((name, value) for name, value in facts if _decides(name, value, others) and bears(name, part))
    decisive = tuple((name, _value(value)) for name, value in decided)
    return replace(worst, decided_by=(*worst.decided_by, *decisive))


def _rank(finding: Finding) -> tuple[int, int, bool]:
    return WORST_FIRST.index(finding.verdict), finding.handoffs or 0, finding.vacuous


def least_taken(found: Sequence[tuple[Taken, ...]]) -> tuple[Taken, ...]:
    """Of each handoff what the way says in which it is taken the least."""
    by_name: dict[str, list[Taken]] = {}
    for one in (one for way in found for one in way):
        by_name.setdefault(one.name, []).append(one)
    return tuple(min(of_name, key=lambda one: WORST_FIRST.index(one.verdict)) for of_name in by_name.values())


def recalled(reports: Iterable[Report]) -> Recalled | None:
    """What all of `reports` together knew from earlier runs."""
    found = [report.recalled for report in reports if report.recalled is not None]
    trouble = tuple(dict.fromkeys(said for one in found for said in one.trouble))
    return Recalled(sum(one.known for one in found), sum(one.judged for one in found), trouble) if found else None


def _decides(name: str, value: object, others: Sequence[Assignment]) -> bool:
    return any(dict(other).get(name) != value for other in others)


def _value(value: object) -> Value:
    return value if isinstance(value, bool | int | str) else str(value)
