"""Kernel versions: reading, order, and what a stable release has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kexecspec.versions import Version, holds, parse_version

v = parse_version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.10", Version(5, 10)),
        ("5.10.0", Version(5, 10)),
        ("v5.10.61", Version(5, 10, 61)),
        ("6.2-rc3", Version(6, 2, candidate=3)),
        ("6.2.0-rc3", Version(6, 2, candidate=3)),
        ("6.2.1-rc1", Version(6, 2, 1, candidate=1)),
        ("5.10.19.8", Version(5, 10, 19, 8)),
        ("6.1.0-13-amd64", Version(6, 1, local="-13-amd64")),
        ("6.12.117-1~deb12u1", Version(6, 12, 117, local="-1~deb12u1")),
        ("6.2.0-rc3-00012-gdeadbeef", Version(6, 2, candidate=3, local="-00012-gdeadbeef")),
        ("5.10.61+", Version(5, 10, 61, local="+")),
        ("  4.19.51\n", Version(4, 19, 51)),
    ],
)
def test_reads(text: str, expected: Version) -> None:
    found = v(text)
    assert found == expected
    assert found.local == expected.local


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("next-20261118", "linux-next"),
        ("", "no kernel version"),
        ("5", "no kernel version"),
        ("5.x", "no kernel version"),
        ("five", "no kernel version"),
        ("5.10.", "no kernel version"),
        ("5.10.1.2.3", "no kernel version"),
        ("5.10-rc", "no kernel version"),
        ("5.10-rcx", "no kernel version"),
        ("5.10 61", "no kernel version"),
        ("-5.10", "no kernel version"),
        ("٥.١٠", "no kernel version"),
        ("2.6.32", "older than Linux 3.0"),
        ("5." + "1" * 500, "no kernel version"),
    ],
)
def test_refuses(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        v(text)


def test_message_is_plain() -> None:
    with pytest.raises(ValueError) as caught:
        v("5.ten")
    assert str(caught.value) == "'5.ten' is no kernel version; write it like 5.10, 5.10.61 or 6.2-rc3"


def test_order() -> None:
    written = ["4.19", "4.19.51", "5.9", "5.10-rc1", "5.10-rc10", "5.10", "5.10.19", "5.10.19.8"]
    written += ["5.10.20-rc1", "5.10.20", "5.11", "6.2-rc3", "6.2-rc4", "6.2", "6.2.1-rc1", "6.2.1"]
    versions = [v(text) for text in written]
    assert sorted(versions, reverse=True) == list(reversed(versions))
    assert v("5.2") < v("5.10")


def test_local_suffix_has_no_rank() -> None:
    assert v("5.10.61-yocto") == v("5.10.61")
    assert hash(v("5.10.61-yocto")) == hash(v("5.10.61"))
    assert not v("5.10.61") < v("5.10.61-yocto")


def test_is_frozen() -> None:
    with pytest.raises(AttributeError):
        v("5.10").major = 6  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "series", "base"),
    [
        ("5.10.61", "5.10", "5.10"),
        ("6.2-rc3", "6.2", "6.2-rc3"),
        ("6.2", "6.2", "6.2"),
        ("5.10.0.8", "5.10", "5.10"),
        ("6.2.1-rc1", "6.2", "6.2"),
    ],
)
def test_series_and_base(text: str, series: str, base: str) -> None:
    assert v(text).series == series
    assert v(text).base == v(base)


BACKPORTS = {"5.4": v("5.4.140"), "5.10": v("5.10.58")}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("5.14-rc4", False),
        ("5.14-rc5", True),
        ("5.14", True),
        ("5.14.1", True),
        ("5.15.3", True),
        ("6.12.117", True),
        ("5.13", False),
        ("5.13.19", False),
        ("5.12.19", False),
        ("5.10", False),
        ("5.10.19", False),
        ("5.10.57", False),
        ("5.10.58-rc1", False),
        ("5.10.58", True),
        ("5.10.61", True),
        ("5.10.57.9", False),
        ("5.10.58.1", True),
        ("5.10.0-8-arm64", False),
        ("5.4.139", False),
        ("5.4.140", True),
        ("4.19.300", False),
        ("5.10-rc7", False),
    ],
)
def test_feature_with_backports(version: str, expected: bool) -> None:
    assert holds(v("5.14-rc5"), None, BACKPORTS, v(version)) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("5.5", False),
        ("5.6-rc1", True),
        ("5.6", True),
        ("5.10.262", True),
        ("6.1", True),
        ("6.1.3", True),
        ("6.1.6", True),
        ("6.1.7", False),
        ("6.1.192", False),
        ("6.2-rc3", True),
        ("6.2-rc4", False),
        ("6.2", False),
        ("6.12.117", False),
    ],
)
def test_feature_that_went_away(version: str, expected: bool) -> None:
    assert holds(v("5.6-rc1"), v("6.2-rc4"), {}, v(version), {"6.1": v("6.1.7")}) is expected


def test_feature_that_a_series_got_and_lost_again() -> None:
    def has(version: str) -> bool:
        return holds(v("5.5-rc7"), v("5.14-rc5"), {"5.4": v("5.4.15")}, v(version), {"5.4": v("5.4.141")})

    assert [has(text) for text in ("5.4.14", "5.4.15", "5.4.140", "5.4.141")] == [False, True, True, False]


def test_never_merged() -> None:
    assert not holds(None, None, {}, v("7.3"))
    assert holds(None, None, {"5.10": v("5.10.5")}, v("5.10.6"))


RELEASES = st.builds(
    Version,
    st.integers(3, 9),
    st.integers(0, 30),
    st.integers(0, 300),
    st.integers(0, 3),
    st.none() | st.integers(1, 12),
)


@given(RELEASES)
def test_written_and_read_again(version: Version) -> None:
    assert parse_version(str(version)) == version


@given(RELEASES, RELEASES)
def test_order_is_total(one: Version, other: Version) -> None:
    assert (one < other) + (one == other) + (other < one) == 1


@given(RELEASES, RELEASES, RELEASES)
def test_without_backports_a_series_has_what_it_began_with(
    since: Version, until: Version, version: Version
) -> None:
    assert holds(since, until, {}, version) == holds(since, until, {}, version.base)


@given(st.text(max_size=60))
def test_any_text_is_a_version_or_a_plain_error(text: str) -> None:
    try:
        parse_version(text)
    except ValueError as error:
        assert "\n" not in str(error)
