"""The text of an input file, read within bounds: regular files only, at most 4 MiB, UTF-8."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable

from kexecspec.diagnostics import Diagnostic, InputError, Span

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest file that is read."""

_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LINE_END = re.compile("\r\n|\r|\n")
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_text(path: str, largest: int = LARGEST) -> str:
    """The text of a file. Raises InputError; reads at most `largest` bytes and never waits for a pipe."""
    return decode(read_bytes(path, largest), path)


def decode(content: bytes, path: str) -> str:
    """Bytes of a file as text. Raises InputError for what is not clean UTF-8 text."""
    if content.startswith(_BOM):
        raise _refused(
            path, "KX015", "the file begins with a byte order mark", "save it as UTF-8 without one"
        )
    if content.startswith(_WIDE):
        raise _refused(path, "KX015", "the file is UTF-16, not UTF-8", "save it as UTF-8")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        span = _place(content[: error.start].decode("utf-8", "replace"), path)
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise InputError([Diagnostic("KX015", message, span, help="save the file as UTF-8")]) from None
    found = _FORBIDDEN.search(text)
    if found:
        message = f"control character {found.group()!a} in the text"
        help_ = "remove it; inside double quotes it can be written as an escape"
        raise InputError([Diagnostic("KX015", message, _place(text[: found.start()], path), help=help_)])
    return text


def line_text(span: Span) -> str | None:
    """The line that a span starts on, read again from its file, or None if that fails now."""
    return line_reader()(span)


def line_reader(text_of: Callable[[str], str] = read_text) -> Callable[[Span], str | None]:
    """`line_text` for many spans: each file is read once, by `text_of`. For `render_all`."""
    files: dict[str, list[str]] = {}

    def line_of(span: Span) -> str | None:
        if span.path not in files:
            files[span.path] = _lines(span.path, text_of)
        lines = files[span.path]
        return lines[span.line - 1] if 0 < span.line <= len(lines) else None

    return line_of


def _lines(path: str, text_of: Callable[[str], str]) -> list[str]:
    try:
        return _LINE_END.split(text_of(path))
    except InputError:
        return []


def read_bytes(path: str, largest: int, wanted: str = "a YAML file") -> bytes:
    """What a file holds. Raises InputError; reads at most `largest` bytes and never waits for a pipe. `wanted` says
    what should be named where `path` is no file."""
    try:
        before = os.stat(path)
        if not stat.S_ISREG(before.st_mode):
            raise _irregular(path, before.st_mode, wanted)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            now = os.fstat(file.fileno())
            if not stat.S_ISREG(now.st_mode):
                raise _irregular(path, now.st_mode, wanted)
            if now.st_size > largest:
                raise _too_large(path, f"{now.st_size} bytes", largest)
            content = file.read(largest + 1)
    except OSError as error:
        raise _refused(path, "KX013", f"cannot be read: {error.strerror or 'input/output error'}") from None
    except ValueError:
        raise _refused(path, "KX013", "cannot be read: this is no file name") from None
    if len(content) > largest:
        raise _too_large(path, f"more than {largest} bytes", largest)
    return content


def _irregular(path: str, mode: int, wanted: str) -> InputError:
    kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
    return _refused(path, "KX014", f"{kind}, not a file", f"name {wanted}")


def _too_large(path: str, size: str, largest: int) -> InputError:
    return _refused(path, "KX018", f"the file is too large: {size}; at most {largest >> 20} MiB are read")


def _refused(path: str, code: str, message: str, help_: str | None = None) -> InputError:
    return InputError([Diagnostic(code, message, Span(path), help=help_)])


def _place(before: str, path: str) -> Span:
    """The one-character span after a text."""
    lines = _LINE_END.split(before)
    line, column = len(lines), len(lines[-1]) + 1
    return Span(path, line, column, line, column + 1)
