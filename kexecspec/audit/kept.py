"""Answers that are kept while an audit runs, so that one that was stopped goes on where it was: a line for each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kexecspec.audit.answers import Answer, line_of, read_line
from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.files import write_whole

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
        said = f"no answers of an audit: {error}"
        raise InputError([Diagnostic("KX030", said, Span(str(path)), help="name another by --results")]) from None


@dataclass
class Journal:
    """A file that answers are added to."""

    descriptor: int

    def add(self, found: Answer) -> None:
        """Adds a line. Raises OSError."""
        rest = memoryview(line_of(found).encode("ascii"))
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]


@contextmanager
def journal(path: Path, made: str, known: Mapping[str, Answer]) -> Iterator[Journal]:
    """The file, with `known` answers in it and nothing else, open for more. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"schema": SCHEMA, "made": made}) + "\n"
    write_whole(path, head + "".join(map(line_of, known.values())))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        yield Journal(descriptor)
    finally:
        os.close(descriptor)
