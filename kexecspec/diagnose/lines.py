"""A console log as lines: whatever a serial line, a terminal or a mail made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.textfile import read_bytes

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest log that is read."""
LONGEST = 1000
"""Characters of a line that are looked at."""

_PACKED = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\x00", "xz"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd"))
_WIDE = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]?)+")


@dataclass(frozen=True)
class Line:
    """A line with its number in the file; what a bare carriage return parts has one number."""

    number: int
    text: str


def read_log(path: str) -> tuple[Line, ...]:
    """The lines of a log. Raises InputError for what cannot be read, is empty, or is packed."""
    content = read_bytes(path, LARGEST, "a console log")
    packed = next((name for head, name in _PACKED if content.startswith(head)), None)
    if packed:
        help_ = f"unpack it first; diagnose reads text, and this is {packed}"
        raise InputError([Diagnostic("KX015", "the log is packed", Span(path), help=help_)])
    lines = lines_of(content)
    if not lines:
        raise InputError([Diagnostic("KX016", "the log is empty", Span(path))])
    return lines


def lines_of(content: bytes) -> tuple[Line, ...]:
    """The lines that have anything in them, without colours, control characters and the marks of a quoted mail. Bytes
    that are no UTF-8 are kept as a mark; UTF-16 is known by its first bytes."""
    wide = next((name for head, name in _WIDE if content.startswith(head)), "utf-8")
    text = content.decode(wide, "replace")
    found = []
    for number, whole in enumerate(text.split("\n"), 1):
        for piece in whole.split("\r"):
            clean = cleaned(piece[: 4 * LONGEST])
            if clean.strip():
                found.append(Line(number, clean))
    return tuple(found)


def cleaned(text: str) -> str:
    """One line as it would be read from a screen."""
    bare = _CONTROL.sub("", _ANSI.sub("", text)).replace("\ufeff", "")
    quoted = _QUOTED.match(bare)
    return bare[quoted.end() if quoted else 0 :].rstrip()[:LONGEST]
