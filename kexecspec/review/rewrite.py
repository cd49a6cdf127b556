"""A platform file's text changed at places, everything else as it was: comments, order and layout stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from kexecspec.diagnostics import Span
from kexecspec.review.repairs import Edit
from kexecspec.source import parse
from kexecspec.tree import Node, Path, Plain, Scalar, Table

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "none"])


def rewritten(text: str, edits: Iterable[Edit]) -> str:
    """`text` with each value at its place: in place of what stands there, else behind the last entry of the innermost
    mapping that is there. Raises InputError for a text that is no YAML."""
    for edit in edits:
        text = _edited(text, edit.path, edit.value)
    return text


def flow(value: Plain) -> str:
    """A value in one line of YAML."""
    match value:
        case dict():
            return "{" + ", ".join(f"{flow(key)}: {flow(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int():
            return str(value)
        case _:
            plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
            return value if plain else json.dumps(value)


def _edited(text: str, path: Path, value: Plain) -> str:
    node: Node = parse(text, "")
    done = 0
    while done < len(path) and isinstance(node, Table) and (below := node.get(str(path[done]))) is not None:
        node, done = below, done + 1
    if done == len(path) or not isinstance(node, Table):
        rest = value
        for key in reversed(path[done:]):
            rest = {str(key): rest}
        return _replaced(text, node.span, flow(rest))
    for key in reversed(path[done + 1 :]):
        value = {str(key): value}
    return _inserted(text, node, f"{flow(str(path[done]))}: {flow(value)}")


def _inserted(text: str, table: Table, entry: str) -> str:
    lines = text.splitlines(keepends=True)
    start = _offset(lines, table.span.line, table.span.column)
    if text[start : start + 1] == "{":
        end = _offset(lines, table.span.end_line, table.span.end_column) - 1
        head = text[:end].rstrip()
        comma = "" if head.endswith(("{", ",")) else ","
        return f"{head}{comma}{'' if head.endswith('{') else ' '}{entry}{text[end:]}"
    first, last = table.entries[0].key.span, table.entries[-1]
    line = _last_line(last.value if _span_after(last.value, last.key) else last.key, lines)
    if lines and not lines[line - 1].endswith("\n"):
        lines[line - 1] += "\n"
    lines.insert(line, " " * (first.column - 1) + entry + "\n")
    return "".join(lines)


def _span_after(node: Node, key: Scalar) -> bool:
    return (node.span.end_line, node.span.end_column) > (key.span.end_line, key.span.end_column)


def _last_line(node: Node, lines: list[str]) -> int:
    """The number of the last line that belongs to a node: what follows of blank lines and comments does not."""
    line = node.span.end_line - (1 if node.span.end_column == 1 else 0)
    line = min(line, len(lines))
    while line > node.span.line and (not lines[line - 1].strip() or lines[line - 1].lstrip().startswith("#")):
        line -= 1
    return line


def _replaced(text: str, span: Span, new: str) -> str:
    lines = text.splitlines(keepends=True)
    start, end = _offset(lines, span.line, span.column), _offset(lines, span.end_line, span.end_column)
    old = text[start:end]
    kept = old[len(old.rstrip()) :]
    indent = " " if span.column == 1 else ""
    return text[:start] + indent + new + kept + text[end:]


def _offset(lines: list[str], line: int, column: int) -> int:
    return sum(map(len, lines[: line - 1])) + column - 1
