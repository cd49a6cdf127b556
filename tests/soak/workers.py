"""Seeds shared out to worker processes. A worker that dies is replaced, and its seed is done again."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from tests.soak.cases import Ground, Kinds, case
from tests.soak.coverage import features
from tests.soak.peers import EVERY

Report = dict[str, Any]

DEATHS = 3
"""So often a seed may take its worker along before it is given up."""


def examined(seed: int, most: int = 1000, kinds: Kinds = EVERY) -> Report:
    """The cases of one seed, at most so many of a kind: counts a kind, what is wrong, what was met."""
    counts: dict[str, Counter[str]] = {}
    covered: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    try:
        one = Ground(seed)
    except Exception as error:
        return {"counts": {"platform": {"wrong": 1}}, "covered": {}, "wrong": {f"platform:{seed}.0": repr(error)}}
    for kind, (count, _) in kinds.items():
        found = counts.setdefault(kind, Counter())
        for number in range(min(_many(one, count), most)):
            outcome = case(one, kind, number, kinds)
            if outcome.open:
                found["open"] += 1
                continue
            found["cases"] += 1
            covered.update(outcome.met)
            if outcome.wrong:
                found["wrong"] += 1
                wrong[f"{kind}:{seed}.{number}"] = outcome.wrong
    covered.update(features(one.platform))
    return {"counts": counts, "covered": covered, "wrong": wrong}


def _many(one: Ground, count: Any) -> int:
    """How many cases there are; one that will say what is wrong, where even that cannot be told."""
    try:
        return int(count(one))
    except Exception:
        return 1


def reports(
    seeds: Iterator[int], jobs: int, examine: Callable[[int], Report] = examined
) -> Iterator[tuple[int, Report]]:
    """(seed, report) for each of `seeds`, in the order in which they come, from `jobs` processes that `examine` them.

    Closing the iterator ends the processes; what they were at is lost and nothing else.
    """
    context = multiprocessing.get_context("spawn")
    hands: dict[Connection, tuple[BaseProcess, int]] = {}
    deaths: Counter[int] = Counter()
    try:
        for seed in islice(seeds, jobs):
            _engage(context, hands, seed, examine)
        while hands:
            for pipe in wait(list(hands)):
                assert isinstance(pipe, Connection)
                process, seed = hands[pipe]
                try:
                    report = pipe.recv()
                except (EOFError, OSError):
                    _dismiss(hands, pipe)
                    deaths[seed] += 1
                    if deaths[seed] < DEATHS:
                        _engage(context, hands, seed, examine)
                        continue
                    report = {"counts": {"platform": {"wrong": 1}}, "covered": {},
                              "wrong": {f"platform:{seed}.0": f"its worker died {DEATHS} times"}}
                    yield seed, report
                    following = next(seeds, None)
                    if following is not None:
                        _engage(context, hands, following, examine)
                    continue
                following = next(seeds, None)
                if following is None:
                    _dismiss(hands, pipe)
                else:
                    hands[pipe] = (process, following)
                    with contextlib.suppress(BrokenPipeError):
                        pipe.send(following)
                yield seed, report
    finally:
        for pipe in list(hands):
            _dismiss(hands, pipe)


def _engage(
    context: Any, hands: dict[Connection, tuple[BaseProcess, int]], seed: int, examine: Callable[[int], Report]
) -> None:
    mine, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, examine), daemon=True)
    process.start()
    theirs.close()
    mine.send(seed)
    hands[mine] = (process, seed)


def _dismiss(hands: dict[Connection, tuple[BaseProcess, int]], pipe: Connection) -> None:
    process, _ = hands.pop(pipe)
    pipe.close()
    process.terminate()
    process.join()


def _work(pipe: Connection, examine: Callable[[int], Report]) -> None:
    """A worker's life: seeds in, reports out. Interrupts are its master's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        try:
            pipe.send(examine(pipe.recv()))
        except (EOFError, OSError):
            return
