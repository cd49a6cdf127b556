"""KTAP, version 1: the kernel's own format of test results. One test for each platform, its findings as subtests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from kexecspec.diagnostics import escape
from kexecspec.report import refuted
from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome


def as_ktap(outcomes: Sequence[Outcome], look: Look) -> str:
    """One document for all files. A trace stands as diagnostic lines before the result that it is about."""
    groups = [list(found) for _, found in groupby(entries(outcomes, look), key=_test_of)]
    lines = ["KTAP version 1", f"1..{len(groups)}"]
    for number, found in enumerate(groups, 1):
        lines += [f"  {line}" for line in _subtests(found)]
        broken = any(entry.failed for entry in found)
        lines.append(f"{'not ok' if broken else 'ok'} {number} {_name(_test_of(found[0]))}")
    return "\n".join(lines) + "\n"


def _test_of(entry: Entry) -> str:
    return f"{entry.report.path}:{entry.platform}" if entry.report else entry.file


def _subtests(found: Sequence[Entry]) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"1..{len(found)}"
    for number, entry in enumerate(found, 1):
        yield from (f"# {line}".rstrip() for line in _diagnostics(entry))
        yield f"{'not ok' if entry.failed else 'ok'} {number} {_name(entry.name)}{_directive(entry)}"


def _diagnostics(entry: Entry) -> Iterator[str]:
    finding, report = entry.finding, entry.report
    if entry.level in (Level.SKIPPED, Level.PASSED, Level.EXCUSED):
        return
    if finding is not None and report is not None and finding.steps:
        yield from refuted.text(report, finding, Look())
    else:
        yield f"{entry.file}:{entry.place.line}: {entry.word}: {entry.says}"


def _directive(entry: Entry) -> str:
    match entry.level:
        case Level.EXCUSED:
            return f" # SKIP {entry.word}, {_data(entry.says)}"
        case Level.SKIPPED:
            return f" # SKIP {_data(entry.says) or 'the platform lacks what it is about'}"
        case Level.BROKEN | Level.OPEN:
            return f" # ERROR {entry.word}"
        case _:
            return ""


def _name(text: str) -> str:
    return escape(text).replace("#", "_")


def _data(text: str) -> str:
    return text.replace("#", "_")
