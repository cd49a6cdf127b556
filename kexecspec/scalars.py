"""What an unquoted word of a file means. Fewer things than YAML 1.1 says, so that nothing surprises.

`true` and `false` are truth values, `null`, `~` and nothing at all are nothing, decimal and `0x`
numbers are numbers. All else is text: `no`, `off`, `5.10`, `0123`, `10:30`, `1e3`.
"""

from __future__ import annotations

import re

LONGEST_NUMBER = 40
"""Digits and underscores of the longest number; anything longer is refused before it is computed."""

_NUMBER = re.compile(r"[-+]?(0[xX][0-9A-Fa-f]+(_[0-9A-Fa-f]+)*|0|[1-9][0-9]*(_[0-9]+)*)")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_TRUTH = {"yes": "true", "on": "true", "y": "true", "true": "true"}
_FALSEHOOD = {"no": "false", "off": "false", "n": "false", "false": "false"}
_NUMBER_TRAPS = (
    (re.compile(r"[-+]?0[0-9_]+"), "a leading 0 makes no number here (elsewhere it means octal)"),
    (re.compile(r"[-+]?0[oObB][0-9_]+"), "only decimal and 0x numbers are numbers here"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+"), "this is text here (elsewhere base 60)"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?"),
        "there are no fractions here; this is text",
    ),
    (re.compile(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"), "there are no fractions here; this is text"),
)


def resolve(text: str) -> str | int | bool | None:
    """The value of an unquoted scalar. Raises ValueError for a number that is absurdly long."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-0123456789" or not _NUMBER.fullmatch(text):
        return text
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"the number is longer than {LONGEST_NUMBER} digits")
    return int(text.replace("_", ""), 0)


def truth_meant(text: str) -> str | None:
    """`true` or `false` where another YAML would have read the text as that, else None."""
    folded = text.strip().lower()
    return _TRUTH.get(folded) or _FALSEHOOD.get(folded)


def number_trap(text: str) -> str | None:
    """Why a text that looks like a number is none, else None."""
    if len(text) > LONGEST_NUMBER:
        return None
    return next((reason for shape, reason in _NUMBER_TRAPS if shape.fullmatch(text)), None)
