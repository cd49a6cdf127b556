"""All that comes of a platform file by sets of repairs: which repairs bear on which finding, and what a set leaves.

A repair bears on a finding if it changes what that is judged by, by itself or where all others are there, too. What a
set leaves of a finding is then asked of those of its repairs that bear on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kexecspec.diagnostics import InputError
from kexecspec.review.judge import HANDOFF, Judge
from kexecspec.review.repairs import Repair, ends, repaired
from kexecspec.review.search import Set
from kexecspec.tree import Table


class Family:
    """The platforms that `root` becomes by sets of repairs, these being numbers into `every`; the findings `wanted` are
    to be mended."""

    def __init__(self, root: Table, every: Sequence[Repair], judge: Judge, wanted: Sequence[str]) -> None:
        self.root, self.every, self.judge = root, every, judge
        self.wanted = frozenset(name for name in wanted if not name.startswith(HANDOFF))
        self.known: dict[tuple[str, Set], bool] = {}
        self._trees: dict[Set, Table] = {}
        self._judged: dict[tuple[str, int], bool] = {}
        self._numbers: dict[Set, Mapping[str, int] | None] = {}
        self._bears: dict[str, set[int]] = {}
        self._always: set[int] = set()
        self._look()

    def tree(self, chosen: Set) -> Table:
        """The file with some repairs."""
        if chosen not in self._trees:
            self._trees[chosen] = repaired(self.root, (self.every[number] for number in sorted(chosen)))
        return self._trees[chosen]

    def bears(self, name: str) -> Set:
        """The repairs that bear on a finding; on whether a handoff is taken, all that change anything do."""
        return frozenset(self._always if name.startswith(HANDOFF) else self._bears.get(name, set()))

    def of(self, chosen: Set, name: str) -> Set:
        """Those of `chosen` that bear on a finding."""
        return chosen & self.bears(name)

    def leaves(self, chosen: Set, name: str) -> bool:
        """Whether some repairs leave a finding refuted or vacuous, or take the work away that a wanted one is about.
        Where that is not told quickly it is taken not to be so, and whoever needs to know for sure judges all of it."""
        mine = self.of(chosen, name)
        if (name, mine) not in self.known:
            self.known[name, mine] = self._leaves(mine, name)
        return self.known[name, mine]

    def ends(self, chosen: Set, name: str) -> bool:
        """Whether a finding that is about nothing with some repairs is mended."""
        return ends(name, (self.every[number] for number in chosen), self.judge.library)

    def keeps(self, chosen: Set, name: str) -> bool:
        """Whether a finding is seen to be refuted with some repairs; on a large platform no solver is asked."""
        mine = self.of(chosen, name)
        if self._numbers_of(mine) is None or not self.judge.is_about(self.tree(mine), name):
            return False
        if (name, mine) in self.known or self.judge.is_small(self.root):
            return self.leaves(mine, name)
        return self.judge.runs_there(self.tree(mine), name)

    def breaks(self, chosen: Set, name: str) -> None:
        """Says that a finding was seen refuted or vacuous with `chosen`."""
        mine = self.of(chosen, name)
        if self.known.get((name, mine)) is False or self._number(mine, name) != self._number(chosen, name):
            self._bears.setdefault(name, set()).update(chosen)
            mine = chosen
        self.known[name, mine] = True

    def _leaves(self, mine: Set, name: str) -> bool:
        if self._numbers_of(mine) is None:
            return False
        if name in self.wanted and not self.judge.is_about(self.tree(mine), name):
            return not self.ends(mine, name)
        number = self._number(mine, name)
        if number is None:
            return False
        key = name, number
        if key not in self._judged:
            self._judged[key] = bool(self.judge.stays(self.tree(mine), name))
        return self._judged[key]

    def _number(self, chosen: Set, name: str) -> int | None:
        numbers = self._numbers_of(chosen)
        return None if numbers is None else numbers.get(HANDOFF if name.startswith(HANDOFF) else name)

    def _numbers_of(self, chosen: Set) -> Mapping[str, int] | None:
        """What each finding is judged by; None for a set that cannot be judged."""
        if chosen not in self._numbers:
            try:
                self._numbers[chosen] = self.judge.numbers(self.tree(chosen))
            except InputError:
                self._numbers[chosen] = None
        return self._numbers[chosen]

    def _look(self) -> None:
        """Finds what bears on what."""
        nothing: Set = frozenset()
        together = self._together()
        for number in range(len(self.every)):
            one = frozenset((number,))
            self._note(number, nothing, one)
            if number in together:
                self._note(number, together - one, together)

    def _together(self) -> Set:
        """As many repairs as can be judged together; newer kernels apart, for these have what the others bring."""
        small = [n for n, one in enumerate(self.every) if not any(edit.path[-1] == "version" for edit in one.edits)]
        if self._numbers_of(frozenset(small)) is not None:
            return frozenset(small)
        found: Set = frozenset()
        for number in small:
            if self.judge.can_be(self.tree(found | {number})):
                found |= {number}
        return found

    def _note(self, number: int, without: Set, with_it: Set) -> None:
        old, new = self._numbers_of(without), self._numbers_of(with_it)
        if old is None or new is None:
            return
        for name in _differ(old, new):
            self._bears.setdefault(name, set()).add(number)
            self._always.add(number)


def _differ(old: Mapping[str, int], new: Mapping[str, int]) -> Iterable[str]:
    return (name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name))
