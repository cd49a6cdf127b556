"""A platform judged part by part, and one report on all of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from kexecspec import present, vacuity
from kexecspec.findings import Finding, Harmed, Report
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.verdict import Verdict
from kexecspec.merge import least_taken, recalled
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import Part
from kexecspec.replay.replay import confirm
from kexecspec.solve.aside import Died, answers

Judge = Callable[[Part, bool], Report | None]
"""What judges a part: in this process, or with processes of its own for the solver. None: nothing of it is asked."""


def reports(
    found: Sequence[Part], judge: Judge, jobs: int | None, patience: float, inside: bool
) -> tuple[tuple[Part, Report], ...]:
    """Each part and the report on it, if anything of it is asked, found in `jobs` processes that take parts in turn. A
    part whose process died is judged once more, from here."""
    several = min(jobs or os.cpu_count() or 1, len(found))
    works = [partial(_judged, found, range(first, len(found), several), judge) for first in range(several)]
    known: dict[int, Report | None] = {}
    for _, said in answers(works, patience, inside):
        if not isinstance(said, Died):
            number, report = said
            known[number] = report
    made = (known[n] if n in known else judge(part, True) for n, part in enumerate(found))
    return tuple((part, report) for part, report in zip(found, made, strict=True) if report is not None)


def _judged(found: Sequence[Part], numbers: Iterable[int], judge: Judge) -> Iterator[tuple[int, Report | None]]:
    for number in numbers:
        yield number, judge(found[number], False)


def united(platform: Platform, found: Sequence[tuple[Part, Report]], replay: bool) -> Report:
    """One report on `platform` from those on its parts. What parts refute is replayed on the machine as a whole, one run
    for each longest sequence of handoffs; where that is not confirmed, each is, for then parts that it does not speak
    of have a say."""
    taken = least_taken([report.taken for _, report in found])
    findings = [(_told(finding, part), report) for part, report in found for finding in report.findings]
    if replay:
        findings = _on_the_whole(platform, findings)
    findings.sort(key=lambda item: item[0].property.code)
    first = found[0][1]
    return replace(
        first,
        platform=platform.name,
        path=platform.path,
        summary=present.summary(platform),
        findings=tuple(vacuity.emptied([finding for finding, _ in findings], taken)),
        assumptions=platform.assumptions,
        reliances=platform.reliances,
        objections=tuple(dict.fromkeys(said for _, report in found for said in report.objections)),
        variables={name: var for _, report in found for name, var in report.variables.items()},
        rules=tuple({rule.name: rule for _, report in found for rule in report.rules}.values()),
        taken=taken,
        parts=len(found),
        recalled=recalled(report for _, report in found),
    )


def _told(finding: Finding, part: Part) -> Finding:
    """`finding` as one about all that is alike."""
    _, colon, rest = finding.property.instance.partition(":")
    return replace(finding, alike=tuple(f"{name}{colon}{rest}" for name in part.alike))


def _on_the_whole(platform: Platform, findings: Sequence[tuple[Finding, Report]]) -> list[tuple[Finding, Report]]:
    """The findings; a refutation that the whole machine does not confirm is UNKNOWN."""
    refuted = [item for item in findings if item[0].verdict is Verdict.REFUTED]
    ways = {_way(finding): (finding, report) for finding, report in reversed(refuted)}
    firsts = {way: item for way, item in ways.items() if not any(way == other[: len(way)] != other for other in ways)}
    if all(_performed(platform, *item).outcome == "CONFIRMED" for item in firsts.values()):
        return list(findings)
    return [(_confirmed(platform, *item), item[1]) for item in findings]


def _way(finding: Finding) -> tuple[str, ...]:
    """The handoffs that its run begins and takes: how far the parts that it does not speak of have to go along."""
    return tuple(step.rule for step in finding.steps if step.operation[:1] == ("kernel",))


def _confirmed(platform: Platform, finding: Finding, report: Report) -> Finding:
    if finding.verdict is not Verdict.REFUTED:
        return finding
    harmed = _performed(platform, finding, report)
    if harmed.outcome == "CONFIRMED":
        return finding
    why = f"refuted of this part by itself; the machine as a whole does not get there: {harmed.why}"
    return replace(finding, verdict=Verdict.UNKNOWN, why=why)


def _performed(platform: Platform, finding: Finding, report: Report) -> Harmed:
    """What the whole machine suffers when it performs a run of a part; the other parts go on as they would."""
    assert finding.trace is not None
    return confirm(platform, TransitionSystem(report.variables, report.rules), finding.property, finding.trace)
