"""The smallest sets of repairs after which everything that was refuted is proved and nothing else breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kexecspec.check import Options
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.review.family import Family
from kexecspec.review.judge import HANDOFF, Judge, States, Verdicts
from kexecspec.review.repairs import Repair, clash, repairs
from kexecspec.review.search import FAILS, INVALID, OK, OPEN, Asked, Set, Tried, search
from kexecspec.tree import Table

PROVED, REFUTED = Verdict.PROVED.value, Verdict.REFUTED.value


@dataclass(frozen=True)
class Mended:
    """One minimal set of repairs, and the findings that are proved with it. `gone` are those that were proved and are
    about nothing any more."""

    repairs: tuple[Repair, ...]
    gone: tuple[str, ...]

    @property
    def cost(self) -> int:
        """What all of them cost."""
        return sum(repair.cost for repair in self.repairs)


@dataclass(frozen=True)
class Fixes:
    """What mends a platform. `wanted` are the findings that are to be proved, `repairs` those that bear on any, `needs`
    says of a finding by which repairs it can be mended, of those that were tried together; `stuck` are those that none
    mends, alone or with all others, and that the sets leave. `untried` sets were left out; `undecided` are those for
    which something stayed open."""

    path: str
    wanted: tuple[str, ...]
    stuck: tuple[str, ...]
    repairs: tuple[Repair, ...]
    idle: int
    sets: tuple[Mended, ...]
    undecided: tuple[tuple[Repair, ...], ...]
    needs: tuple[tuple[str, tuple[Repair, ...]], ...]
    untried: int
    judged: int
    size: int
    before: Verdicts


def fixes(root: Table, path: str, library: Library, options: Options, size: int, budget: int) -> Fixes:
    """All minimal sets of up to `size` repairs, with no more work than `budget` (about a
    thousandth of a second each). Raises InputError for a file that
    cannot be judged."""
    judge = Judge(path, library, replace(options, explained=False))
    before = judge.whole(root)
    wanted = tuple(name for name, state in before.states.items() if state.failing and state.severity == "error")
    every = repairs(root, library) if wanted else ()
    family = Family(root, every, judge)
    mending = _Mending(family, before.states, list(wanted))
    asked = Asked(
        mending.test, family.leaves, family.keeps, family.bears, mending.bears, lambda: judge.work < budget,
        mending.give_up,
    )  # fmt: skip

    def named(chosen: Set) -> tuple[Repair, ...]:
        return tuple(every[number] for number in sorted(chosen))

    result = search([repair.cost for repair in every], size, asked, lambda one: clash(named(one)))
    sets = tuple(Mended(named(one), _gone(before.states, mending.after(one).states)) for one in result.sets)
    return Fixes(
        path, wanted, tuple(mending.stuck), named(mending.bears()), len(every) - len(mending.bears()), sets,
        tuple(map(named, result.undecided)), tuple((why, named(clause)) for why, clause in result.clauses if clause),
        result.untried, judge.asked, size, before,
    )  # fmt: skip


class _Mending:
    """What sets of repairs come to: `wanted` is to be proved, what is `stuck` apart. `likely` are the findings that
    sets have left, the last one first."""

    def __init__(self, family: Family, before: States, wanted: list[str]) -> None:
        self.family, self.before, self.wanted = family, before, wanted
        self.stuck = [name for name in wanted if not family.bears(name)]
        self.likely = sorted((name for name in wanted if name not in self.stuck), key=lambda n: len(family.bears(n)))

    def test(self, chosen: Set, likely: str | None) -> Tried:
        """What a set comes to: what is known of its repairs first, then one finding after the other, then all."""
        family, names = self.family, ([] if likely is None else [likely]) + self.likely
        known = (name for name in names if family.known.get((name, family.of(chosen, name))))
        why = next(known, None) or next((name for name in names if family.leaves(chosen, name)), None)
        if why is None:
            tried = _tried(self.before, self.stuck, self.after(chosen))
            if tried.outcome != FAILS or tried.why is None:
                return tried
            why = tried.why
            family.breaks(chosen, why)
        self.likely = [why, *(name for name in self.likely if name != why)]
        return Tried(FAILS, why)

    def after(self, chosen: Set) -> Verdicts:
        """The verdicts with some repairs."""
        return self.family.judge.briefly(self.family.tree(chosen), done=frozenset(self.stuck))

    def bears(self) -> Set:
        """The repairs that bear on any finding that was met."""
        return frozenset().union(*(self.family.bears(name) for name in (*self.wanted, *self.likely)))

    def give_up(self, name: str) -> bool:
        """Leaves a finding that is refuted now out of account; False for another."""
        if name in self.wanted and name not in self.stuck:
            self.stuck.append(name)
            self.likely = [one for one in self.likely if one != name]
        return name in self.wanted


def _tried(before: States, stuck: Sequence[str], after: Verdicts) -> Tried:
    """What a set of repairs comes to: all that is refuted, but for what is `stuck`, is to be proved; nothing is to
    break."""
    if after.report is None:
        return Tried(INVALID)
    failed = [name for name, state in before.items() if state.failing and state.severity == "error"]
    wanted = [name for name in failed if name not in stuck]
    counted = {name: state for name, state in after.states.items() if state.severity == "error" and name not in stuck}
    failing = [name for name in wanted if name in counted and counted[name].failing]
    failing += [name for name, state in counted.items() if state.failing and name not in wanted]
    if failing:
        return Tried(FAILS, failing[0])
    if any(state.open and not (name in before and before[name].open) for name, state in counted.items()):
        return Tried(OPEN)
    missing = [name for name in wanted if not name.startswith(HANDOFF) and not _proved(after.states, name)]
    return Tried(FAILS) if missing else Tried(OK)


def _proved(states: States, name: str) -> bool:
    return name in states and states[name].verdict == PROVED


def _gone(before: States, after: States) -> tuple[str, ...]:
    return tuple(name for name, state in before.items() if state.verdict == PROVED and not _proved(after, name))
