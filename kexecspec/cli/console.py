"""The two streams: what is written where, in which characters, and whether in colour."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import TextIO

from kexecspec.diagnostics import InputError
from kexecspec.exit_codes import UNREAD

_COMMANDS = re.compile(r"^([ \t]*)(:)(?=:)|(#)(?=#(?:vso)?\[)", re.MULTILINE)


class ReaderGone(Exception):
    """Nobody reads stdout any more."""


def prepare_streams() -> None:
    """No character that a stream cannot show stops the output; it is written as an escape. What is written to a
    stream that is closed is lost; no file that is opened later takes its place."""
    while (nowhere := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(nowhere)
    sys.stdout, sys.stderr = _buffered(sys.stdout or _nowhere()), _buffered(sys.stderr or _nowhere())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _buffered(stream: TextIO) -> TextIO:
    """`stream`, with a buffer where it has none (PYTHONUNBUFFERED): without one, Python loses what a short write leaves
    over, and a disk that is full goes unnoticed."""
    raw = getattr(stream, "buffer", None)
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(raw, io.FileIO):
        return stream
    encoding, errors = stream.encoding, stream.errors
    return io.TextIOWrapper(io.BufferedWriter(stream.detach()), encoding, errors, line_buffering=True)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="ascii", errors="backslashreplace")


def inert(text: str) -> str:
    """`text` without what the machines that run builds take for commands to them: lines that begin with `::`, and
    `##[` or `##vso[` anywhere. What takes its place is an escape that JSON knows, too."""
    return _COMMANDS.sub(lambda found: f"{found[1] or ''}\\u{ord(found[2] or found[3]):04x}", text)


def say(text: str, commands: bool = False) -> None:
    """Writes to stdout, in plain ASCII unless that is a terminal; `commands`: it is made of commands to what runs
    builds, and stays as it is. Raises ReaderGone or another OSError."""
    text = text if commands else inert(text)
    if not sys.stdout.isatty():
        text = text.encode("ascii", "backslashreplace").decode("ascii")
    try:
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def complain(text: str) -> None:
    """Writes a line to stderr. Where even that is impossible, the exit code has to do."""
    with contextlib.suppress(OSError):
        sys.stderr.write(inert(text) + "\n")
        sys.stderr.flush()


def show_input_error(error: InputError) -> None:
    """Shows everything that is wrong with an input, on stderr."""
    from kexecspec.diagnostics import render_all
    from kexecspec.textfile import line_reader

    complain(render_all(error.diagnostics, line_reader()))


def wants_colour() -> bool:
    """Whether stdout is a terminal on which nobody has asked for plain text (NO_COLOR)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def quiet_exit() -> int:
    """Nothing more can be said, and there is no use in complaining."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return UNREAD
