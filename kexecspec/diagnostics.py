"""What is wrong with an input, where, and how it is shown to a person.

Nothing here reads a file or prints: a diagnostic is a value, `render` makes text of it.
Everything that comes from an input is escaped on its way out, so that a hostile file can
neither move the cursor of a terminal nor reorder the letters of a message.
"""

from __future__ import annotations

import difflib
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

WIDTH = 78
MOST = 100
"""No more diagnostics than this are shown for one input; the last one says so."""

_CLOSE_ENOUGH = 0.6
_LISTED = 12
_QUOTED = 60
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Span(NamedTuple):
    """A piece of a file, from (line, column) up to but without (end_line, end_column), all 1-based.

    `path` is written as the user gave it, or relative to that for a file that `extends` names.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong: a stable code, one sentence, the place, and what would be right."""

    code: str
    message: str
    span: Span
    notes: tuple[str, ...] = ()
    help: str | None = None


class InputError(Exception):
    """An input that cannot be used. It carries everything that is wrong with it, in reading order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = in_order(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(_headline(diagnostic) for diagnostic in self.diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics without repetitions, by place; files stay in the order of their first diagnostic."""
    unique = list(dict.fromkeys(diagnostics))
    files: dict[str, int] = {}
    for diagnostic in unique:
        files.setdefault(diagnostic.span.path, len(files))
    unique.sort(key=lambda d: (files[d.span.path], d.span.line, d.span.column, d.code))
    if len(unique) <= MOST:
        return tuple(unique)
    last = unique[MOST - 1]
    notes = (*last.notes, f"only the first {MOST} errors are shown")
    return (*unique[: MOST - 1], replace(last, notes=notes))


def escape(text: str) -> str:
    """The text with every character that is not plainly printable as an escape (`\\x1b`, `\\u202e`)."""
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() else _escaped(ch) for ch in text)


def quote(text: object) -> str:
    """A value as a message shows it: in single quotes and cut to a bearable length."""
    shown = str(text)
    if len(shown) > _QUOTED:
        shown = shown[: _QUOTED - 3] + "..."
    return f"'{shown}'"


def suggest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was most likely meant, or None if nothing is near."""
    names = list(allowed)
    if len(word) > 100 or len(names) > 1000:
        return None
    folded = word.casefold().replace("_", "-")
    for name in names:
        if name != word and name.casefold().replace("_", "-") == folded:
            return name
    close = difflib.get_close_matches(word, names, n=1, cutoff=_CLOSE_ENOUGH)
    return close[0] if close else None


def allowed_help(word: str, allowed: Sequence[str], subject: str = "allowed") -> str:
    """What may stand there instead of `word`: the likely one first, then all of them if they are few."""
    likely = suggest(word, allowed)
    start = f"did you mean {quote(likely)}? " if likely else ""
    names = [name if len(name) <= _QUOTED else name[: _QUOTED - 3] + "..." for name in allowed]
    if len(names) <= _LISTED:
        return f"{start}{subject}: {', '.join(names) if names else 'nothing'}"
    if likely:
        return start.rstrip()
    return f"{subject}: {', '.join(names[:_LISTED])} and {len(names) - _LISTED} more"


def render(diagnostic: Diagnostic, line_text: str | None) -> str:
    """The diagnostic as text without a final newline; `line_text` is the source line its span starts on.

    The first line is `path:line:column: error[CODE]: message`. With a source line, the line and a
    caret under the piece meant follow, with the help beside the caret.
    """
    lines = [_headline(diagnostic)]
    number = str(diagnostic.span.line)
    gutter = " " * max(len(number), 2)
    if line_text is not None:
        shown, before, marked = _window(line_text, diagnostic.span)
        lines.append(f"  {number:>2} | {shown}".rstrip())
        lines += _beside(f"  {gutter} | {' ' * before}{'^' * marked}", gutter, before, diagnostic.help)
    elif diagnostic.help:
        lines += _wrapped(escape(diagnostic.help), "    ", "    ")
    for note in diagnostic.notes:
        lines += _wrapped(escape(note), f"  {gutter} = ", f"  {gutter}   ")
    return "\n".join(lines)


def render_all(diagnostics: Sequence[Diagnostic], line_of: Callable[[Span], str | None]) -> str:
    """All diagnostics one under the other, and how many there were."""
    parts = [render(diagnostic, line_of(diagnostic.span)) for diagnostic in diagnostics]
    count = len(parts)
    parts.append(f"{count} error{'' if count == 1 else 's'} in the input. Nothing was checked.")
    return "\n".join(parts)


def _headline(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = f"{escape(span.path)}:{span.line}:{span.column}"
    return f"{place}: error[{diagnostic.code}]: {escape(diagnostic.message)}"


def _escaped(ch: str) -> str:
    if ch in _ESCAPES:
        return _ESCAPES[ch]
    number = ord(ch)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _shown(text: str) -> str:
    return escape(text.replace("\t", " "))


def _columns(text: str) -> int:
    """How many terminal columns an escaped text takes."""
    if text.isascii():
        return len(text)
    return sum(_column(ch) for ch in text)


def _column(ch: str) -> int:
    if unicodedata.combining(ch):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1


def _window(line: str, span: Span) -> tuple[str, int, int]:
    """The part of a source line to show, the columns before the marked piece, and its length."""
    room = WIDTH - 9
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(start, min(end, len(line)))
    first = 0
    if len(line) > room and start > room // 2:
        first = start - room // 3
    cut = line[first : first + room]
    before = _columns(_shown(line[first:start]))
    marked = max(1, _columns(_shown(line[start : min(end, first + room)])))
    lead = "..." if first else ""
    tail = "..." if first + room < len(line) else ""
    return lead + _shown(cut) + tail, before + len(lead), marked


def _beside(carets: str, gutter: str, before: int, text: str | None) -> list[str]:
    """The caret line with the help beside it, or under it where it does not fit."""
    if not text:
        return [carets]
    shown = escape(text)
    if _columns(carets) + 1 + _columns(shown) <= WIDTH:
        return [f"{carets} {shown}"]
    indent = f"  {gutter} | " + " " * min(before, 20)
    return [carets, *_wrapped(shown, indent, indent)]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
