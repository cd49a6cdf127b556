"""SARIF 2.1.0: for code scanning and for editors.

A refuted finding has one code flow with one thread flow, for viewers show no more than the first. Fingerprints have no
line in them, so that a line added above a finding makes no new one. Paths are relative to where the check ran.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from kexecspec import __version__
from kexecspec.diagnostics import escape
from kexecspec.findings import Finding, Report, StepShown, harm_of
from kexecspec.ir.system import Place
from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.excuse_text import excuse_text
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome, excuses
from kexecspec.report.steps import changes
from kexecspec.report.visible import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "%SRCROOT%"
_KINDS = {
    Level.ERROR: ("fail", "error"), Level.BROKEN: ("fail", "error"), Level.OPEN: ("open", "none"),
    Level.NOTE: ("fail", "note"), Level.EXCUSED: ("fail", "error"),
    Level.PASSED: ("pass", "none"), Level.SKIPPED: ("notApplicable", "none"),
}  # fmt: skip
"""`kind` and `level` of a result. A level other than none says that a result is a failure."""
_OTHER_RULES = {
    "handoff": "A handoff of the platform file that no run takes", "expect": "An expectation that is not met",
    "disagreement": "The tool disagrees with itself", "nothing": "Nothing was judged",
    "waiver": "A waiver that is over, unused or too broad",
}  # fmt: skip

Json = dict[str, Any]


def as_sarif(outcomes: Sequence[Outcome], look: Look) -> str:
    """One run with a result for each entry; ASCII, in a fixed order."""
    found = entries(outcomes, look)
    codes = sorted({entry.rule for entry in found})
    index = {code: number for number, code in enumerate(codes)}
    driver = {
        "name": "kexecspec", "semanticVersion": __version__,
        "rules": [_rule(code, look) for code in codes],
    }  # fmt: skip
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(found)],
        "results": [_result(entry, index) for entry in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=True) + "\n"


def _rule(code: str, look: Look) -> Json:
    known = look.explain(code)
    if known is None:
        title = _message(_OTHER_RULES.get(code, f"{code}: an error of the input"))
        return {"id": code, "shortDescription": title, "fullDescription": title, "help": title}
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in known.name.split("-")),
        "shortDescription": _message(known.title),
        "fullDescription": _message(known.why or known.title),
        "help": _message("\n".join(filter(None, (known.why, known.fix, f"kexecspec explain {code}")))),
        "properties": {"tags": [known.harm]},
    }


def _invocation(found: Sequence[Entry]) -> Json:
    """Whether there is an answer; what could not be read or trusted is told as a notification, too."""
    broken = [entry for entry in found if entry.level is Level.BROKEN]
    made: Json = {"executionSuccessful": not broken}
    if broken:
        made["toolExecutionNotifications"] = [
            {"level": "error", "message": _message(entry.says), "locations": [_location(entry.place)]}
            for entry in broken
        ]
    return made


def _result(entry: Entry, index: dict[str, int]) -> Json:
    kind, level = _KINDS[entry.level]
    if entry.finding is not None and entry.level is Level.NOTE and entry.word != "REFUTED":
        kind, level = "review", "none"
    made: Json = {
        "ruleId": entry.rule,
        "ruleIndex": index[entry.rule],
        "kind": kind,
        "level": level,
        "message": _message(f"{entry.name}: {entry.word}: {entry.says}"),
        "locations": [_location(entry.place)],
        "partialFingerprints": {"kexecspec/v1": entry.key},
    }
    finding, report = entry.finding, entry.report
    if finding is not None and report is not None:
        if entry.level is Level.EXCUSED:
            made["suppressions"] = [_suppression(report, finding)]
        if finding.steps and entry.level is not Level.PASSED:
            made["codeFlows"] = [{"threadFlows": [_flow(entry, report, finding)]}]
        made["properties"] = _properties(entry, finding)
    return made


def _suppression(report: Report, finding: Finding) -> Json:
    own = all(one.place is not None and one.place.path == report.path for one in excuses(report, finding))
    kind = "inSource" if own else "external"
    return {"kind": kind, "status": "accepted", "justification": escape(excuse_text(report, finding))}


def _properties(entry: Entry, finding: Finding) -> Json:
    found: Json = {
        "platform": escape(entry.platform), "verdict": finding.verdict.value, "instance": finding.property.instance,
        "handoff": finding.property.handoff, "harm": harm_of(finding),
    }  # fmt: skip
    if finding.handoffs is not None:
        found["handoffs"] = finding.handoffs
    if finding.alike:
        found["alike"] = list(finding.alike)
    if finding.replay is not None:
        found["replay"] = finding.replay.outcome
        found["kernelLog"] = [escape(line) for line in finding.replay.log]
    return found


def _flow(entry: Entry, report: Report, finding: Finding) -> Json:
    jumps = frozenset(rule.name for rule in report.rules if rule.handoff)
    shown = [step for step in visible(finding) if isinstance(step, StepShown)]
    return {"locations": [_step(step, entry, report, step.rule in jumps) for step in shown]}


def _step(step: StepShown, entry: Entry, report: Report, handoff: bool) -> Json:
    """A step stands where its rule does, if that is the platform file; rules of the library are no file of the user's,
    and what they are about is what the finding is about."""
    here = step.path is not None and not step.path.startswith("specs/") and step.line is not None
    place = Place(entry.place.path, step.line or 1) if here and step.path == report.path else entry.place
    what = "; ".join(changes(report, step, handoff))
    said = f"{step.actor}: {step.says or step.rule}{f' [{what}]' if what else ''}"
    location = _location(place)
    location["message"] = _message(said)
    location["logicalLocations"] = [{"fullyQualifiedName": escape(step.rule), "kind": "function"}]
    return {
        "location": location, "executionOrder": step.number, "nestingLevel": step.generation - 1,
        "importance": "essential" if handoff else "important",
    }  # fmt: skip


def _location(place: Place) -> Json:
    uri = quote(place.path.encode("utf-8", "surrogateescape"))
    where: Json = {"uri": uri}
    if not place.path.startswith(("/", "../")):
        where["uriBaseId"] = _BASE
    return {
        "physicalLocation": {
            "artifactLocation": where,
            "region": {"startLine": max(1, place.line), "startColumn": max(1, place.column)},
        }
    }


def _message(text: str) -> Json:
    return {"text": "\n".join(escape(line) for line in text.split("\n"))}
