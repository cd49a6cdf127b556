"""Chosen tests, run until the first that fails; a test that takes far longer than it should has failed too."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from types import FrameType

import pytest

Timed = tuple[str, float]
PATIENCE, FACTOR = 8.0, 10.0


class Watch:
    """A pytest plugin: the first failing test, and a limit on the processor time of each."""

    def __init__(self, tests: Sequence[Timed]) -> None:
        self.limits = dict(tests)
        self.failed = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        signal.signal(signal.SIGVTALRM, self._late)
        signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE + FACTOR * self.limits.get(item.nodeid, 1.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def _late(self, number: int, frame: FrameType | None) -> None:
        raise TimeoutError("far too long")


def undivided() -> None:
    """From here on what would be solved in a process of its own is solved in this one."""
    from kexecspec.solve import aside

    def started(*_: object) -> None:
        raise OSError("no further process")

    vars(aside)["_started"] = started


def failing(tests: Sequence[Timed]) -> str:
    """The first of `tests` (with the time each takes) that fails; empty where none does."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    undivided()
    watch = Watch(tests)
    options = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--no-header"]
    code = pytest.main([*options, *(name for name, _ in tests)], plugins=[watch])
    return watch.failed or ("" if code in (0, 5) else "the tests cannot be loaded")
