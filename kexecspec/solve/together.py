"""Many properties over both cores: each is judged by itself, so how they are shared out changes no answer."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.verdict import Judgement
from kexecspec.solve.judge import RLIMIT, judge

FEW = 12
"""Below this many properties a second process costs more than it saves."""


def judge_together(
    system: TransitionSystem, properties: Sequence[Property], rlimit: int = RLIMIT
) -> tuple[Judgement, ...]:
    """As `judge`. Properties about one part of the platform stay together, for they share what is learnt; the parts
    go to two processes in turn. Where a process cannot be had, or is killed, one does it all."""
    if len(properties) < FEW or (os.cpu_count() or 1) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return judge(system, properties, rlimit)
    shares = _shares(properties)
    try:
        with ProcessPoolExecutor(len(shares), multiprocessing.get_context("fork")) as pool:
            answers = [pool.submit(judge, system, share, rlimit) for share in shares]
            found = {j.property: j for answer in answers for j in answer.result()}
    except (BrokenProcessPool, OSError):
        return judge(system, properties, rlimit)
    return tuple(found[prop.id] for prop in properties)


def _shares(properties: Sequence[Property]) -> tuple[tuple[Property, ...], ...]:
    parts: dict[tuple[str, str], list[Property]] = {}
    for prop in properties:
        parts.setdefault((prop.code, prop.instance), []).append(prop)
    groups = list(parts.values())
    return tuple(tuple(prop for group in groups[first::2] for prop in group) for first in (0, 1))
