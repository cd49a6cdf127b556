"""The smallest sets of repairs after which everything that was refuted is proved and nothing else breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.review.family import Family
from kexecspec.review.judge import HANDOFF, Judge, States, Verdicts
from kexecspec.review.repairs import Repair, clash, repairs
from kexecspec.review.search import FAILS, INVALID, OK, OPEN, Asked, Set, Tried, by_cost, search
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
    mends, alone or with all others, and that the sets leave, `beyond` those of them that no set of that size mends.
    `untried` sets were left out; `undecided` are those for which something stayed open."""

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
    beyond: tuple[str, ...] = ()


def fixes(root: Table, path: str, library: Library, options: Options, size: int, budget: int) -> Fixes:
    """All minimal sets of up to `size` repairs, with no more work than `budget` (about a thousandth of a second each).
    Raises InputError for a file that cannot be judged."""
    judge = Judge(path, library, replace(options, explained=False))
    before = judge.whole(root)
    wanted = tuple(name for name, state in before.states.items() if state.failing and state.severity == "error")
    every = repairs(root, library) if wanted else ()
    family = Family(root, every, judge, wanted)
    mending = _Mending(family, before.states, list(wanted))
    asked = Asked(
        mending.test, mending.fails, family.leaves, family.keeps, family.bears, mending.bears,
        lambda: judge.work < budget, mending.give_up,
    )  # fmt: skip

    def named(chosen: Set) -> tuple[Repair, ...]:
        return tuple(every[number] for number in sorted(chosen))

    result = search([repair.cost for repair in every], size, asked, lambda one: clash(named(one)))
    told = {name: state for name, state in before.states.items() if name not in mending.stuck}
    sets = tuple(Mended(named(one), _gone(told, mending.after(one).states)) for one in result.sets)
    return Fixes(
        path, wanted, tuple(mending.stuck), named(mending.bears()), len(every) - len(mending.bears()), sets,
        tuple(map(named, result.undecided)), tuple((why, named(clause)) for why, clause in result.clauses if clause),
        result.untried, judge.asked, size, before,
        tuple(name for name in mending.stuck if _beyond(family, name, size, asked.left)),
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
        why = next(self._known(chosen, names), None) or next((n for n in names if family.leaves(chosen, n)), None)
        if why is None:
            tried = self._tried(chosen)
            if tried.outcome != FAILS or tried.why is None:
                return tried
            why = tried.why
            family.breaks(chosen, why)
        self.likely = [why, *(name for name in self.likely if name != why)]
        return Tried(FAILS, why)

    def fails(self, chosen: Set) -> bool:
        """Whether a set is known to leave something."""
        return next(self._known(chosen, self.likely), None) is not None

    def _known(self, chosen: Set, names: Sequence[str]) -> Iterator[str]:
        return (name for name in names if self.family.known.get((name, self.family.of(chosen, name))))

    def _tried(self, chosen: Set) -> Tried:
        """All that is refuted, but for what is stuck, is to be proved, or about nothing where that mends it; nothing is
        to break."""
        after, stuck = self.after(chosen), self.stuck
        if after.report is None:
            return Tried(INVALID)
        wanted = [name for name in self.wanted if name not in stuck]
        counted = {name: s for name, s in after.states.items() if s.severity == "error" and name not in stuck}
        failing = [name for name in wanted if name in counted and counted[name].failing]
        failing += [name for name, state in counted.items() if state.failing and name not in wanted]
        if failing:
            return Tried(FAILS, failing[0])
        before = self.before
        if any(state.open and not (name in before and before[name].open) for name, state in counted.items()):
            return Tried(OPEN)
        left = [name for name in wanted if not name.startswith(HANDOFF) and not _proved(after.states, name)]
        return Tried(FAILS if any(not self.family.ends(chosen, name) for name in left) else OK)

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


def _beyond(family: Family, name: str, size: int, left: Callable[[], bool]) -> bool:
    """Whether each set of up to `size` of the repairs that bear on a finding is seen to leave it."""
    sets = by_cost([repair.cost for repair in family.every], size, family.bears(name))
    can_be = (one for one in sets if not clash([family.every[number] for number in one]))
    return not name.startswith(HANDOFF) and all(left() and family.leaves(one, name) for one in can_be)


def _proved(states: States, name: str) -> bool:
    return name in states and states[name].verdict == PROVED


def _gone(before: States, after: States) -> tuple[str, ...]:
    """What was proved or refuted and is about nothing any more."""
    told = (name for name, state in before.items() if state.verdict == PROVED or state.failing)
    return tuple(name for name in told if not _proved(after, name) and not (name in after and after[name].failing))
