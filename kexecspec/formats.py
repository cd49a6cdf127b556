"""The `format` words of our schemas: texts whose form a pattern would describe badly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from kexecspec.handoff_text import parse_handoff
from kexecspec.quantities import parse_range, parse_size


def _range(value: object) -> bool:
    if isinstance(value, str):
        parse_range(value)
    return True


def _size(value: object) -> bool:
    if isinstance(value, str | int) and not isinstance(value, bool):
        parse_size(value)
    return True


def _handoff(value: object) -> bool:
    if isinstance(value, str):
        parse_handoff(value)
    return True


def _date(value: object) -> bool:
    if isinstance(value, str):
        try:
            written = date.fromisoformat(value).isoformat()
        except ValueError:
            written = ""
        if written != value:
            raise ValueError("a date is written year, month, day, such as 2027-03-31, and there has to be such a day")
    return True


def _or_unknown(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value == "unknown" or check(value)


CHECKS: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {
        "range": _range,
        "range-or-unknown": _or_unknown(_range),
        "size": _size,
        "size-or-unknown": _or_unknown(_size),
        "handoff": _handoff,
        "date": _date,
    }
)
"""A check for each format: True, or ValueError with the reason in a plain sentence."""
