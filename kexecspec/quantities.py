"""Sizes, addresses and ranges as people write them: `256MiB`, `0x8000_0000 + 8GiB`, `0x0 .. 0x1000`."""

from __future__ import annotations

import re
from functools import lru_cache

ADDRESS_LIMIT = 1 << 64
"""One past the last physical address there can be."""

_SUFFIXES = {"": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40, "KIB": 10, "MIB": 20, "GIB": 30, "TIB": 40}
_DECIMAL = re.compile(r"[0-9]+(?:_[0-9]+)*")
_NUMBER = re.compile(r"(0[xX][0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|[0-9]+(?:_[0-9]+)*)\s*([A-Za-z]*)")
_LONGEST = 40


def parse_size(text: str | int) -> int:
    """Bytes of a size such as `4096`, `0x1000`, `64KiB`, `8G`. Raises ValueError with a plain sentence.

    K, M, G and T mean the same as KiB, MiB, GiB and TiB: powers of 1024, as in the kernel's command line.
    """
    if isinstance(text, int):
        return _bounded(text, str(text))
    number, suffix = _split(text.strip())
    if suffix.upper() not in _SUFFIXES:
        raise ValueError(f"unknown unit '{suffix}': KiB, MiB, GiB and TiB (or K, M, G, T) are known")
    return _bounded(number << _SUFFIXES[suffix.upper()], text.strip())


def parse_address(text: str | int) -> int:
    """An address such as `0x8000_0000` (or with a unit, `2GiB`). Raises ValueError with a plain sentence."""
    return parse_size(text)


def parse_range(text: str) -> tuple[int, int]:
    """(start, size) of `START + SIZE` or of `START .. END`, END exclusive. Raises ValueError.

    A range is never empty and ends within 64 bits.
    """
    return _range(text)


@lru_cache(maxsize=1 << 14)
def _range(text: str) -> tuple[int, int]:
    if ".." in text:
        first, _, last = text.partition("..")
        start, end = parse_address(first), parse_address(last)
        if end <= start:
            raise ValueError(
                f"the range ends at {end:#x}, not after its start {start:#x}; the end is exclusive"
            )
        return start, end - start
    first, plus, second = text.partition("+")
    if not plus:
        raise ValueError("a range is START + SIZE or START .. END, such as 0x8000_0000 + 8GiB")
    start, size = parse_address(first), parse_size(second)
    if size == 0:
        raise ValueError("the range is empty: its size is 0")
    if start + size > ADDRESS_LIMIT:
        raise ValueError(f"the range ends at {start + size:#x}, beyond 64 bits")
    return start, size


def format_size(size: int) -> str:
    """The shortest exact way to write a size: `8GiB`, `4KiB`, `1000`."""
    for unit, shift in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size and size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return str(size)


def format_range(start: int, size: int) -> str:
    """A range as parse_range reads it back."""
    return f"{start:#x} + {format_size(size)}"


def _split(text: str) -> tuple[int, str]:
    if len(text) > _LONGEST:
        raise ValueError("the number is too long")
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a number with a unit" if text else "a number is missing")
    digits = match.group(1)
    if _DECIMAL.fullmatch(digits):
        if len(digits) > 1 and digits.startswith("0"):
            raise ValueError(f"'{digits}' starts with 0; write it without, or in hexadecimal with 0x")
        return int(digits.replace("_", "")), match.group(2)
    return int(digits[2:].replace("_", ""), 16), match.group(2)


def _bounded(number: int, text: str) -> int:
    if not 0 <= number <= ADDRESS_LIMIT:
        raise ValueError(f"'{text[:_LONGEST]}' is outside of 0 .. 2^64")
    return number
