"""Answers that are kept while an audit runs, so that one that was stopped goes on where it was: a line for each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kexecspec.audit.answers import Answer, line_of, read_line
from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.journal import Busy, Journal
from kexecspec.journal import journal as lines_of

SCHEMA = "kexecspec/audit-answers/1"
LARGEST = 1 << 28


def earlier(path: Path, made: str) -> Mapping[str, Answer]:
    """The answers in a file, by key; none where there is no file, or it was made with something else than `made`.
    A last line that is half written is not one. Raises InputError for a file that holds something else."""
    if not path.exists():
        return {}
    try:
        with path.open("rb") as file:
            lines = file.read(LARGEST).decode("ascii", "replace").split("\n")[:-1]
        head = json.loads(lines[0]) if lines else {}
        if not isinstance(head, dict) or head.get("schema") != SCHEMA:
            raise ValueError("its first line says something else")
        if head.get("made") != made:
            return {}
        return {one.key: one for one in map(read_line, lines[1:])}
    except (ValueError, OSError) as error:
        raise _wrong(path, f"no answers of an audit: {error}") from None


@contextmanager
def journal(path: Path, made: str, known: Mapping[str, Answer]) -> Iterator[Journal]:
    """The file, with `known` answers in it and nothing else, open for lines of more (kexecspec.journal). Raises
    InputError where another audit writes it, or OSError."""
    head = json.dumps({"schema": SCHEMA, "made": made}) + "\n"
    with ExitStack() as stack:
        try:
            log = stack.enter_context(lines_of(path, head + "".join(map(line_of, known.values()))))
        except Busy:
            raise _wrong(path, "another audit adds its answers to this file") from None
        yield log


def _wrong(path: Path, said: str) -> InputError:
    return InputError([Diagnostic("KX030", said, Span(str(path)), help="name another by --results")])
