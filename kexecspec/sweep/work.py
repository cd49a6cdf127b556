"""What an executor is given to do: to judge some platforms, in a process of their own that is kept for the next."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from kexecspec import hashes
from kexecspec.cache.place import Cache
from kexecspec.library import Library, library
from kexecspec.sweep.identity import Made
from kexecspec.sweep.judging import Judge, Question
from kexecspec.sweep.result import Answer
from kexecspec.tree import Table


@dataclass(frozen=True)
class Job:
    """A platform file's tree to judge; `key` is whatever whoever asks knows it by."""

    key: int
    tree: Table
    path: str


class Unlike(Exception):
    """A worker has other specifications, another tool or another solver than whoever asks."""


def judge_chunk(
    jobs: Sequence[Job], made: Made, seconds: float, cache: Cache | None = None, specs: Library | None = None
) -> list[tuple[int, Answer, float]]:
    """For each job its key, the answer, and how long it took; a job is given up after `seconds`. `cache` has answers of
    earlier runs; `specs` are those of this installation with what is laid over them, from folders that are here, too.

    Runs wherever an executor wants. Raises Unlike, or Stopped where this process is told to end.
    """
    _check_alike(made, specs or library())
    judge = judges().mine()
    found = []
    for job in jobs:
        began = time.monotonic()
        answer = judge.ask(Question(job.tree, job.path, made.only, made.rlimit, cache=cache, specs=specs), seconds)
        found.append((job.key, answer, time.monotonic() - began))
    return found


@dataclass
class Judges:
    """The judges of this process, one for each thread that asks."""

    local: threading.local = field(default_factory=threading.local)
    all: list[Judge] = field(default_factory=list)

    def mine(self) -> Judge:
        """The judge of this thread."""
        judge = getattr(self.local, "judge", None)
        if judge is None or judge.stopped:
            judge = self.local.judge = Judge()
            self.all.append(judge)
        return judge

    def stop(self) -> None:
        """Ends all that there are."""
        while self.all:
            self.all.pop().stop()


@functools.cache
def judges() -> Judges:
    """Those of this process."""
    return Judges()


def _check_alike(made: Made, specs: Library) -> None:
    names, here = ("specifications", "tool", "z3"), hashes.of_installation(specs)
    for name, ours, theirs in zip(names, here, (made.specs, made.tool, made.z3), strict=True):
        if ours != theirs:
            raise Unlike(f"a worker has another kexecspec: {name} {ours[:12]}, here {theirs[:12]}")
