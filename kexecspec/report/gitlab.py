"""GitLab's code quality report: a list of issues, one for each finding that fails, is open or is a note."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kexecspec.findings import harm_of
from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome

_SEVERITIES = {
    Level.BROKEN: "blocker", Level.ERROR: "critical", Level.OPEN: "major", Level.NOTE: "info", Level.EXCUSED: "info",
}  # fmt: skip
_HARMLESS = {"LEAK": "major", "EXHAUSTION": "major", "REFUSED": "major", "RULE": "major"}
"""Harms that cost a resource or a function: less than a crash, a hang or somebody else's memory."""


def as_gitlab(outcomes: Sequence[Outcome], look: Look) -> str:
    """A JSON list, empty where nothing is wrong. Fingerprints have no line in them."""
    found = [_issue(entry) for entry in entries(outcomes, look) if entry.level in _SEVERITIES]
    return json.dumps(found, indent=1, ensure_ascii=True) + "\n"


def _issue(entry: Entry) -> dict[str, object]:
    severity = _SEVERITIES[entry.level]
    if entry.level is Level.ERROR and entry.word == "REFUTED" and entry.finding is not None:
        severity = _HARMLESS.get(harm_of(entry.finding), severity)
    return {
        "description": f"{entry.name} on {entry.platform or entry.file}: {entry.word}: {entry.says}",
        "check_name": entry.rule,
        "fingerprint": entry.key,
        "severity": severity,
        "location": {"path": entry.file, "lines": {"begin": entry.place.line}},
    }
