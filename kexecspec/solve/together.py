"""Properties are judged in processes of their own, many of them over both cores. Each is judged by itself, so neither
how they are shared out nor what becomes of another's process changes an answer. What judges is loaded where there is
something to judge, and before any process is: parts with few states never come here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from kexecspec.ir.system import Mode, Property, TransitionSystem
from kexecspec.ir.verdict import Exhausted, Judgement, Verdict
from kexecspec.solve.answers import Shelf
from kexecspec.solve.aside import PATIENCE, Died, answers
from kexecspec.solve.budget import RLIMIT

FEW = 12
"""Below this many properties a second process costs more than it saves."""

Share = tuple[Property, ...]


def judge_together(
    system: TransitionSystem,
    properties: Sequence[Property],
    rlimit: int = RLIMIT,
    patience: float = PATIENCE,
    *,
    inside: bool = False,
    jobs: int | None = None,
    portfolio: bool = False,
    shelf: Shelf | None = None,
) -> tuple[Judgement, ...]:
    """As `judge`. Properties about one part of the platform stay together, for they share what is learnt; the parts
    go to one process, or to two in turn where there are many; to `jobs` in turn where that is said.

    What a process left open that died is judged once more, each property in a process of its own; one whose own
    process dies too is UNKNOWN. `patience` is the wall clock's guard (see `aside`), longer for larger budgets; with
    `inside` there is neither, and all is judged in this process. What is left open goes to other engines (see
    `portfolio`); with `portfolio` they are asked at once. `shelf` has answers of earlier runs. A KeyboardInterrupt gets
    a note that names the properties without an answer.
    """
    from kexecspec.solve.judge import judgements
    from kexecspec.solve.portfolio import decided

    patience *= max(1.0, rlimit / RLIMIT)
    found: dict[str, Judgement] = {}
    judge = partial(judgements, system, rlimit=rlimit, shelf=shelf)
    raced = [prop for prop in properties if prop.mode is Mode.ALWAYS]
    first = [prop for prop in properties if not portfolio or prop not in raced]
    shares = (tuple(first),) if inside and first else _shares(first, jobs)
    try:
        for death in _judged(judge, shares, patience, found, inside):
            for prop in (prop for prop in death[0] if prop.id not in found):
                for _, again in _judged(judge, ((prop,),), patience, found, inside):
                    found[prop.id] = _unjudged(prop, again)
        for prop in raced:
            known = found.get(prop.id)
            if known is None or isinstance(known.evidence, Exhausted):
                found[prop.id] = decided(system, prop, known, rlimit, patience, inside)
    except KeyboardInterrupt as stop:
        stop.add_note(_left_open(properties, found))
        raise
    return tuple(found[prop.id] for prop in properties)


def _judged(
    judge: Callable[[Share], Iterator[Judgement]],
    shares: Sequence[Share],
    patience: float,
    found: dict[str, Judgement],
    inside: bool,
) -> list[tuple[Share, Died]]:
    """Judges all shares at once, and adds what is answered to `found`. Returns the shares whose process died."""
    deaths = []
    for number, said in answers([partial(judge, share) for share in shares], patience, inside):
        if isinstance(said, Died):
            deaths.append((shares[number], said))
        else:
            found[said.property] = said
    return deaths


def _unjudged(prop: Property, death: Died) -> Judgement:
    return Judgement(prop.id, Verdict.UNKNOWN, Exhausted(death.why, None), {})


def _left_open(properties: Sequence[Property], found: Mapping[str, Judgement]) -> str:
    names = [prop.id for prop in properties if prop.id not in found]
    return f"no answer yet for {len(names)} of {len(properties)} properties: {', '.join(names)}"


def _shares(properties: Sequence[Property], jobs: int | None) -> tuple[Share, ...]:
    parts: dict[tuple[str, str], list[Property]] = {}
    for prop in properties:
        parts.setdefault((prop.code, prop.instance), []).append(prop)
    groups = list(parts.values())
    several = jobs or (2 if len(properties) >= FEW and (os.cpu_count() or 1) > 1 else 1)
    shares = tuple(tuple(p for group in groups[first::several] for p in group) for first in range(several))
    return tuple(share for share in shares if share)
