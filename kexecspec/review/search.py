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
    """The questions of a search: what a set comes to, a finding being likely that it leaves; whether it is known
    already to leave something; whether it leaves a finding as it is (that is quicker to say), or is even seen to at
    once; which repairs bear on a finding, and on any that was met so far. `left` says whether more may be asked.
    `give_up` is told of a finding that no repair mends alone, nor all of them together; it says whether to go on
    without it."""

    test: Callable[[Set, str | None], Tried]
    fails: Callable[[Set], bool]
    leaves: Callable[[Set, str], bool]
    keeps: Callable[[Set, str], bool]
    bears_on: Callable[[str], Set]
    bears: Callable[[], Set]
    left: Callable[[], bool]
    give_up: Callable[[str], bool]


@dataclass(frozen=True)
class Found:
    """The minimal sets, cheapest first; those of which nobody knows; the findings and what mends each (no set that
    mends it was seen without one of these; the fewest that are known); and how many sets were not tried."""

    sets: tuple[Set, ...]
    undecided: tuple[Set, ...]
    clauses: tuple[tuple[str, Set], ...]
    untried: int


def search(costs: Sequence[int], size: int, asked: Asked, excluded: Callable[[Set], bool]) -> Found:
    """Every minimal set of up to `size` repairs that is not `excluded`, as far as may be asked. A repair that bears on
    nothing that was met is in none; where a set breaks something else, what bears on that is looked at, too."""
    seen = _Seen(asked)
    before: Set | None = None
    while before != (bears := asked.bears()):
        new = (one for one in by_cost(costs, size, bears) if before is None or not one <= before)
        put_off = [one for one in new if not excluded(one) and not seen.looks_at(one)]
        for one in put_off:
            seen.looks_again_at(one)
        before = bears
    order = sorted(seen.found, key=lambda one: (sum(costs[i] for i in one), len(one), sorted(one)))
    hit = [(why, clause) for why, clause in seen.clauses if all(clause & one for one in seen.found)]
    fewest = [min((one for one in hit if one[0] == why), key=lambda one: len(one[1])) for why in dict(hit)]
    return Found(tuple(order), tuple(seen.undecided), tuple(fewest), seen.untried)


class _Seen:
    """What a search has found out."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.clauses: list[tuple[str, Set]] = []
        self.found: list[Set] = []
        self.undecided: list[Set] = []
        self.untried = 0

    def looks_at(self, chosen: Set) -> bool:
        """Tries a set. False for one that leaves a finding if more repairs do no more than fewer: it is put off."""
        if any(done <= chosen for done in self.found) or self.asked.fails(chosen):
            return True
        if any(not chosen & clause for _, clause in self.clauses):
            return False
        if self._may_try():
            tried = self.asked.test(chosen, None)
            while tried.why is not None:
                clause = _mending(chosen, tried.why, self.asked)
                if clause is None:
                    break
                if clause or not self.asked.give_up(tried.why):
                    self.clauses.append((tried.why, clause))
                    break
                tried = self.asked.test(chosen, None)
            self._note(chosen, tried)
        return True

    def looks_again_at(self, chosen: Set) -> None:
        """Tries a set that was put off."""
        if not any(done <= chosen for done in self.found) and not self.asked.fails(chosen) and self._may_try():
            likely = next((why for why, clause in self.clauses if not chosen & clause), None)
            self._note(chosen, self.asked.test(chosen, likely))

    def _may_try(self) -> bool:
        left = self.asked.left()
        self.untried += not left
        return left

    def _note(self, chosen: Set, tried: Tried) -> None:
        if tried.outcome == OK:
            self.found = [*(one for one in self.found if not chosen <= one), chosen]
        elif tried.outcome == OPEN:
            self.undecided.append(chosen)


def by_cost(costs: Sequence[int], size: int, within: Set) -> Iterator[Set]:
    """All sets of up to `size` of some repairs, cheapest first, of those that cost the same the smaller ones first."""
    every = (one for number in range(1, size + 1) for one in combinations(sorted(within), number))
    yield from map(frozenset, sorted(every, key=lambda one: (sum(costs[i] for i in one), len(one), one)))


def _mending(chosen: Set, why: str, asked: Asked) -> Set | None:
    """The repairs without any of which the finding is seen to stay; none where it stays with all of them and with each
    alone. None where no more may be asked before that is known."""
    bears = asked.bears_on(why)
    if asked.left() and asked.leaves(bears, why) and all(asked.leaves(frozenset((one,)), why) for one in bears):
        return frozenset() if asked.left() else None
    clause = bears - _grown(chosen & bears, why, bears, asked)
    return clause if asked.left() and clause else None


def _grown(chosen: Set, why: str, everything: Set, asked: Asked) -> Set:
    """`chosen` with everything that can be added with the finding still there."""

    def grow(base: Set, more: Sequence[int]) -> Set:
        if not more or not asked.left():
            return base
        if asked.keeps(base | frozenset(more), why):
            return base | frozenset(more)
        if len(more) == 1:
            return base
        half = len(more) // 2
        return grow(grow(base, more[:half]), more[half:])

    return grow(chosen, sorted(everything - chosen))
