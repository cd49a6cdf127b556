"""Several files of results as one: shards of the same sweep, each whole, none missing, none at odds with another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.sweep.lines import Head
from kexecspec.sweep.matrix import label
from kexecspec.sweep.plan import WHOLE
from kexecspec.sweep.result import Row, same
from kexecspec.sweep.results import Results

_ALIKE = ("matrix", "total", "columns", "sweep")
_MADE = (("specs", "other specifications"), ("tool", "another kexecspec"), ("z3", "another z3"),
         ("only", "another --only"), ("rlimit", "another --rlimit"))  # fmt: skip


def merged(files: Sequence[Results]) -> tuple[Head, tuple[Row, ...]]:
    """The results of all files together, in the order of the matrix. Raises InputError where they do not fit, naming
    what is missing."""
    first = files[0]
    wrong = [said for other in files[1:] for said in _unlike(first, other)]
    if not wrong:
        wrong = [*(said for one in files for said in _unfinished(one)), *_at_odds(files), *_missing(files)]
    wrong = wrong or [*_left_out(files)]
    if wrong:
        raise InputError(wrong)
    rows = {row.number: row for one in files for row in one.rows}
    return replace(first.head, mine=first.head.total, shard=WHOLE), tuple(rows[number] for number in sorted(rows))


def _unlike(first: Results, other: Results) -> Iterator[Diagnostic]:
    """What keeps two files from being parts of one sweep."""
    differs = [what for key, what in _MADE if getattr(first.head.made, key) != getattr(other.head.made, key)]
    if any(getattr(first.head, key) != getattr(other.head, key) for key in _ALIKE):
        differs.append("another matrix, or another content of its files")
    elif first.head.shard[1] != other.head.shard[1]:
        differs.append(f"{other.head.shard[1]} shards, not {first.head.shard[1]}")
    if differs:
        yield _wrong(other, f"it does not go with {quote(first.path)}: {', '.join(differs)}")


def _unfinished(one: Results) -> Iterator[Diagnostic]:
    """That a shard has not all that it is to have."""
    numbers = {row.number for row in one.rows}
    if one.torn is not None:
        yield _wrong(one, "its last line is half written", one.torn)
    elif len(numbers) != one.head.mine or len(one.rows) != one.head.mine or not numbers <= _all(one.head):
        message = f"{_shard(one)} has {len(numbers)} of its {one.head.mine} results"
        yield _wrong(one, message)


def _at_odds(files: Sequence[Results]) -> Iterator[Diagnostic]:
    """Results of one combination that are not the same."""
    seen: dict[int, tuple[Results, Row]] = {}
    for one in files:
        for place, row in enumerate(one.rows, 2):
            earlier, before = seen.setdefault(row.number, (one, row))
            if not same(before, row):
                message = f"another result for {label(row.names)} than in {quote(earlier.path)}"
                yield _wrong(one, message, place)


def _missing(files: Sequence[Results]) -> Iterator[Diagnostic]:
    """Shards that no file holds."""
    of = files[0].head.shard[1]
    there = {one.head.shard[0] for one in files}
    lacking = [str(number) for number in range(1, min(of, 10_000) + 1) if number not in there]
    if lacking:
        said = f"shard {lacking[0]}/{of} is" if len(lacking) == 1 else f"shards {', '.join(lacking)} of {of} are"
        yield Diagnostic("KX030", f"{said} missing", Span(files[0].path), help="name the files of all shards")


def _left_out(files: Sequence[Results]) -> Iterator[Diagnostic]:
    """Combinations that no shard has."""
    numbers = {row.number for one in files for row in one.rows}
    if numbers != _all(files[0].head):
        message = f"there are results for {len(numbers)} of {files[0].head.total} combinations"
        yield Diagnostic("KX030", message, Span(files[0].path))


def _all(head: Head) -> set[int]:
    return set(range(1, head.total + 1))


def _shard(one: Results) -> str:
    return "the sweep" if one.head.shard == WHOLE else f"shard {one.head.shard[0]}/{one.head.shard[1]}"


def _wrong(one: Results, message: str, line: int = 1) -> Diagnostic:
    help_ = "run its sweep again with --results to finish it" if "results" in message or "half" in message else None
    return Diagnostic("KX030", message, Span(one.path, line, 1, line, 2), help=help_)
