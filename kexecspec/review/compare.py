"""What a change does: which findings it fixes, which are new, and which of the changed facts each of them is due to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.review.changes import Change, changes, laid
from kexecspec.review.judge import Judge, State, States, Verdicts
from kexecspec.review.smallest import smallest
from kexecspec.tree import Table

NEW, FIXED, UNDECIDED, UNCHANGED = "new", "fixed", "undecided", "unchanged"
ONE_BY_ONE = 12
"""No more changes than this are tried each by itself."""


@dataclass(frozen=True)
class Differs:
    """What became of one finding: its state before and after (None: there is no such property). `by`: the changes that
    turn it, none of which can be left out, and without them breaking what holds in both files; with `each` every one of
    them does so alone."""

    name: str
    kind: str
    old: State | None
    new: State | None
    by: tuple[Change, ...] = ()
    each: bool = False


@dataclass(frozen=True)
class Diff:
    """Two platform files compared. `idle` are the changes without which every verdict stays as it is in the new
    one."""

    old: str
    new: str
    changes: tuple[Change, ...]
    idle: tuple[Change, ...]
    findings: tuple[Differs, ...]
    before: Verdicts
    after: Verdicts
    judged: int

    def of(self, kind: str) -> tuple[Differs, ...]:
        """The findings that are new, fixed, undecided or unchanged."""
        return tuple(one for one in self.findings if one.kind == kind)


def compared(old: Table, new: Table, names: tuple[str, str], library: Library, options: Options) -> Diff:
    """The two trees compared, `names` being those of their files. Raises InputError where one cannot be judged."""
    judge = Judge(names[1], library, options)
    before = Judge(names[0], library, options).whole(old)
    after = judge.whole(new)
    found = changes(old, new, library)

    @cache
    def states(chosen: tuple[Change, ...]) -> States | None:
        if chosen == found:
            return after.states
        verdicts = judge.briefly(laid(old, new, chosen, library)) if chosen else before
        return None if verdicts.report is None else verdicts.states

    names_of = dict.fromkeys((*after.states, *before.states))
    needed = smallest(found, lambda chosen: _same(states(tuple(chosen)), after.states))
    bad = {name for each in (before, after) for name, state in each.states.items() if state.failing or state.open}
    findings = tuple(
        _differs(name, before.states.get(name), after.states.get(name), needed, bad, states) for name in names_of
    )
    idle = tuple(change for change in found if change not in needed)
    return Diff(names[0], names[1], found, idle, findings, before, after, judge.asked + 1)


def kind_of(old: State | None, new: State | None) -> str:
    """How a finding is counted."""
    if new is not None and new.failing:
        return UNCHANGED if old is not None and old.failing else NEW
    if new is not None and new.open:
        return UNDECIDED
    return FIXED if old is not None and old.failing else UNCHANGED


def _same(one: States | None, other: States) -> bool:
    return one is not None and _seen(one) == _seen(other)


def _verdict(state: State | None) -> str:
    return Verdict.NOT_JUDGED.value if state is None else state.verdict


def _seen(states: States) -> dict[str, State]:
    return {name: state for name, state in states.items() if state.verdict != Verdict.NOT_JUDGED.value}


def _differs(
    name: str,
    old: State | None,
    new: State | None,
    needed: Sequence[Change],
    bad: Collection[str],
    states: Callable[[tuple[Change, ...]], States | None],
) -> Differs:
    kind = kind_of(old, new)
    if kind not in (NEW, FIXED):
        return Differs(name, kind, old, new)

    def known(one: str, state: State) -> bool:
        return not (state.failing or state.open) or one in bad

    def turns(chosen: Sequence[Change]) -> bool:
        found = states(tuple(chosen))
        if found is None or _verdict(found.get(name)) != _verdict(new):
            return False
        return kind == NEW or all(known(one, state) for one, state in found.items())

    alone = [change for change in needed if turns((change,))] if len(needed) <= ONE_BY_ONE else []
    if alone:
        return Differs(name, kind, old, new, tuple(alone), len(alone) > 1)
    return Differs(name, kind, old, new, smallest(needed, turns))
