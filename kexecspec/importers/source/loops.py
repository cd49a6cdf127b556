"""Loop macros: the head of `for_each_child(a, b)` is made one of a `while`, which the grammar of C knows."""

from __future__ import annotations

import re

_LOOP = re.compile(rb"(?<=[;{}):])(\s*(?:\belse\s+)?)(\w*for_each\w*)(\s*\()")
_PAREN = re.compile(rb"[()]")
_LONGEST_HEAD = 600


def with_loops(text: bytes) -> bytes:
    """`text` with `while` in the place of a loop macro's name, where a statement begins and a statement follows; every
    byte stays where it was."""
    made = bytearray(text)
    for found in _LOOP.finditer(text):
        end = _closing(text, found.end())
        after = text[end : end + 200].lstrip()[:1]
        if after and (after in b"{*(_" or after.isalpha()):
            start, stop = found.span(2)
            made[start:stop] = b"while".ljust(stop - start)
    return bytes(made)


def _closing(text: bytes, at: int) -> int:
    """Just behind the parenthesis that closes the one before `at`."""
    depth = 1
    for found in _PAREN.finditer(text, at, at + _LONGEST_HEAD):
        depth += 1 if found.group() == b"(" else -1
        if depth == 0:
            return found.end()
    return len(text)
