"""The smallest sets of repairs after which everything that was refuted is proved and nothing else breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kexecspec.check import Options
from kexecspec.diagnostics import InputError
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.review.judge import Judge, States, Verdicts
from kexecspec.review.repairs import Repair, clash, repaired, repairs
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
    judge = Judge(path, library, options)
    before = judge.whole(root)
    wanted = tuple(name for name, state in before.states.items() if state.failing and state.severity == "error")
    found = _bearing(root, repairs(root, library), judge) if wanted else ()

    def tree(chosen: Set) -> Table:
        return repaired(root, (found[number] for number in sorted(chosen)))

    stuck: list[str] = []
    last: list[str] = [name for name in wanted if not name.startswith("handoff ")]

    def test(chosen: Set) -> Tried:
        for name in last:
            if name not in stuck and leaves(chosen, name):
                last.remove(name)
                last.insert(0, name)
                return Tried(FAILS, name)
        return _tried(before.states, stuck, judge.briefly(tree(chosen)))

    def give_up(name: str) -> bool:
        if name in wanted:
            stuck.append(name)
        return name in wanted

    def leaves(chosen: Set, why: str) -> bool:
        if not why.startswith("handoff "):
            return judge.stays(tree(chosen), why)
        state = judge.briefly(tree(chosen)).states.get(why)
        return state is not None and state.failing

    def left() -> bool:
        return judge.work < budget

    asked = Asked(test, leaves, left, give_up)
    costs = [repair.cost for repair in found]
    result = search(costs, size, asked, lambda one: clash([found[number] for number in one]))

    def named(chosen: Set) -> tuple[Repair, ...]:
        return tuple(found[number] for number in sorted(chosen))

    sets = tuple(Mended(named(one), _gone(before.states, judge.briefly(tree(one)).states)) for one in result.sets)
    idle = len(repairs(root, library)) - len(found) if wanted else 0
    return Fixes(
        path, wanted, tuple(stuck), tuple(found), idle, sets, tuple(map(named, result.undecided)),
        tuple((why, named(clause)) for why, clause in result.clauses if clause), result.untried, judge.asked, size,
        before,
    )  # fmt: skip


def _bearing(root: Table, every: Sequence[Repair], judge: Judge) -> tuple[Repair, ...]:
    """The repairs that change the system by themselves, or where all others are there, too, newer kernels apart, for
    these have what the others bring."""
    alone = judge.system(root)
    kept = [one for one in every if _system(judge, root, (one,)) != alone]
    small = [one for one in every if not any(edit.path[-1] == "version" for edit in one.edits)]
    whole = _system(judge, root, small)
    others = [one for one in small if one not in kept]
    more = [one for one in others if _system(judge, root, [o for o in small if o is not one]) != whole]
    return tuple(one for one in every if one in kept or one in more)


def _system(judge: Judge, root: Table, chosen: Sequence[Repair]) -> str | None:
    try:
        return judge.system(repaired(root, chosen))
    except InputError:
        return None


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
    missing = [name for name in wanted if not name.startswith("handoff ") and not _proved(after.states, name)]
    return Tried(FAILS) if missing else Tried(OK)


def _proved(states: States, name: str) -> bool:
    return name in states and states[name].verdict == PROVED


def _gone(before: States, after: States) -> tuple[str, ...]:
    return tuple(name for name, state in before.items() if state.verdict == PROVED and not _proved(after, name))
