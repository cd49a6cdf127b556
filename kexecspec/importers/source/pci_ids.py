"""Ids with symbols in them: what a row of a table is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(PCI_\w+)[ \t]+(\w+)", re.MULTILINE)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")


def symbols(root: Path) -> Mapping[str, str]:
    """The names of include/linux/pci_ids.h with their values; none where it cannot be read."""
    try:
        text = (root / "include/linux/pci_ids.h").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(_DEFINE.findall(text[: 1 << 21]))


def fits(table: str, row: str, text: str, named: Mapping[str, str]) -> bool:
    """Whether a row of a table is for the device `text`: `VENDOR:DEVICE` or `VENDOR:DEVICE/CLASS` in hex for pci
    and usb, the peripheral's id in hex for amba."""
    if table == "amba":
        number, mask, asked = (_number(t, {}) for t in (*row.partition("/")[::2], text))
        return None not in (number, mask, asked) and (asked or 0) & (mask or 0) == number
    own, _, own_class = row.partition("/")
    asked_ids, _, asked_class = text.partition("/")
    if not own_class and own in ("*:*", "PCI_ANY_ID:PCI_ANY_ID"):
        return False  # a stub's row: it is bound by a user's word only
    pairs = list(zip(own.split(":"), asked_ids.split(":"), strict=False))
    if own_class:
        mine, theirs = _number(own_class, named), _hex(asked_class)
        if mine is None or theirs is None or mine != theirs >> (8 if mine <= 0xFFFF < theirs else 0):
            return False
    return len(pairs) == 2 and all(_fits(mine, theirs, named) for mine, theirs in pairs)


def _fits(mine: str, theirs: str, named: Mapping[str, str]) -> bool:
    if mine in ("*", "PCI_ANY_ID"):
        return True
    number = _number(mine, named)
    return number is not None and number == _hex(theirs)


def _number(text: str, named: Mapping[str, str]) -> int | None:
    text = text.strip().strip("()").strip()
    for _ in range(4):
        text = named.get(text, text)
    return (
        int(text, 0)
        if _NUMBER.fullmatch(text) and not (len(text) > 1 and text[0] == "0" and text[1].isdigit())
        else None
    )


def _hex(text: str) -> int | None:
    digits = text.strip().lower().removeprefix("0x")
    return int(digits, 16) if digits and len(digits) <= 8 and all(c in "0123456789abcdef" for c in digits) else None
