"""A report as a flat list: one entry for everything that a build system is to show, fail for, or count as passed.

Findings come first, then what makes a check fail without being one: handoffs that nothing takes, expectations that are
not met, disagreements of the tool with itself, and inputs that could not be read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePath

from kexecspec.diagnostics import Diagnostic, Span, escape
from kexecspec.findings import Finding, Report, harm_of
from kexecspec.ir.system import Place
from kexecspec.ir.verdict import Verdict
from kexecspec.report.excuse_text import excuse_text, fault_text
from kexecspec.report.look import Look
from kexecspec.report.missing_text import sentence
from kexecspec.report.outcome import Outcome, disagrees, is_excused, judged
from kexecspec.report.refuted import after
from kexecspec.report.unmet_text import unmet_text

NAMED = 5
"""Of the instances that a finding stands for, so many are named where a line has to be read."""


class Level(Enum):
    """How much an entry counts: `ERROR` fails the check, `OPEN` leaves it undecided, `NOTE` does neither, `PASSED` is a
    proof, `EXCUSED` would fail and does not count, `SKIPPED` was not judged, and `BROKEN` means that the answer is
    none: input or tool are wrong."""

    ERROR = "error"
    OPEN = "open"
    NOTE = "note"
    EXCUSED = "excused"
    PASSED = "passed"
    SKIPPED = "skipped"
    BROKEN = "broken"


@dataclass(frozen=True)
class Entry:
    """One line for a build system. `rule` is the stable code of what was asked, `name` the whole id; `key` is the same
    from run to run as long as platform, file and id are, whatever line they stand on. `place.path` is relative."""

    level: Level
    rule: str
    name: str
    word: str
    says: str
    place: Place
    platform: str
    key: str
    finding: Finding | None = None
    report: Report | None = None

    @property
    def file(self) -> str:
        """The file that it is about, as it can be shown."""
        return escape(self.place.path)

    @property
    def failed(self) -> bool:
        """Whether a build that shows this entry alone is not in order."""
        return self.level in (Level.ERROR, Level.OPEN, Level.BROKEN)


def entries(outcomes: Sequence[Outcome], look: Look) -> tuple[Entry, ...]:
    """Everything that `outcomes` say, file by file; no two entries have the same key."""
    seen: dict[str, int] = {}
    found = []
    for outcome in outcomes:
        for entry in _of_outcome(outcome, look):
            times = seen[entry.key] = seen.get(entry.key, 0) + 1
            found.append(entry if times == 1 else _again(entry, times))
    return tuple(found)


def relative(path: str, root: str) -> str:
    """`path` as seen from the folder `root`, with forward slashes; as it is where it is relative or `root` is empty."""
    if root and os.path.isabs(path):
        path = os.path.relpath(path, root)
    return PurePath(os.path.normpath(path)).as_posix()


def alike(finding: Finding, most: int = NAMED) -> str:
    """`the same of a, b and 7 more`; nothing where the finding stands for itself only."""
    if not finding.alike:
        return ""
    more = len(finding.alike) - most
    return f"the same of {', '.join(finding.alike[:most])}{f' and {more} more' if more > 0 else ''}"


def _again(entry: Entry, times: int) -> Entry:
    return replace(entry, key=_key(entry.key, str(times)))


def _of_outcome(outcome: Outcome, look: Look) -> Iterator[Entry]:
    if outcome.report is None:
        yield from (_broken_input(diagnostic, look) for diagnostic in outcome.errors)
        return
    report = outcome.report
    if not judged(report):
        says = "nothing was judged"
        yield _other(report, Level.BROKEN, "nothing", "nothing", "NOT_JUDGED", says, None, look)
    for objection in report.objections:
        yield _other(report, Level.BROKEN, "disagreement", "disagreement", "DISAGREES", objection, None, look)
    for finding in report.findings:
        yield _of_finding(report, finding, look)
    for one in report.taken:
        if one.verdict is not Verdict.PROVED:
            never = one.verdict is Verdict.REFUTED
            said = "can never be taken" if never else "is not known to be possible"
            because = f": {sentence(one.missing)}" if one.missing else ""
            level, word = (Level.ERROR, "VACUOUS") if never else (Level.OPEN, "UNKNOWN")
            says = f"the handoff {one.name} {said}{because}"
            yield _other(report, level, "handoff", f"handoff/{one.name}", word, says, one.place, look)
    for fault in report.faults:
        name, word = f"waiver/{fault.waiver.finding}", fault.kind.upper()
        yield _other(report, Level.ERROR, "waiver", name, word, fault_text(fault), fault.waiver.place, look)
    for unmet in report.unmet:
        span = unmet.expectation.span
        place = Place(span.path, span.line, span.column) if span else None
        name = f"expect/{unmet.expectation.finding}"
        yield _other(report, Level.ERROR, "expect", name, "UNMET", unmet_text(unmet), place, look)


def _of_finding(report: Report, finding: Finding, look: Look) -> Entry:
    prop = finding.property
    level, word = _level(finding, look)
    if level in (Level.ERROR, Level.OPEN) and is_excused(report, finding):
        level = Level.EXCUSED
    said = [_says(finding, word)]
    if finding.verdict is Verdict.REFUTED:
        said.append(f"{after(finding)}, harm {harm_of(finding)}".removeprefix(", "))
    said += [alike(finding), excuse_text(report, finding)]
    return Entry(
        level, prop.code, escape(prop.id), word, escape("; ".join(filter(None, said))),
        _place(report, prop.place, look), escape(report.platform),
        _key(relative(report.path, look.root), report.platform, prop.id), finding, report,
    )  # fmt: skip


def _level(finding: Finding, look: Look) -> tuple[Level, str]:
    """How much a finding counts, and its verdict in a word."""
    if disagrees(finding):
        return Level.BROKEN, "DISAGREES"
    if finding.verdict is Verdict.NOT_JUDGED:
        return Level.SKIPPED, "NOT_JUDGED"
    if finding.verdict is Verdict.PROVED and not finding.vacuous:
        doubted = look.strict_sources and finding.rests_on and finding.severity == "error"
        return (Level.OPEN, "UNVERIFIED") if doubted else (Level.PASSED, "PROVED")
    word = "VACUOUS" if finding.vacuous else finding.verdict.value
    if finding.severity != "error":
        return Level.NOTE, word
    if finding.verdict is Verdict.UNKNOWN and not finding.vacuous:
        content = look.accept_bounded and finding.bound is not None
        return Level.NOTE if content else Level.OPEN, word
    return Level.ERROR, word


def _says(finding: Finding, word: str) -> str:
    match word:
        case "REFUTED":
            return finding.property.says or finding.why
        case "PROVED":
            return f"never so: {finding.property.says}" if finding.property.says else finding.why
        case "VACUOUS":
            because = f": {sentence(finding.missing)}" if finding.missing else ""
            return (finding.why or "its premise can never happen") + because
        case "DISAGREES":
            return f"the executable model does not suffer it: {finding.replay.why if finding.replay else ''}"
        case "UNVERIFIED":
            return f"proved, on what nobody verified: {'; '.join(doubt.what for doubt in finding.rests_on)}"
        case "UNKNOWN" if finding.bound is not None:
            return f"no violation within {finding.bound} steps, not a proof: {finding.why}"
        case _:
            return finding.why


def _broken_input(diagnostic: Diagnostic, look: Look) -> Entry:
    span, path = diagnostic.span, relative(diagnostic.span.path, look.root)
    says = diagnostic.message if diagnostic.help is None else f"{diagnostic.message}; {diagnostic.help}"
    key = _key(path, diagnostic.code, diagnostic.message)
    place = Place(path, span.line, span.column)
    return Entry(Level.BROKEN, diagnostic.code, f"{diagnostic.code} input", "INPUT_ERROR", escape(says), place, "", key)


def _other(
    report: Report, level: Level, rule: str, name: str, word: str, says: str, place: Place | None, look: Look
) -> Entry:
    key = _key(relative(report.path, look.root), report.platform, name, says if rule == "disagreement" else "")
    where = _place(report, place, look)
    return Entry(level, rule, escape(name), word, escape(says), where, escape(report.platform), key, None, report)


def _place(report: Report, place: Place | None, look: Look) -> Place:
    if place is None:
        span = Span(report.path)
        return Place(relative(span.path, look.root), span.line, span.column)
    return Place(relative(place.path, look.root), place.line, place.column)


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
