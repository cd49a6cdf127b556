"""One input at a time, within a limit of time and memory."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from types import FrameType

SECONDS = 5.0
"""Of the processor's time for one input, so that a busy machine finds nothing by itself."""
WAITING = 12
"""So many times as long an input may take by the clock: nothing is waited for."""
MEMORY = 6 << 30
"""Address space, not memory in use: a solver's and a fuzzer's own libraries count as well."""
_TIMERS = ((signal.ITIMER_PROF, signal.SIGPROF, 1), (signal.ITIMER_REAL, signal.SIGALRM, WAITING))


class TooLong(BaseException):
    """An input took longer than it may. No handler of the tool may swallow it."""


def limit_memory() -> None:
    """From now on this process gets no more than MEMORY."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def bounded(target: Callable[[bytes], None], content: bytes, seconds: float = SECONDS) -> None:
    """Runs `target` on `content`. Raises what it raises, and TooLong."""
    before = [signal.signal(number, _ring) for _, number, _ in _TIMERS]
    for timer, _, times in _TIMERS:
        signal.setitimer(timer, seconds * times)
    try:
        target(content)
    finally:
        for (timer, number, _), handler in zip(_TIMERS, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _ring(_: int, __: FrameType | None) -> None:
    raise TooLong
