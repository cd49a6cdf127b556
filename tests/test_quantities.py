"""Sizes and ranges are read as people write them, and refused in a plain sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kexecspec.quantities import format_range, format_size, parse_range, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        (4096, 4096),
        ("0x1000", 4096),
        ("0x8000_0000", 0x8000_0000),
        ("1_000", 1000),
        ("64KiB", 65536),
        ("64 K", 65536),
        ("4MiB", 4 << 20),
        ("8G", 8 << 30),
        ("1TiB", 1 << 40),
        ("2gib", 2 << 30),
        ("16EiB", None),
        ("0", 0),
        ("12B", 12),
    ],
)
def test_sizes(text: str | int, size: int | None) -> None:
    if size is None:
        with pytest.raises(ValueError, match="unknown unit"):
            parse_size(text)
    else:
        assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a number is missing"),
        ("four", "not a number"),
        ("010", "starts with 0"),
        ("-1", "not a number"),
        ("1.5GiB", "not a number"),
        ("٣", "not a number"),
        ("9" * 50, "too long"),
        ("99999999999999TiB", "outside of 0"),
    ],
)
def test_sizes_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_size(text)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="outside of 0"):
        parse_size(-1)


@pytest.mark.parametrize(
    ("text", "start", "size"),
    [
        ("0x8000_0000 + 8GiB", 0x8000_0000, 8 << 30),
        ("0xe000_0000+256M", 0xE000_0000, 256 << 20),
        ("0x8000_0000 .. 0x9000_0000", 0x8000_0000, 0x1000_0000),
        ("0..4KiB", 0, 4096),
        ("0xffff_ffff_ffff_f000 + 4KiB", 0xFFFF_FFFF_FFFF_F000, 4096),
    ],
)
def test_ranges(text: str, start: int, size: int) -> None:
    assert parse_range(text) == (start, size)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0x1000", "START \\+ SIZE"),
        ("0x1000 + 0", "empty"),
        ("0x2000 .. 0x1000", "not after its start"),
        ("0x1000 .. 0x1000", "not after its start"),
        ("0xffff_ffff_ffff_f000 + 8KiB", "beyond 64 bits"),
        (" + 4KiB", "missing"),
        ("0x1000 + 4XB", "unknown unit"),
    ],
)
def test_ranges_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_range(text)


@given(st.integers(0, 2**63), st.integers(1, 2**62))
def test_ranges_read_back(start: int, size: int) -> None:
    assert parse_range(format_range(start, size)) == (start, size)


@given(st.text())
def test_any_text_gives_a_range_or_a_reason(text: str) -> None:
    try:
        start, size = parse_range(text)
    except ValueError as error:
        assert str(error)
    else:
        assert start >= 0
        assert size > 0


@pytest.mark.parametrize(("size", "text"), [(0, "0"), (1000, "1000"), (8 << 30, "8GiB"), (4096, "4KiB")])
def test_sizes_are_written_short(size: int, text: str) -> None:
    assert format_size(size) == text
