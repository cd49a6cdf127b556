"""The exit codes, and which of several counts."""

from __future__ import annotations

from collections.abc import Iterable

PROVED, REFUTED, UNUSABLE, UNDECIDED, DISAGREES, INTERRUPTED = 0, 1, 2, 3, 4, 130
TERMINATED = 143
"""Ended by SIGTERM: what a shell shows for it."""
UNREAD = 141
"""Whoever read our output has gone, so that nobody saw the verdict: what a shell shows for SIGPIPE."""

GRAVEST_FIRST = (INTERRUPTED, DISAGREES, UNUSABLE, REFUTED, UNDECIDED, PROVED)
"""Of several files the gravest code counts: a tool that disagrees with itself makes every other answer
worthless, an input that could not be judged comes before what the others say, and an undecided property
is not as grave as a refuted one."""


def gravest(codes: Iterable[int]) -> int:
    """The one code of several, by GRAVEST_FIRST; 0 for none."""
    return min(codes, key=GRAVEST_FIRST.index, default=PROVED)
