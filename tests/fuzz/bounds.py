"""One input at a time, within a limit of time and memory."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from types import FrameType

SECONDS = 5.0
MEMORY = 6 << 30
"""Address space, not memory in use: a solver's and a fuzzer's own libraries count as well."""


class TooLong(BaseException):
    """An input took longer than SECONDS. No handler of the tool may swallow it."""


def limit_memory() -> None:
    """From now on this process gets no more than MEMORY."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def bounded(target: Callable[[bytes], None], content: bytes, seconds: float = SECONDS) -> None:
    """Runs `target` on `content`. Raises what it raises, and TooLong."""
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        target(content)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(_: int, __: FrameType | None) -> None:
    raise TooLong
