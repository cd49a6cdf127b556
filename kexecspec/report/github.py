"""Workflow commands of GitHub: an annotation at the line of each finding that fails, is open or is a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.look import Look, count
from kexecspec.report.outcome import Outcome

_COMMANDS = {
    Level.ERROR: "error", Level.BROKEN: "error", Level.OPEN: "warning", Level.NOTE: "notice", Level.EXCUSED: "notice",
}  # fmt: skip


def as_github(outcomes: Sequence[Outcome], look: Look) -> str:
    """One line an annotation, each a command; empty where there is nothing to annotate."""
    return "".join(f"{line}\n" for entry in entries(outcomes, look) for line in _annotation(entry))


def _annotation(entry: Entry) -> Iterator[str]:
    command = _COMMANDS.get(entry.level)
    if command is None:
        return
    place = entry.place
    shown = {
        "file": entry.file, "line": str(place.line), "col": str(place.column),
        "title": f"{entry.rule} {entry.word} on {entry.platform or entry.file}",
    }  # fmt: skip
    properties = ",".join(f"{name}={_property(text)}" for name, text in shown.items())
    steps = f" ({count(len(entry.finding.steps), 'step')})" if entry.finding and entry.finding.steps else ""
    yield f"::{command} {properties}::{_message(f'{entry.name}: {entry.says}{steps}')}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
