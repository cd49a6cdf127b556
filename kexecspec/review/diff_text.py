"""A comparison as plain text, 78 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kexecspec.diagnostics import escape
from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED, UNDECIDED
from kexecspec.findings import Finding, ids
from kexecspec.ir.verdict import Verdict
from kexecspec.report import refuted
from kexecspec.report.look import Look, count, shell, wrapped
from kexecspec.review.changes import Change
from kexecspec.review.compare import FIXED, NEW, UNCHANGED, Diff, Differs
from kexecspec.review.compare import UNDECIDED as OPEN
from kexecspec.review.judge import State, Verdicts

_WORDS = {
    PROVED: ("PASS", "green"), REFUTED: ("FAIL", "red"), UNDECIDED: ("UNDECIDED", "yellow"),
    DISAGREES: ("DISAGREEMENT", "loud"),
}  # fmt: skip
_COLOURS = {NEW: "red", FIXED: "green", OPEN: "yellow"}


def as_text(diff: Diff, look: Look) -> str:
    """New findings with their traces, what is fixed and by which facts, what is undecided, and what plays no part. With
    `look.quiet` only what is new or undecided."""
    lines = wrapped(f"{diff.old} -> {diff.new}: {count(len(diff.changes), 'changed fact')}", "", "  ")
    for kind in (NEW, OPEN) if look.quiet else (NEW, FIXED, OPEN):
        for alike in _alike(diff.of(kind)):
            lines += ["", *_findings(diff, alike, look)]
    if not look.quiet:
        lines += ["", *_unchanged(diff.of(UNCHANGED)), *_idle(diff.idle, look)]
    return "\n".join([*lines, "", *_ending(diff, look)]) + "\n"


def code(diff: Diff) -> int:
    """0 where nothing is new, 1 for new findings, 3 for what is undecided, 4 where the tool doubts itself. Notes do not
    count."""
    if diff.before.doubted or diff.after.doubted:
        return DISAGREES
    if any(one.new is not None and one.new.severity == "error" for one in diff.of(NEW)):
        return REFUTED
    open_ones = any(one.new is not None and one.new.severity == "error" for one in diff.of(OPEN))
    return UNDECIDED if open_ones else PROVED


def _alike(found: Sequence[Differs]) -> Iterator[list[Differs]]:
    """Findings that are due to the same facts, together; new ones each alone, for each has a trace."""
    groups: dict[object, list[Differs]] = {}
    for one in found:
        key = (one.by, one.each) if one.kind == FIXED else one.name
        groups.setdefault(key, []).append(one)
    yield from groups.values()


def _findings(diff: Diff, alike: Sequence[Differs], look: Look) -> Iterator[str]:
    for one in alike:
        first, *rest = wrapped(f"{one.kind.upper()}  {one.name}: {said(one.new)}, was {said(one.old)}", "", "  ")
        yield look.paint(first, "bold", _COLOURS[one.kind])
        yield from rest
    yield from _due(alike[0])
    found = _of(diff.after, alike[0].name) if alike[0].kind == NEW else None
    if found is not None and diff.after.report is not None and found.verdict is Verdict.REFUTED:
        yield from ("", *refuted.text(diff.after.report, found, look))


def _due(one: Differs) -> Iterator[str]:
    if one.by:
        word = "each of these alone:" if one.each else "this:" if len(one.by) == 1 else "all of these together:"
        yield f"  by {word}"
        for change in one.by:
            yield from wrapped(fact(change), "    ", "      ")
    elif one.kind in (NEW, FIXED):
        yield "  by no fact of the file"


def _of(verdicts: Verdicts, name: str) -> Finding | None:
    report = verdicts.report
    return next((f for f in report.findings if name in ids(f)), None) if report else None


def said(state: State | None) -> str:
    """A state in words."""
    if state is None:
        return "no such property"
    note = " (note)" if state.severity != "error" else ""
    after = f" after {count(state.handoffs, 'handoff')}" if state.handoffs is not None and state.failing else ""
    return f"{state.verdict}{after}{note}"


def fact(change: Change) -> str:
    """A changed fact and where it stands."""
    old, new = (change.old or "-", change.new or "-")
    return f"{change.what}: {_short(old)} -> {_short(new)} ({change.place.path}:{change.place.line})"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _unchanged(found: Sequence[Differs]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for one in found:
        if one.new is not None:
            counts[one.new.verdict] = counts.get(one.new.verdict, 0) + 1
    words = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if verdict != "NOT_JUDGED")
    yield from wrapped(f"UNCHANGED  {words or 'nothing'}", "", "  ")
    for one in found:
        if one.new is not None and one.new.failing:
            was = "" if one.new == one.old else f", was {said(one.old)}"
            yield from wrapped(f"{one.name}: {said(one.new)}{was}", "  ", "    ")


def _idle(idle: Sequence[Change], look: Look) -> Iterator[str]:
    if not idle:
        return
    yield "NO EFFECT  on any verdict, all of them together:"
    features = [change for change in idle if change.feature]
    shown = [change for change in idle if look.verbose or not change.feature or len(features) <= 4]
    for change in shown:
        yield from wrapped(fact(change), "  ", "    ")
    if len(shown) < len(idle):
        yield f"  {len(features)} kernel features (-v names them)"


def _ending(diff: Diff, look: Look) -> Iterator[str]:
    word, colour = _WORDS[code(diff)]
    counts = ", ".join(f"{len(diff.of(kind))} {kind}" for kind in (NEW, FIXED, OPEN, UNCHANGED))
    for line in wrapped(f"{word}  {counts} ({count(diff.judged, 'platform')} judged)", "", "  "):
        yield look.paint(line, "bold", colour)
    doubts = _doubts((diff.before, diff.after))
    for doubt in doubts:
        yield from wrapped(f"the tool disagrees with itself: {doubt}", "  ! ", "    ")
    if diff.of(NEW) and not diff.new.startswith("git:"):
        yield f"next: kexecspec fix {shell(diff.new)}"


def _doubts(both: Iterable[Verdicts]) -> Iterator[str]:
    for verdicts in both:
        yield from (escape(one) for one in verdicts.report.objections) if verdicts.report else ()
