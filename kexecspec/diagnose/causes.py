"""Which findings of a platform end in what a log says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kexecspec.diagnose.lines import Line
from kexecspec.diagnose.symptoms import Match, Sight, Symptom, sights
from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED, UNDECIDED
from kexecspec.findings import Finding, Report
from kexecspec.ir.verdict import Verdict
from kexecspec.report.outcome import disagrees

_RELEASE = re.compile(r"(?:Linux version |Not tainted |Tainted: [A-Z ]*)([0-9]+\.[0-9]+[\w.+~-]*)")


@dataclass(frozen=True)
class Cause:
    """A refuted finding whose machine prints such a line. `differs`: what the log says there, and the machine;
    `unseen`: what the machine prints besides and the log has not."""

    finding: Finding
    differs: tuple[tuple[str, str, str], ...]
    unseen: tuple[str, ...]

    @property
    def length(self) -> tuple[int, int]:
        """Handoffs, then steps."""
        return self.finding.handoffs or 0, len(self.finding.steps)


@dataclass(frozen=True)
class Explained:
    """Known lines of a log that have the same causes: those that print exactly so, by length, and those that
    would print the like of something else (`nearly`). `open`: ids of undecided properties that might."""

    sights: tuple[Sight, ...]
    causes: tuple[Cause, ...]
    nearly: tuple[Cause, ...]
    open: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a log. `silent` are refuted findings that print nothing; `releases` are kernels that the log
    names."""

    log: str
    lines: int
    releases: tuple[str, ...]
    explained: tuple[Explained, ...]
    silent: tuple[Finding, ...]
    report: Report

    @property
    def code(self) -> int:
        """0 where each known line has a cause; 1 where there is no known line, or one without a cause; 3 where one
        without a cause may get one from what is undecided; 4 where the tool doubts itself."""
        if self.report.objections or any(disagrees(f) for f in self.report.findings):
            return DISAGREES
        without = [one for one in self.explained if not one.causes]
        if not without and self.explained:
            return PROVED
        return UNDECIDED if without and all(one.open for one in without) else REFUTED


def diagnosed(log: str, lines: Sequence[Line], report: Report, symptoms: Sequence[Symptom]) -> Diagnosis:
    """The causes of what `lines` say, among the findings of `report`."""
    own = {f.property.id: _own(f, symptoms) for f in report.findings if _suffered(f)}
    found = sights(lines, symptoms)
    seen = {match.symptom.id for sight in found for match in sight.matches}
    groups: dict[object, list[Sight]] = {}
    causes = {id(sight): _causes(sight, report, own, seen) for sight in found}
    for sight in found:
        exact = tuple(c.finding.property.id for c in causes[id(sight)] if not c.differs)
        groups.setdefault(exact or id(sight), []).append(sight)
    releases = (hit[1] for line in lines for hit in _RELEASE.finditer(line.text))
    silent = tuple(f for f in report.findings if f.property.id in own and not own[f.property.id])
    explained = tuple(_explained(together, causes[id(together[0])], report) for together in groups.values())
    return Diagnosis(log, len(lines), tuple(dict.fromkeys(releases)), explained, silent, report)


def _explained(together: Sequence[Sight], causes: Sequence[Cause], report: Report) -> Explained:
    codes = {match.symptom.code for sight in together for match in sight.matches}
    undecided = (f for f in report.findings if f.verdict is Verdict.UNKNOWN and f.property.code in codes)
    return Explained(
        tuple(together), tuple(c for c in causes if not c.differs), tuple(c for c in causes if c.differs),
        tuple(f.property.id for f in undecided),
    )  # fmt: skip


def _suffered(finding: Finding) -> bool:
    replay = finding.replay
    return finding.verdict is Verdict.REFUTED and replay is not None and replay.outcome == "CONFIRMED"


def _own(finding: Finding, symptoms: Sequence[Symptom]) -> tuple[Match, ...]:
    """What the machine's log of a finding shows of the symptoms of its property."""
    log = finding.replay.log if finding.replay else ()
    lines = [Line(number, text) for number, text in enumerate(log, 1)]
    of_its_code = [symptom for symptom in symptoms if symptom.code == finding.property.code]
    return tuple(match for sight in sights(lines, of_its_code) for match in sight.matches)


def _causes(
    sight: Sight, report: Report, own: dict[str, tuple[Match, ...]], seen: set[str]
) -> tuple[Cause, ...]:
    """The findings whose machine prints such a line, those that print exactly it first, then by length."""
    found = []
    for finding in report.findings:
        mine = own.get(finding.property.id, ())
        pairs = [(theirs, one) for theirs in sight.matches for one in mine if theirs.symptom is one.symptom]
        if pairs:
            differs = () if finding.alike else min((_differs(*pair) for pair in pairs), key=len)
            unseen = dict.fromkeys(one.symptom.means for one in mine if one.symptom.id not in seen)
            found.append(Cause(finding, differs, tuple(unseen)))
    return tuple(sorted(found, key=lambda c: (bool(c.differs), c.length, c.finding.property.id)))


def _differs(theirs: Match, mine: Match) -> tuple[tuple[str, str, str], ...]:
    both = sorted(theirs.told.keys() & mine.told.keys())
    return tuple((key, theirs.told[key], mine.told[key]) for key in both if theirs.told[key] != mine.told[key])
