"""A platform judged part by part, and one report on all of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kexecspec import expectations, present, vacuity
from kexecspec.findings import Finding, Harmed, Report, Taken, ids
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.merge import least_taken, recalled
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import Part
from kexecspec.replay.replay import confirm, step_through
from kexecspec.solve.aside import Died, answers, in_turn

Reports = tuple[tuple[Part, Report], ...]
Judge = Callable[[Part, bool, frozenset[str]], Report | None]
"""What judges a part, in this process or with processes of its own for the solver, but for properties that have an
answer. None: nothing of it is asked."""
AGREED = (Verdict.PROVED, Verdict.REFUTED, Verdict.NOT_JUDGED)


@dataclass(frozen=True)
class Crew:
    """So many processes, each of which is given up after so many seconds without an answer; none but this with
    `inside`. Each does `last` what is to be done when all its parts are judged."""

    jobs: int | None
    patience: float
    inside: bool
    last: Callable[[], None] = lambda: None


def reports(found: Sequence[Part], only: Sequence[str], judge: Judge, crew: Crew) -> Reports:
    """Each part and the report on it, if anything of it is asked; the rest comes last, about what others leave open."""
    each = _each([part for part in found if not part.rest and _is_asked(part, only)], judge, crew)
    left = frozenset(name for _, report in each for name in report.left)
    done = frozenset(name for part, report in each for f in report.findings for name in ids(told(f, part)))
    rest = [part for part in found if part.rest and (left or _concerned(only, found))]
    asked = ((part, judge(part, not crew.inside, done)) for part in rest)
    return (*each, *((part, report) for part, report in asked if report is not None))


def _is_asked(part: Part, only: Sequence[str]) -> bool:
    """Whether the patterns `only` may be about a part: there are none, or one names nobody or somebody of it."""
    whole = part.platform.about is None
    return not only or whole or any(expectations.part_of(pattern) in ("", *_names(part)) for pattern in only)


def _names(part: Part) -> tuple[str, ...]:
    """Whom the properties of a part are about."""
    return (*part.alike, *(part.platform.about or ()))


def _concerned(only: Sequence[str], found: Sequence[Part]) -> bool:
    """Whether the patterns `only` are about anything but the masters and clients that have parts."""
    apart = {name for part in found if not part.rest for name in _names(part)}
    return not only or any(expectations.part_of(pattern) not in apart for pattern in only)


def _each(found: Sequence[Part], judge: Judge, crew: Crew) -> Reports:
    """The reports on parts that do not wait for each other. A part whose process died is judged once more, from here. A
    KeyboardInterrupt gets a note of how many have no answer."""
    several = min(crew.jobs or os.cpu_count() or 1, len(found))
    known: dict[int, Report | None] = {}
    try:
        with in_turn(len(found)) as numbers:
            works = [partial(_judged, found, numbers, judge, crew.last)] * several
            for _, said in answers(works, crew.patience, crew.inside, solver=False):
                if not isinstance(said, Died):
                    number, report = said
                    known[number] = report
    except KeyboardInterrupt as stop:
        stop.add_note(f"no answer yet about {len(found) - len(known)} of {len(found)} parts of the platform")
        raise
    made = (known[n] if n in known else judge(part, True, frozenset()) for n, part in enumerate(found))
    return tuple((part, report) for part, report in zip(found, made, strict=True) if report is not None)


def _judged(
    found: Sequence[Part], numbers: Iterable[int], judge: Judge, last: Callable[[], None]
) -> Iterator[tuple[int, Report | None]]:
    for number in numbers:
        yield number, judge(found[number], False, frozenset())
    last()


def agreed(report: Report, bare: Report | None, platform: Platform, specs: Library | None = None) -> Report:
    """Of a `report` on a client alone what holds in the company of all of `platform`: what is proved of it `bare` too,
    and what is refuted of that after as few handoffs and suffered by the whole machine. The rest is left."""
    sure = {} if bare is None else {f.property.id: f for f in bare.findings}
    kept = [_both(finding, sure.get(finding.property.id)) for finding in report.findings]
    kept = [f if f is None or _confirmed(platform, specs, f, report) is f else None for f in kept]
    left = tuple(f.property.id for f, both in zip(report.findings, kept, strict=True) if both is None)
    objections = (*report.objections, *(bare.objections if bare is not None else ()))
    return replace(report, findings=tuple(f for f in kept if f is not None), left=left, objections=objections)


def _both(finding: Finding, bare: Finding | None) -> Finding | None:
    if bare is None or finding.verdict is not bare.verdict or finding.verdict not in AGREED:
        return None
    if finding.handoffs != bare.handoffs or finding.vacuous != bare.vacuous:
        return None
    proof = bare.evidence if finding.verdict is Verdict.PROVED else finding.evidence
    return replace(finding, evidence=proof, becomes=None)


def united(
    platform: Platform, parts: int, found: Reports, crew: Crew | None, specs: Library | None = None
) -> Report:
    """One report on `platform` from those on some of its `parts`. Runs of parts are performed on the machine as a
    whole, by a `crew` if at all, one for each longest sequence of handoffs; where one does not get to its end, all are,
    for then parts that it does not speak of have a say."""
    taken = least_taken([report.taken for _, report in found])
    findings = [(told(finding, part), report) for part, report in found for finding in report.findings]
    if crew is not None:
        findings, taken = _on_the_whole(platform, specs, findings, taken, found, crew)
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
        not_modelled=present.not_modelled(platform),
        objections=tuple(dict.fromkeys(said for _, report in found for said in report.objections)),
        variables={name: var for _, report in found for name, var in report.variables.items()},
        rules=tuple({rule.name: rule for _, report in found for rule in report.rules}.values()),
        taken=taken,
        parts=parts,
        left=(),
        recalled=recalled(report for _, report in found),
    )


def told(finding: Finding, part: Part) -> Finding:
    """`finding`, about a part, as one about all that is alike."""
    return replace(finding, alike=finding.property.instances(part.alike))


Told = tuple[Finding, Report]


def _on_the_whole(
    platform: Platform,
    specs: Library | None,
    findings: Sequence[Told],
    taken: Sequence[Taken],
    found: Reports,
    crew: Crew,
) -> tuple[list[Told], tuple[Taken, ...]]:
    """The findings and the handoffs that are taken; what the whole machine does not confirm is UNKNOWN."""
    refuted = {_way(f.trace, report): (f, report) for f, report in reversed(findings) if f.verdict is Verdict.REFUTED}
    runs = {_way(one.run, report): (one.run, report) for _, report in found for one in report.taken if one.run}
    ways = (*refuted, *runs)
    longest = [way for way in dict.fromkeys(ways) if not any(way == other[: len(way)] != other for other in ways)]
    works = [partial(_gets_there, platform, specs, refuted.get(way), runs.get(way)) for way in longest]
    if all(_at_once(works, crew)):
        return list(findings), tuple(taken)
    known = ((one, report) for _, report in found for one in report.taken if one.run is not None)
    there = {one.name for one, report in known if one.run and not _parted(platform, specs, one.run, report)}
    return (
        [(_confirmed(platform, specs, *item), item[1]) for item in findings],
        tuple(one if one.name in there else replace(one, verdict=_unsure(one.verdict)) for one in taken),
    )


def _at_once(works: Sequence[Callable[[], bool]], crew: Crew) -> Iterator[bool]:
    """What each of `works` says, several asked at the same time; one whose process died is asked once more, here."""
    several = min(crew.jobs or os.cpu_count() or 1, len(works))
    asked = [partial(_alone, work) for work in works]
    said = dict(answers(asked, crew.patience, crew.inside or several < 2, several, solver=False))
    return (work() if isinstance(said[number], Died) else said[number] for number, work in enumerate(works))


def _alone(work: Callable[[], bool]) -> Iterator[bool]:
    yield work()


def _unsure(verdict: Verdict) -> Verdict:
    return Verdict.UNKNOWN if verdict is Verdict.PROVED else verdict


def _way(run: Trace | None, report: Report) -> tuple[str, ...]:
    """The handoffs that a run begins and takes: how far the parts that it does not speak of have to go along."""
    kernels = {rule.name for rule in report.rules if rule.operation[:1] == ("kernel",)}
    return tuple(step.rule for step in (run.steps if run is not None else ()) if step.rule in kernels)


def _gets_there(
    platform: Platform, specs: Library | None, refuted: Told | None, run: tuple[Trace | None, Report] | None
) -> bool:
    if refuted is not None:
        return _performed(platform, specs, *refuted).outcome == "CONFIRMED"
    assert run is not None and run[0] is not None
    return not _parted(platform, specs, run[0], run[1])


def _parted(platform: Platform, specs: Library | None, run: Trace, report: Report) -> str:
    """Where the whole machine and a run of a part part; "" where they do not."""
    return step_through(platform, _system(report), run, None, specs)[2]


def _confirmed(platform: Platform, specs: Library | None, finding: Finding, report: Report) -> Finding:
    if finding.verdict is not Verdict.REFUTED:
        return finding
    harmed = _performed(platform, specs, finding, report)
    if harmed.outcome == "CONFIRMED":
        return finding
    why = f"refuted of this part by itself; the machine as a whole does not get there: {harmed.why}"
    return replace(finding, verdict=Verdict.UNKNOWN, why=why)


def _performed(platform: Platform, specs: Library | None, finding: Finding, report: Report) -> Harmed:
    """What the whole machine suffers when it performs a run of a part; the other parts go on as they would."""
    assert finding.trace is not None
    return confirm(platform, _system(report), finding.property, finding.trace, specs)


def _system(report: Report) -> TransitionSystem:
    return TransitionSystem(report.variables, report.rules)
