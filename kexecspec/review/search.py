"""All minimal sets out of many repairs that mend everything, cheapest first: implicit hitting sets.

A set that fails leaves a finding. It is made as large as it can be with that finding still there; what is left out then
is what the finding can be mended by, and sets with nothing of that are put off. In the end those are tried, too: that
more repairs do no more than fewer is likely, and not taken for granted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

Set = frozenset[int]
OK, FAILS, OPEN, INVALID = "ok", "fails", "undecided", "invalid"


@dataclass(frozen=True)
class Tried:
    """What a set comes to; `why` is a finding that it does not mend."""

    outcome: str
    why: str | None = None


@dataclass(frozen=True)
class Asked:
    """The two questions of a search: what a set comes to, and whether it leaves a finding as it is (that is quicker to
    say). `left` says whether more may be asked. `give_up` is told of a finding that no repair mends alone, nor all of
    them together; it says whether to go on without it."""

    test: Callable[[Set], Tried]
    leaves: Callable[[Set, str], bool]
    left: Callable[[], bool]
    give_up: Callable[[str], bool]


@dataclass(frozen=True)
class Found:
    """The minimal sets, cheapest first; those of which nobody knows; the findings and what mends each (no set that
    mends it was seen without one of these); and how many sets were not tried."""

    sets: tuple[Set, ...]
    undecided: tuple[Set, ...]
    clauses: tuple[tuple[str, Set], ...]
    untried: int


def search(costs: Sequence[int], size: int, asked: Asked, excluded: Callable[[Set], bool]) -> Found:
    """Every minimal set of up to `size` repairs that is not `excluded`, as far as may be asked."""
    everything = frozenset(range(len(costs)))
    clauses: list[tuple[str, Set]] = []
    found: list[Set] = []
    undecided: list[Set] = []
    later: list[Set] = []
    untried = 0
    for put_off in (False, True):
        for chosen in list(later) if put_off else by_cost(costs, size):
            if excluded(chosen) or any(done <= chosen for done in found):
                continue
            if not put_off and any(not chosen & clause for _, clause in clauses):
                later.append(chosen)
                continue
            if not asked.left():
                untried += 1
                continue
            known = next((why for why, clause in clauses if put_off and not chosen & clause), None)
            if known is not None and asked.leaves(chosen, known):
                continue
            tried = asked.test(chosen)
            while tried.why is not None and not put_off:
                clause = _mending(chosen, tried.why, everything, asked)
                if clause is None:
                    break
                if clause or not asked.give_up(tried.why):
                    clauses.append((tried.why, clause))
                    break
                tried = asked.test(chosen)
            if tried.outcome == OK:
                found = [*(one for one in found if not chosen <= one), chosen]
            elif tried.outcome == OPEN:
                undecided.append(chosen)
    order = sorted(found, key=lambda one: (sum(costs[i] for i in one), len(one), sorted(one)))
    return Found(tuple(order), tuple(undecided), tuple(clauses), untried)


def by_cost(costs: Sequence[int], size: int) -> Iterator[Set]:
    """All sets of up to `size`, cheapest first, of those that cost the same the smaller ones first."""
    every = (one for number in range(1, size + 1) for one in combinations(range(len(costs)), number))
    yield from map(frozenset, sorted(every, key=lambda one: (sum(costs[i] for i in one), len(one), one)))


def _mending(chosen: Set, why: str, everything: Set, asked: Asked) -> Set | None:
    """The repairs without any of which the finding stays; where all of them leave it, those that mend it alone. None
    where no more may be asked before that is known."""
    clause = everything - _grown(chosen, why, everything, asked)
    if not clause and asked.left():
        clause = frozenset(one for one in everything - chosen if not asked.leaves(chosen | {one}, why))
    return clause if asked.left() else None


def _grown(chosen: Set, why: str, everything: Set, asked: Asked) -> Set:
    """`chosen` with everything that can be added with the finding still there."""

    def grow(base: Set, more: Sequence[int]) -> Set:
        if not more or not asked.left():
            return base
        if asked.leaves(base | frozenset(more), why):
            return base | frozenset(more)
        if len(more) == 1:
            return base
        half = len(more) // 2
        return grow(grow(base, more[:half]), more[half:])

    return grow(chosen, sorted(everything - chosen))
