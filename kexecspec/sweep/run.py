"""A sweep as it runs: what is known already is taken over, equal systems are judged once, the rest goes to an executor,
and each result is kept before the next one is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from kexecspec.cache.place import Cache
from kexecspec.library import library
from kexecspec.sweep.plan import Plan, Planned, Ready, Unfit, prepared
from kexecspec.sweep.result import INPUT_ERROR, JUDGED, Answer, Row, unanswered
from kexecspec.sweep.work import Job, Unlike, judge_chunk

Keep = Callable[[Row], None]
Said = list[tuple[int, Answer, float]]

SECOND = 1.0
"""About as long as a chunk takes."""
LARGEST_CHUNK = 16
SHARES = 8
"""No chunk has more than such a part of what is left, so that towards the end nobody waits for the last one."""
FIRST = 32
"""So many chunks are given away before anybody knows how long one takes."""
RETRIES = 2
"""So often a combination is asked for again, by itself, whose worker is lost."""


class Gone(Exception):
    """Nobody is left to work; the message says how that came."""


@dataclass(frozen=True)
class Crew:
    """Who works: an executor, how many chunks it is given at a time, and whether a chunk may have several platforms.
    `cache` has answers of earlier runs, for those who work on this machine."""

    executor: Executor
    window: int
    several: bool
    cache: Cache | None = None


def reused(plan: Plan, earlier: Sequence[Row]) -> tuple[Row, ...]:
    """The rows of `plan` that need no judging, for `earlier` ones have the same id and were judged."""
    judged = {row.id: row for row in earlier if row.answer.outcome == JUDGED}
    return tuple(
        replace(judged[one.id], number=one.combination.number, names=one.combination.names)
        for one in plan.mine
        if one.id in judged
    )


def swept(plan: Plan, earlier: Sequence[Row], crew: Crew, seconds: float, keep: Keep) -> None:
    """Judges what `plan` has and `earlier` rows do not answer (see `reused`); `keep` gets every new row as it comes.

    A combination is given up after `seconds`. Raises Unlike where a worker is another kexecspec, Gone where no worker
    is left, and whatever `keep` raises.
    """
    done = {row.number for row in reused(plan, earlier)}
    todo = [one for one in plan.mine if one.combination.number not in done]
    answered = {row.system: row for row in earlier if row.answer.outcome == JUDGED and row.system is not None}
    _Sweep(plan, crew, seconds, keep, answered).run(todo)


@dataclass
class _Sweep:
    """`answered` holds a row for each system that has one, `waiting` those that wait for one that is being judged."""

    plan: Plan
    crew: Crew
    seconds: float
    keep: Keep
    answered: dict[str, Row]
    waiting: dict[str, list[Ready]] = field(default_factory=dict)
    flying: dict[Future[Said], list[Ready]] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    again: list[Ready] = field(default_factory=list)
    spent: float = 0.0
    judged: int = 0
    left: int = 0

    def run(self, todo: Sequence[Planned]) -> None:
        fresh, self.left = self._fresh(todo), len(todo)
        while True:
            while len(self.flying) < self._window() and (chunk := self._chunk(fresh)):
                self._submit(chunk)
            if not self.flying:
                return
            for future in wait(self.flying, return_when=FIRST_COMPLETED).done:
                self._take(future, self.flying.pop(future))

    def _window(self) -> int:
        """How many chunks may be with the executor now."""
        return self.crew.window if self.judged else min(self.crew.window, FIRST)

    def _fresh(self, todo: Sequence[Planned]) -> Iterator[Ready]:
        """What has to be judged; what needs no judging is kept on the way."""
        specs = self.plan.specs or library()
        for planned in todo:
            self.left -= 1
            match prepared(planned, self.plan.head.made, specs):
                case Unfit(_, answer):
                    self._keep(planned, None, answer, 0.0, True)
                case Ready(_, _, system) as ready if system in self.answered:
                    self._keep(planned, system, self.answered[system].answer, 0.0, False)
                case Ready(_, _, system) as ready if system in self.waiting:
                    self.waiting[system].append(ready)
                case Ready() as ready:
                    self.waiting[ready.system] = []
                    yield ready

    def _chunk(self, fresh: Iterator[Ready]) -> list[Ready]:
        """What goes to the executor at once: what takes about a second, or one that goes once more, alone."""
        if self.again:
            return [self.again.pop()]
        size = 1
        if self.crew.several and self.judged:
            in_a_second = int(SECOND * self.judged / max(self.spent, 0.001))
            size = max(1, min(LARGEST_CHUNK, in_a_second, self.left // SHARES))
        return list(islice(fresh, size))

    def _submit(self, chunk: list[Ready]) -> None:
        jobs = [Job(r.planned.combination.number, r.tree, r.planned.combination.path) for r in chunk]
        try:
            cache, specs = self.crew.cache, self.plan.specs
            more: dict[str, Any] = ({} if cache is None else {"cache": cache}) | ({"specs": specs} if specs else {})
            future = self.crew.executor.submit(judge_chunk, jobs, self.plan.head.made, self.seconds, **more)
        except Exception as error:
            for done in [future for future in self.flying if future.done()]:
                self._take(done, self.flying.pop(done))
            raise Gone(f"the executor takes no more work: {_said(error)}") from None
        self.flying[future] = chunk

    def _take(self, future: Future[Said], chunk: list[Ready]) -> None:
        try:
            said = future.result()
        except Unlike:
            raise
        except ImportError as error:
            raise Unlike(f"a worker has no kexecspec, or an older one: {_said(error)}") from None
        except (Exception, CancelledError) as error:
            self._lost(chunk, error)
            return
        by_number = {ready.planned.combination.number: ready for ready in chunk}
        for number, answer, seconds in said:
            self.spent, self.judged = self.spent + seconds, self.judged + 1
            self._answer(by_number.pop(number), answer, seconds)
        if by_number:
            self._lost(list(by_number.values()), RuntimeError("it said nothing about it"))

    def _answer(self, ready: Ready, answer: Answer, seconds: float) -> None:
        followers = self.waiting.pop(ready.system, [])
        row = self._keep(ready.planned, ready.system, answer, seconds, True)
        if answer.outcome == JUDGED:
            self.answered[ready.system] = row
        for number, follower in enumerate(followers):
            if answer.outcome == INPUT_ERROR:  # its places are those of one file: each is asked about its own
                self.waiting.setdefault(ready.system, followers[number + 1 :])
                self.again.append(follower)
                return
            self._keep(follower.planned, ready.system, answer, 0.0, False)

    def _lost(self, chunk: list[Ready], error: BaseException) -> None:
        """Nobody knows what became of these: each goes once more, alone, so that none takes others along."""
        for ready in chunk:
            number = ready.planned.combination.number
            self.lost[number] = self.lost.get(number, 0) + 1
            if self.lost[number] <= RETRIES:
                self.again.append(ready)
            else:
                self._answer(ready, unanswered(f"its worker was lost: {_said(error)}"), 0.0)

    def _keep(self, planned: Planned, system: str | None, answer: Answer, seconds: float, solved: bool) -> Row:
        one = planned.combination
        row = Row(one.number, one.names, planned.id, system, answer, seconds, solved)
        self.keep(row)
        return row


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(": ")
