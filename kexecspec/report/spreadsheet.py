"""CSV: a header and a line for each finding, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from kexecspec.diagnostics import escape
from kexecspec.findings import harm_of
from kexecspec.report.entries import Entry, entries
from kexecspec.report.excuse_text import excuse_text
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome

COLUMNS = (
    "platform", "file", "line", "code", "instance", "handoff", "verdict", "level", "harm", "handoffs", "steps",
    "replay", "stands for", "says", "alike", "excuse", "fingerprint",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(outcomes: Sequence[Outcome], look: Look) -> str:
    """What a spreadsheet would take for a formula gets a ' in front."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries(outcomes, look):
        writer.writerow([inert(text) for text in _row(entry)])
    return made.getvalue()


def _row(entry: Entry) -> list[str]:
    finding = entry.finding
    start = [entry.platform, entry.file, str(entry.place.line), entry.rule]
    if finding is None:
        return [*start, "", "", entry.word, entry.level.value, "", "", "", "", "1", entry.says, "", "", entry.key]
    prop, replay = finding.property, finding.replay
    handoffs = "" if finding.handoffs is None else str(finding.handoffs)
    return [
        *start, prop.instance, prop.handoff, entry.word, entry.level.value, harm_of(finding), handoffs,
        str(len(finding.steps)) if finding.steps else "", replay.outcome if replay else "",
        str(1 + len(finding.alike)), prop.says or finding.why, " ".join(finding.alike),
        excuse_text(entry.report, finding) if entry.report else "", entry.key,
    ]  # fmt: skip


def inert(text: str) -> str:
    """`text` escaped, and so that no spreadsheet takes it for a formula."""
    shown = escape(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
