"""A platform file as text: a header of comments with what is open, then its content."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kexecspec.diagnostics import escape
from kexecspec.importers.compose.compose import Composed

WIDTH = 110
MODELINE = "# yaml-language-server: $schema=../../schemas/platform.schema.json"
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_RANGE = re.compile(r"0x[0-9a-f]+ \+ [0-9]+[KMGT]?i?B?")


def text_of(composed: Composed) -> str:
    """The whole file. Reading it gives the content again."""
    return "\n".join([*_header(composed), *_table(composed.content, 0)]) + "\n"


def _header(composed: Composed) -> Iterator[str]:
    yield from _comment(
        f"{composed.title}, as `kexecspec import` reads it. What it takes to be so is marked `assumed`, what"
    )
    yield from _comment("nobody said `unknown`, and verdicts then hold for every value.")
    if composed.questions:
        yield "#"
        yield "# Open questions, each with the option of the import that answers it:"
    for number, question in enumerate(composed.questions, 1):
        yield from _comment(f"{number}. {question.asks} ({question.why}): {question.answer}", "  ", "     ")
    if composed.left:
        yield "#"
        yield "# Left out:"
    for one in composed.left:
        yield from _comment(f"- {', '.join(one.names)}: {one.why}", "  ", "    ")


def _comment(text: str, first: str = "", rest: str = "") -> Iterator[str]:
    shown = escape(text).encode("ascii", "backslashreplace").decode("ascii")
    yield from textwrap.wrap(
        shown, WIDTH, initial_indent=f"# {first}", subsequent_indent=f"# {rest}", break_on_hyphens=False
    )


def _table(content: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, value in content.items():
        yield from _entry(f"{'  ' * depth}{scalar(key)}:", value, depth)


def _entry(start: str, value: Any, depth: int) -> Iterator[str]:
    short = flow(value)
    if (
        not isinstance(value, dict | list)
        or not value
        or len(start) + len(short) < WIDTH
        and (depth or _is_flat(value))
    ):
        yield f"{start} {short}"
    elif isinstance(value, dict):
        yield start
        yield from _table(value, depth + 1)
    else:
        yield start
        yield from (f"{'  ' * depth}  - {flow(item)}" for item in value)


def _is_flat(value: Any) -> bool:
    """Whether it has no tables inside, so that one line shows it well."""
    inside: Iterable[Any] = value.values() if isinstance(value, dict) else value
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
