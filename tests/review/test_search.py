"""The search for minimal sets, against all sets looked at one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
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

    return search(costs, size, asked(test, leaves, len(costs), lambda: count[0] < asks), lambda chosen: False)


def asked(
    test: Callable[[Set], Tried], leaves: Callable[[Set, str], bool], number: int, left: Callable[[], bool]
) -> Asked:
    """Questions where every repair bears on everything."""
    bears = frozenset(range(number))
    return Asked(
        lambda one, _: test(one), lambda one: False, leaves, leaves, lambda why: bears, lambda: bears, left,
        lambda why: False,
    )  # fmt: skip


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


def test_a_repair_that_bears_on_what_a_set_breaks_is_looked_at_then() -> None:
    """Repair 1 bears on nothing that is wanted: it mends what repair 0 breaks."""
    met = [frozenset({0, 2})]

    def test(chosen: Set) -> Tried:
        if not chosen & {0}:
            return Tried(FAILS, "wanted")
        met.append(frozenset({0, 1}))
        return Tried(OK) if 1 in chosen else Tried(FAILS, "broken")

    def leaves(chosen: Set, why: str) -> bool:
        return 0 not in chosen if why == "wanted" else 0 in chosen and 1 not in chosen

    bears = {"wanted": frozenset({0, 2}), "broken": frozenset({0, 1})}
    asked = Asked(
        lambda one, _: test(one), lambda one: False, leaves, leaves, bears.__getitem__,
        lambda: frozenset().union(*met), lambda: True, lambda why: False,
    )  # fmt: skip

    found = search([1, 1, 1], 2, asked, lambda chosen: False)
    assert found.sets == (frozenset({0, 1}),)


def test_a_set_that_is_open_is_told() -> None:
    questions = asked(lambda chosen: Tried(OPEN), lambda chosen, why: True, 2, lambda: True)

    found = search([1, 1], 2, questions, lambda chosen: False)
    assert found.undecided == (frozenset({0}), frozenset({1}), frozenset({0, 1}))
