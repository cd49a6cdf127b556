"""What was imported, told apart from what was changed by hand: a short sum of each fact, in comments of the file."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

OURS = "#:"
"""How each comment begins that the import writes; all others are somebody's own."""
_SIZE = 4
_LINE = 75
_START = f"{OURS} sums of what was imported, by which an update knows what was changed by hand:"
Leaf = tuple[str, ...]


def leaves(content: Mapping[str, Any], above: Leaf = ()) -> Iterator[tuple[Leaf, Any]]:
    """Each fact with the keys that lead to it; a list, and a table with nothing in it, is one fact."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, str(key)))
        else:
            yield (*above, str(key)), value


def mark(leaf: Leaf, value: Any) -> bytes:
    """The sum of a fact. Of two facts in one file it is the same by a chance of one in four milliards."""
    return hashlib.blake2b(json.dumps([leaf, value]).encode(), digest_size=_SIZE).digest()


def marks_text(content: Mapping[str, Any]) -> Iterator[str]:
    """The lines that hold the sums of all facts of an import."""
    sums = b"".join(sorted(mark(*fact) for fact in leaves(content)))
    text = base64.b64encode(sums).decode("ascii")
    yield _START
    yield from (f"{OURS} {text[at : at + _LINE]}" for at in range(0, len(text), _LINE))


def read_marks(text: str) -> frozenset[bytes]:
    """The sums in the text of a file; none where they are not there or not whole."""
    _, start, after = text.partition(f"{_START}\n")
    lines = [line.removeprefix(OURS).strip() for line in after.splitlines() if line.startswith(OURS)]
    try:
        sums = base64.b64decode("".join(lines), validate=True) if start else b""
    except ValueError:
        sums = b""
    return frozenset(sums[at : at + _SIZE] for at in range(0, len(sums) - len(sums) % _SIZE, _SIZE))
