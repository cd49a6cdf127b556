"""The content of a platform file, after `extends`, as YAML of its own: plain ASCII, all text in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kexecspec.source import Plain

_SAFE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset(("true", "false", "null", "y", "n", "yes", "no", "on", "off"))
_HEAD = "# The platform that this certificate is about, with everything that its file extends.\n"


def platform_text(content: Plain, head: str = _HEAD) -> str:
    """The file's text after the comment `head`; reading it gives `content` again."""
    return head + "\n".join(_lines(content, "")) + "\n"


def _lines(node: Plain, indent: str) -> Iterator[str]:
    match node:
        case dict() if node:
            for key, value in node.items():
                yield from _entry(f"{indent}{_key(key)}:", value, indent)
        case list() if node:
            for value in node:
                yield from _entry(f"{indent}-", value, indent)
        case _:
            yield indent + _scalar(node)


def _entry(head: str, value: Plain, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _lines(value, indent + "  ")
    else:
        yield f"{head} {_scalar(value)}"


def _key(key: str) -> str:
    return key if _SAFE_KEY.fullmatch(key) and key.lower() not in _WORDS else _quoted(key)


def _scalar(value: Plain) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case dict():
            return "{}"
        case list():
            return "[]"


def _quoted(text: str) -> str:
    return '"' + "".join(_character(ch) for ch in text) + '"'


def _character(ch: str) -> str:
    if ch in '"\\':
        return "\\" + ch
    if " " <= ch <= "~":
        return ch
    number = ord(ch)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
