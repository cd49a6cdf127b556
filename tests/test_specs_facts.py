"""The library's facts come to what tests/library.expect says: no fact changes unseen."""

from __future__ import annotations

from tests.library_facts import EXPECTED, library_text, mentioned


def test_the_library_comes_to_what_its_expect_file_says() -> None:
    assert library_text() == EXPECTED.read_text()


def test_releases_beside_each_named_one_are_looked_at() -> None:
    named = [str(version) for version in mentioned({"since": "5.14-rc5", "backports": {"5.10": "5.10.58"}})]

    assert named == ["5.10.57", "5.10.58", "5.10.59", "5.14-rc4", "5.14-rc5", "5.14-rc6"]
