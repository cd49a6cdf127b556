"""`fix` against every set of repairs judged by itself, as `check` judges."""

from __future__ import annotations

import os
import random
from itertools import combinations

import pytest

from kexecspec.check import checked_tree
from kexecspec.diagnostics import InputError
from kexecspec.ir.verdict import Verdict
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.review.mend import Fixes, fixes
from kexecspec.review.repairs import Repair, clash, ends, repaired, repairs
from kexecspec.source import Table, load
from tests.goldens import ROOT

SOAK = int(os.environ.get("KEXECSPEC_SOAK", "0"))
SETS = SOAK or 4
BUDGET = 10**6
FEW = ("smmu-shutdown-modes/v3-gbpa-bypass-kdump-running", *(("kdump-fault-storm/smmu-v2",) if SOAK else ()))
MANY = ("ls1028a-reboot-f/v6.1.0", *(("tee-bnxt-fourth-kexec/hook-only", "optee-shm-cache/kdump-oops") if SOAK else ()))


def tree(story: str) -> tuple[str, Table]:
    path = str(ROOT / f"examples/{story}.yaml")
    root = load(path)
    assert isinstance(root, Table)
    return path, root


def outcome(path: str, root: Table) -> tuple[set[str], set[str]] | None:
    """What is an error in a tree, and what is proved; None where it cannot be judged or something is open."""
    try:
        report = checked_tree(root, path, Options(inside=True, replay=False, explained=False)).report
    except InputError:
        return None
    errors = [f for f in report.findings if f.severity == "error"]
    if report.objections or any(f.verdict is Verdict.UNKNOWN for f in errors):
        return None
    never = {f"handoff {one.name}" for one in report.taken if one.verdict is not Verdict.PROVED}
    left = {f.property.id for f in errors if f.verdict is Verdict.REFUTED or f.vacuous} | never
    return left, {f.property.id for f in errors if f.verdict is Verdict.PROVED and not f.vacuous}


def is_good(path: str, root: Table, chosen: tuple[Repair, ...], found: Fixes) -> bool:
    """Nothing is wrong that was not given up, and what was refuted is proved; or it is about nothing any more, where
    that mends it."""
    said = outcome(path, repaired(root, chosen))
    if said is None or not said[0] <= set(found.stuck):
        return False
    mended = said[1] | set(found.stuck) | {name for name in found.wanted if ends(name, chosen, library())}
    return set(found.wanted) <= mended


@pytest.mark.parametrize("story", FEW)
def test_the_sets_are_those_that_brute_force_finds(story: str) -> None:
    path, root = tree(story)
    found = fixes(root, path, library(), Options(inside=True), 2, BUDGET)
    every = [one for one in repairs(root, library()) if one in found.repairs]

    good: list[frozenset[str]] = []
    for chosen in (one for size in (1, 2) for one in combinations(every, size)):
        names = frozenset(one.name for one in chosen)
        if not clash(chosen) and not any(one <= names for one in good) and is_good(path, root, chosen, found):
            good.append(names)
    assert {frozenset(one.name for one in chosen.repairs) for chosen in found.sets} == set(good)


@pytest.mark.parametrize("story", MANY)
def test_what_is_left_out_leaves_something_and_what_is_told_does_not(story: str) -> None:
    """Any sets, of repairs that are said not to bear on anything, too."""
    path, root = tree(story)
    found = fixes(root, path, library(), Options(inside=True), 3, BUDGET)
    told = [frozenset(one.name for one in chosen.repairs) for chosen in found.sets]
    every = {one.name: one for one in repairs(root, library())}

    assert told and not found.untried and not found.undecided
    for number in range(SETS):
        chance = random.Random(number)
        base = sorted(chance.choice([*told, frozenset()]))
        some = base[: len(base) - number % 2]
        names = frozenset((*some, *chance.sample(sorted(every), 3 - len(some))))
        chosen = tuple(one for name, one in every.items() if name in names)
        good = not clash(chosen) and is_good(path, root, chosen, found)
        assert good or names not in told, names
        assert not good or any(one <= names for one in told), names
