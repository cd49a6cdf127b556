"""The benchmark beside other checkers: what it asks about, and that a wrong verdict is told and never tabulated."""

from __future__ import annotations

import sys

import pytest

from benchmarks.peers import BROKEN, PROPERTY, SAFE, Measured, measure, own, platform, rows, wrong
from tests.export.peers import OPEN, PROVED, REFUTED, Peer


@pytest.mark.parametrize(("broken", "verdict"), [(False, PROVED), (True, REFUTED)])
def test_its_platforms_are_what_they_are_called(broken: bool, verdict: str) -> None:
    (check,) = (peer for peer in own(PROPERTY) if peer.name == "kexecspec check")
    found = measure(check, platform(2, broken).encode(), 1, 60)
    assert found.verdict == verdict and not found.late and found.mebibytes > 20


def test_a_wrong_verdict_and_one_that_changes_are_told() -> None:
    table = {
        ("one", SAFE, 4): Measured(1.0, 10.0, PROVED),
        ("one", BROKEN, 4): Measured(1.0, 10.0, PROVED),
        ("two", SAFE, 4): Measured(120.0, 10.0, OPEN, late=True),
        ("two", BROKEN, 4): Measured(1.0, 10.0, ""),
    }
    assert wrong(table) == [
        "one says PROVED of 4 drivers, one broken",
        "two says nothing that is known of 4 drivers, one broken",
    ]
    assert list(rows(table, (4, 8), 120))[2:] == [
        "| one, safe | 1.00 (10) | - |",
        "| two, safe | > 120 | - |",
        "| one, one broken | 1.00 (10) | - |",
        "| two, one broken | ? | - |",
    ]


def test_who_is_late_is_asked_once() -> None:
    sleeper = Peer("sleeper", "", (), "", lambda _: ((sys.executable, "-c", "import time; time.sleep(60)"),), str.strip)
    found = measure(sleeper, b"", 3, 1)
    assert found.late and found.verdict == OPEN and found.seconds < 10
