"""A platform file as text: a header of comments with what is open, then its content."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kexecspec.diagnostics import escape
from kexecspec.importers.compose.comments import NONE, Beside, Comments, within
from kexecspec.importers.compose.compose import Composed
from kexecspec.importers.compose.marks import OURS, marks_text
from kexecspec.tree import Path

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_RANGE = re.compile(r"0x[0-9a-f]+ \+ [0-9]+[KMGT]?i?B?")


def text_of(composed: Composed, comments: Comments = NONE, imported: Mapping[str, Any] | None = None) -> str:
    """The whole file, with somebody's `comments` in their places. Reading it gives the content again. `imported` is
    what the import said, where the content is not just that."""
    writer = _Writer(comments)
    lines = [*_header(composed), *writer.table(composed.content, (), 0), *writer.left()]
    return "\n".join([*lines, *marks_text(composed.content if imported is None else imported)]) + "\n"


def _header(composed: Composed) -> Iterator[str]:
    yield from _comment(
        f"{composed.title}, as `kexecspec import` reads it. What it takes to be so is marked `assumed`, what nobody "
        "said `unknown`, and verdicts then hold for every value."
    )
    if composed.questions:
        yield OURS
        yield from _comment("Open questions, each with the option of the import that answers it:")
    for number, question in enumerate(composed.questions, 1):
        yield from _comment(f"{number}. {question.asks} ({question.why}): {question.answer}", "  ", "     ")
    if composed.left:
        yield OURS
        yield from _comment("Left out:")
    for one in composed.left:
        yield from _comment(f"- {', '.join(one.names)}: {one.why}", "  ", "    ")


def _comment(text: str, first: str = "", rest: str = "") -> Iterator[str]:
    shown = escape(text).encode("ascii", "backslashreplace").decode("ascii")
    first, rest = f"{OURS} {first}", f"{OURS} {rest}"
    yield from textwrap.wrap(shown, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


class _Writer:
    """Writes tables, and remembers which comments have found their place."""

    def __init__(self, comments: Comments) -> None:
        self.comments = dict(comments)

    def table(self, content: Mapping[str, Any], path: Path, depth: int) -> Iterator[str]:
        for key, value in content.items():
            yield from self._entry(f"{'  ' * depth}{scalar(key)}:", value, (*path, str(key)), depth)

    def left(self) -> Iterator[str]:
        """The comments whose facts are gone, and those from the end of the file."""
        for beside in self.comments.values():
            yield from (*beside.above, *([beside.behind] if beside.behind else []))

    def _entry(self, start: str, value: Any, path: Path, depth: int) -> Iterator[str]:
        short, indent = flow(value), "  " * depth
        fits = len(start) + len(short) < WIDTH and (depth or _is_flat(value))
        is_line = not isinstance(value, dict | list) or not value or bool(fits)
        beside = self._taken(path, is_line or isinstance(value, list))
        yield from (indent + line for line in beside.above)
        end = f"  {beside.behind}" if beside.behind else ""
        if is_line:
            yield f"{start} {short}{end}"
            return
        yield start + end
        if isinstance(value, dict):
            yield from self.table(value, path, depth + 1)
        else:
            yield from (f"{indent}  - {flow(item)}" for item in value)

    def _taken(self, path: Path, whole: bool) -> Beside:
        found = within(self.comments, path) if whole else self.comments.get(path, Beside())
        for other in [o for o in self.comments if o == path or whole and path and o[: len(path)] == path]:
            del self.comments[other]
        return found


def _is_flat(value: Any) -> bool:
    """Whether it has no tables inside, so that one line shows it well."""
    inside: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not any(isinstance(item, dict) for item in inside)


def flow(value: Any) -> str:
    """A value on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(item) for item in value) + "]"
        case _:
            return scalar(value)


def scalar(value: Any) -> str:
    """A text, number or truth value as YAML reads it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "null"
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS or _RANGE.fullmatch(text):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(ch: str) -> str:
    if ord(ch) == 0x7F or ord(ch) > 0xFFFF:
        return f"\\U{ord(ch):08x}"
    return json.dumps(ch)[1:-1]
