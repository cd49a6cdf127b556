"""Results for people and for spreadsheets: a text table of 78 columns, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence

from kexecspec.diagnostics import WIDTH, escape
from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED, UNDECIDED, UNUSABLE, gravest
from kexecspec.report.look import Look, count, shell, wrapped
from kexecspec.sweep.lines import Head
from kexecspec.sweep.result import INPUT_ERROR, JUDGED, UNANSWERED, Answer, Row
from kexecspec.sweep.results import text_of

_WIDEST = 24
_INDENT = 13
_COLOURS = {"PROVED": "green", "REFUTED": "red", "UNKNOWN": "yellow", INPUT_ERROR: "red"}
_SAID = {
    PROVED: "proved", REFUTED: "refuted or vacuous", UNUSABLE: "with an input error",
    UNDECIDED: "undecided", DISAGREES: "in which the tool disagrees with itself",
}  # fmt: skip
_CSV = ("verdict", "exit", "proved", "refuted", "unknown", "not judged", "findings", "seconds")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(head: Head, rows: Sequence[Row], look: Look) -> str:
    """One line for each combination, more where there is more to say, and what they come to. With `look.quiet` only
    those that are not proved."""
    shown = [row for row in rows if not look.quiet or row.answer.exit != PROVED]
    lines = [] if look.quiet else [*_heading(head), ""]
    widths = _widths([max((len(_cell(row, axis)) for row in shown), default=0) for axis in head.columns])
    for row in shown:
        lines += _row(row, head.columns, widths, look)
    if shown:
        lines.append("")
    return "\n".join([*lines, *_ending(head, rows, look)]) + "\n"


def as_lines(head: Head, rows: Sequence[Row], look: Look) -> str:
    """The file of results itself."""
    return text_of(head, rows)


def as_csv(head: Head, rows: Sequence[Row], look: Look) -> str:
    """A header and a line for each combination. What a spreadsheet would take for a formula gets a ' in front."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["number", *head.columns, *_CSV])
    for row in rows:
        answer = row.answer
        counts = [str(answer.counts[verdict]) for verdict in ("PROVED", "REFUTED", "UNKNOWN", "NOT_JUDGED")]
        names = [dict(row.names).get(axis, "") for axis in head.columns]
        said = "; ".join(_findings(answer))
        texts = [str(row.number), *names, _verdict(answer), str(answer.exit), *counts, said, f"{row.seconds:.3f}"]
        writer.writerow([_inert(escape(text)) for text in texts])
    return made.getvalue()


WRITERS: Mapping[str, Callable[[Head, Sequence[Row], Look], str]] = {
    "text": as_text, "jsonl": as_lines, "csv": as_csv,
}  # fmt: skip
"""What writes results, by the name of the format."""
ENDINGS: Mapping[str, str] = {".txt": "text", ".jsonl": "jsonl", ".csv": "csv"}
"""The formats of files, by the ends of their names."""


def _heading(head: Head) -> list[str]:
    shard = "" if head.shard[1] == 1 else f", of which shard {head.shard[0]}/{head.shard[1]} has {head.mine}"
    return wrapped(f"{head.path}: {head.sweep}: {count(head.total, 'combination')}{shard}", "", "  ")


def _widths(natural: Sequence[int]) -> list[int]:
    """How wide the columns are: as wide as they need to be, where that leaves them on one line."""
    fits = sum(natural) + 2 * len(natural) <= WIDTH - _INDENT
    return [width if fits else min(_WIDEST, width) for width in natural]


def _row(row: Row, columns: Sequence[str], widths: Sequence[int], look: Look) -> Iterator[str]:
    verdict = _verdict(row.answer)
    cells = [_short(_cell(row, axis), width).ljust(width) for axis, width in zip(columns, widths, strict=True)]
    said = ", ".join(_findings(row.answer))
    line = "  ".join(cells)
    painted = look.paint(verdict.ljust(_INDENT - 2), _COLOURS.get(verdict, "yellow"))
    if _INDENT + len(line) + 2 + len(escape(said)) <= WIDTH:
        yield f"{painted}  {line}  {escape(said)}".rstrip()
        return
    first, *rest = wrapped(line.rstrip(), " " * _INDENT, " " * (_INDENT + 2))
    yield f"{painted}  {first[_INDENT:]}"
    yield from rest
    yield from wrapped(said, " " * (_INDENT + 2), " " * (_INDENT + 2)) if said else ()


def _ending(head: Head, rows: Sequence[Row], look: Look) -> Iterator[str]:
    codes = [row.answer.exit for row in rows]
    counted = ", ".join(f"{codes.count(code)} {said}" for code, said in _SAID.items() if code in codes)
    equal = sum(not row.solved for row in rows)
    if not look.quiet:
        said = f"{count(len(rows), 'combination')}: {counted or 'none'}"
        yield from wrapped(said + (f"; {equal} by an equal system" if equal else ""), "", "  ")
    code = gravest(codes)
    word = "PASS" if code == PROVED else "FAIL"
    style = "green" if code == PROVED else "red"
    failed = len(codes) - codes.count(PROVED)
    what = f"{len(codes)} of {len(codes)} proved" if not failed else f"{failed} of {len(codes)} not proved"
    yield look.paint(word, style, "bold") + f"  {escape(head.sweep)}: {what}"
    first = next((row.number for row in rows if row.answer.outcome == JUDGED and row.answer.exit != PROVED), None)
    if first is not None:
        yield f"next: kexecspec sweep {shell(head.path)} --print {first} > platform.yaml"


def _verdict(answer: Answer) -> str:
    if answer.outcome == UNANSWERED:
        return UNANSWERED
    if answer.exit == DISAGREES:
        return "DISAGREES"
    return "VACUOUS" if answer.verdict == "PROVED" and answer.exit == REFUTED else answer.verdict


def _findings(answer: Answer) -> Iterator[str]:
    """What is not proved, in words."""
    seen: dict[tuple[str, int | None, str | None, str], None] = {}
    for one in answer.refuted:
        seen[(one.finding, one.handoffs, one.harm, one.severity)] = None
    for finding, handoffs, harm, severity in seen:
        more = [str(handoffs) if handoffs is not None else "", harm or "", "note" if severity == "note" else ""]
        yield f"{finding} ({', '.join(part for part in more if part)})".replace(" ()", "")
    yield from (f"{finding} unknown: {why}" for finding, why in answer.unknown)
    yield from (f"{finding} vacuous" for finding in answer.vacuous)
    yield from (f"{handoff} never taken" for handoff in answer.never)
    yield from (f"{one.path}:{one.line}:{one.column}: {one.code}: {one.message}" for one in answer.errors)
    yield from answer.objections
    yield from [answer.why] if answer.why else []


def _cell(row: Row, axis: str) -> str:
    return escape(dict(row.names).get(axis, "-"))


def _short(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: width // 3] + "..." + text[len(text) - (width - width // 3 - 3) :]


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
