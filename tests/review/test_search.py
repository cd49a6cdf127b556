"""The search for minimal sets, against all sets looked at one by one."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from kexecspec.review.search import FAILS, OK, OPEN, Asked, Found, Set, Tried, search


def searched(needs: list[tuple[str, list[Set]]], bad: list[Set], costs: list[int], size: int, asks: int) -> Found:
    """A search where each finding goes with any of some sets, and where `bad` sets break something."""
    count = [0]

    def left(chosen: Set, why: str) -> bool:
        if why == "broken":
            return any(one <= chosen for one in bad)
        return not any(one <= chosen for one in dict(needs)[why])

    def leaves(chosen: Set, why: str) -> bool:
        count[0] += 1
        return left(chosen, why)

    def test(chosen: Set) -> Tried:
        count[0] += 1
        why = next((name for name in (*dict(needs), "broken") if left(chosen, name)), None)
        return Tried(FAILS, why) if why else Tried(OK)

    return search(costs, size, Asked(test, leaves, lambda: count[0] < asks, lambda why: False), lambda chosen: False)


def all_minimal(needs: list[tuple[str, list[Set]]], bad: list[Set], number: int, size: int) -> set[Set]:
    every = [frozenset(one) for n in range(1, size + 1) for one in combinations(range(number), n)]
    good = [
        one
        for one in every
        if all(any(s <= one for s in sets) for _, sets in needs) and not any(b <= one for b in bad)
    ]
    return {one for one in good if not any(other < one for other in good)}


@pytest.mark.parametrize("seed", range(40))
def test_the_search_finds_all_minimal_sets_and_no_others(seed: int) -> None:
    random.seed(seed)
    some = [frozenset(random.sample(range(7), random.randint(1, 3))) for _ in range(9)]
    needs = [("one", some[:2]), ("two", some[2:5]), ("three", some[5:6])][: 1 + seed % 3]
    bad = some[6 : 6 + seed % 4]
    costs = [random.randint(1, 5) for _ in range(7)]

    found = searched(needs, bad, costs, 4, 10**6)

    assert set(found.sets) == all_minimal(needs, bad, 7, 4) and not found.untried
    prices = [sum(costs[i] for i in one) for one in found.sets]
    assert prices == sorted(prices)


def test_what_was_not_asked_is_counted() -> None:
    found = searched([("one", [frozenset({0, 1, 2})])], [], [1] * 7, 4, 5)

    assert found.untried > 0 and found.clauses == (), "what was not looked at to the end is not told"


def test_a_set_that_is_open_is_told() -> None:
    asked = Asked(lambda chosen: Tried(OPEN), lambda chosen, why: True, lambda: True, lambda why: False)

    found = search([1, 1], 2, asked, lambda chosen: False)
    assert found.undecided == (frozenset({0}), frozenset({1}), frozenset({0, 1}))
