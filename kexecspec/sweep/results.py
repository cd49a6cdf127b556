"""Files of results: the first line says what they are about, each further one is a result. A sweep adds whole lines,
one by one, each on the disk before the next; a line that a killed run has left half written is not one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.journal import Busy, Journal
from kexecspec.journal import journal as lines_of
from kexecspec.sweep.lines import KEPT, RESULT, Head, head_line, read_head, read_row, row_line
from kexecspec.sweep.result import JUDGED, Row
from kexecspec.textfile import read_text

LARGEST = 1 << 30
MOST_KEPT = 20_000


@dataclass(frozen=True)
class Results:
    """A whole file. `torn` is the number of a last line that is half written; `kept` are results of earlier matrices,
    or with other options, which are no part of this sweep."""

    path: str
    head: Head
    rows: tuple[Row, ...]
    torn: int | None = None
    kept: tuple[Row, ...] = ()


def read_results(path: str) -> Results:
    """The results in the file `path`. Raises InputError where it is none."""
    text = read_text(path, LARGEST)
    lines = text.split("\n")
    torn = len(lines) if lines[-1] else None
    whole = lines[:-1]
    if not whole:
        raise _wrong(path, 1, "no results: its first line is not whole")
    try:
        head = read_head(whole[0])
    except ValueError as error:
        raise _wrong(path, 1, f"no results: {error}") from None
    rows: dict[str, list[Row]] = {RESULT: [], KEPT: []}
    for number, line in enumerate(whole[1:], 2):
        try:
            kind, row = read_row(line)
        except ValueError as error:
            raise _wrong(path, number, f"no result: {error}") from None
        if kind == RESULT and tuple(axis for axis, _ in row.names) != head.columns[: len(row.names)]:
            raise _wrong(path, number, "no result of this sweep: its axes are others")
        rows[kind].append(row)
    return Results(path, head, tuple(rows[RESULT]), torn, tuple(rows[KEPT]))


def text_of(head: Head, rows: Iterable[Row], kept: Iterable[Row] = ()) -> str:
    """A whole file."""
    return "".join((head_line(head), *(row_line(row, KEPT) for row in kept), *(row_line(row) for row in rows)))


@contextlib.contextmanager
def journal(path: Path, head: Head, rows: Iterable[Row], kept: Iterable[Row] = ()) -> Iterator[Journal]:
    """The file `path`, which holds the head, `rows` and `kept` and nothing else, open for lines of more rows, and for
    nobody else (kexecspec.journal). Raises InputError where another sweep writes it, or OSError."""
    with contextlib.ExitStack() as stack:
        try:
            log = stack.enter_context(lines_of(path, text_of(head, rows, kept)))
        except Busy:
            raise _another(path, "another sweep adds its results to this file") from None
        yield log


def known(path: Path, head: Head) -> tuple[Row, ...]:
    """What earlier runs have left in `path` for the same shard, the latest first; nothing where there is no such file.
    Raises InputError for a file that holds anything else, which is then left alone."""
    if not path.exists():
        return ()
    found = read_results(str(path))
    if found.head.shard != head.shard:
        said = "the whole sweep" if found.head.shard == (1, 1) else f"shard {'/'.join(map(str, found.head.shard))}"
        message = f"it holds results of {said}, not of shard {'/'.join(map(str, head.shard))}"
        raise _another(path, message)
    return (*found.rows, *found.kept)


def worth_keeping(earlier: Iterable[Row], rows: Iterable[Row]) -> tuple[Row, ...]:
    """Those of `earlier` rows that were judged and are not among `rows`: after the next edit they may be. At most
    MOST_KEPT, the latest."""
    ids = {row.id for row in rows}
    found = {row.id: row for row in earlier if row.answer.outcome == JUDGED and row.id not in ids}
    return tuple(found.values())[:MOST_KEPT]


def _another(path: Path, message: str) -> InputError:
    return InputError([Diagnostic("KX030", message, Span(str(path)), help="name another by --results")])


def _wrong(path: str, line: int, message: str) -> InputError:
    help_ = f"{quote(path)} is left as it is"
    return InputError([Diagnostic("KX030", message, Span(path, line, 1, line, 2), help=help_)])
