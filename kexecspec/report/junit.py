"""JUnit's XML: a suite for each platform, a test case for each finding, with the file and the line that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as Xml

from kexecspec.diagnostics import escape
from kexecspec.report import refuted
from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome

_ANSWERS = {
    Level.ERROR: "failure", Level.OPEN: "error", Level.BROKEN: "error", Level.SKIPPED: "skipped",
    Level.EXCUSED: "skipped",
}  # fmt: skip
"""What stands in a test case. One without any has passed. What is undecided is an error of the check, no failure of
the platform."""


def as_junit(outcomes: Sequence[Outcome], look: Look) -> str:
    """One document for all files; no times in it, so that it is the same from run to run."""
    root = Xml.Element("testsuites", name="kexecspec")
    for (path, platform), group in groupby(entries(outcomes, look), key=_suite_of):
        root.append(_suite(path, platform, list(group), look))
    Xml.indent(root, " ")
    body = Xml.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite_of(entry: Entry) -> tuple[str, str]:
    return (entry.report.path, entry.platform) if entry.report else (entry.file, "")


def _suite(path: str, platform: str, found: list[Entry], look: Look) -> Xml.Element:
    words = [_ANSWERS.get(entry.level) for entry in found]
    return _with(
        Xml.Element(
            "testsuite", name=escape(platform or path), tests=str(len(found)), failures=str(words.count("failure")),
            errors=str(words.count("error")), skipped=str(words.count("skipped")),
        ),
        [_case(entry, look) for entry in found],
    )  # fmt: skip


def _case(entry: Entry, look: Look) -> Xml.Element:
    case = Xml.Element(
        "testcase", name=escape(entry.name), classname=escape(f"{entry.platform or 'input'}.{entry.rule}"),
        file=entry.file, line=str(entry.place.line),
    )  # fmt: skip
    word = _ANSWERS.get(entry.level)
    if word is not None:
        answer = Xml.SubElement(case, word, message=entry.says)
        if word != "skipped":
            answer.set("type", entry.word)
            answer.text = _details(entry, look)
    elif entry.finding is not None and (entry.level is Level.NOTE or entry.finding.alike):
        Xml.SubElement(case, "system-out").text = f"{entry.word}: {entry.says}"
    return case


def _details(entry: Entry, look: Look) -> str:
    """The trace as text, for those who read the log of a build."""
    finding, report = entry.finding, entry.report
    if finding is None or report is None or not finding.steps:
        return entry.says
    return "\n".join(refuted.text(report, finding, Look(line_of=look.line_of)))


def _with(parent: Xml.Element, children: list[Xml.Element]) -> Xml.Element:
    parent.extend(children)
    return parent
