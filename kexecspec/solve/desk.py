"""What one run of the judge keeps at hand: how it writes, how hard it tries, and the states it has looked
at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from kexecspec.explore import Sweep
from kexecspec.ir.moves import Row
from kexecspec.ir.nodes import Expr
from kexecspec.ir.slice import cone, restrict
from kexecspec.ir.system import TransitionSystem
from kexecspec.solve.answers import Effort
from kexecspec.solve.block import Learner
from kexecspec.solve.induct import Standing
from kexecspec.solve.kinds import counters_of, kinds_of
from kexecspec.solve.laps import Course
from kexecspec.solve.looking import Seen
from kexecspec.solve.runs import limited
from kexecspec.solve.small import Small, SmallLearner, small
from kexecspec.solve.smtlib import Script, Writer, pen_for, renumbered, script

Name = TypeVar("Name")
Thing = TypeVar("Thing")

Key = tuple[Script, tuple[str, ...], tuple[str, ...]]


@dataclass
class Desk:
    """Looks at the states of a system are taken once, whoever asks."""

    pen: Writer
    effort: Effort
    scripts: dict[int, tuple[TransitionSystem, Script]] = field(default_factory=dict)
    parts: dict[int, tuple[TransitionSystem, dict[frozenset[str], TransitionSystem]]] = field(default_factory=dict)
    limits: dict[int, tuple[TransitionSystem, dict[int, TransitionSystem]]] = field(default_factory=dict)
    standings: dict[tuple[Script, int], Standing] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    smalls: dict[Key, Small | None] = field(default_factory=dict)
    small_learners: dict[tuple[Key, tuple[Expr, ...]], SmallLearner] = field(default_factory=dict)
    learners: dict[tuple[Key, tuple[Expr, ...], frozenset[int]], Learner] = field(default_factory=dict)
    sweeps: dict[Key, Sweep] = field(default_factory=dict)
    courses: dict[tuple[Key, tuple[str, ...]], Course] = field(default_factory=dict)
    kinds: dict[Key, tuple[Row, ...] | None] = field(default_factory=dict)

    def script(self, system: TransitionSystem) -> Script:
        """The text of `system`."""
        if id(system) not in self.scripts:
            self.scripts[id(system)] = (system, script(system, self.pen))
        return self.scripts[id(system)][1]

    def part(self, system: TransitionSystem, roots: frozenset[str]) -> TransitionSystem:
        """The slice of `system` for `roots`; the same one for the same variables."""
        whole, known = self.parts.setdefault(id(system), (system, {}))
        if roots not in known:
            names = cone(whole, roots)
            known[roots] = known.get(names) or restrict(whole, names)
            known[names] = known[roots]
        return known[roots]

    def standing(self, system: TransitionSystem) -> Standing:
        """The declared invariants of `system` that are inductive."""
        key = (self.script(system), self.effort.rlimit)
        return _recent(self.standings, key, lambda: Standing(self.script(system), self.effort.rlimit), 2)

    def small(self, system: TransitionSystem) -> Small | None:
        """`system` as a small one; None where it is not, or where nobody is to look at states."""
        if not self.effort.states:
            return None
        return _recent(self.smalls, self._key(system), lambda: small(system, self.seen), 2)

    def small_learner(self, of: Small, rows: Sequence[Row], known: Sequence[Expr]) -> SmallLearner:
        """What learns about the small system from its states `rows`."""
        key = (self._key(of.system), tuple(known))
        return _recent(self.small_learners, key, lambda: SmallLearner(of, rows, known), 2)

    def learner(
        self, system: TransitionSystem, rows: Sequence[Row], known: Sequence[Expr], outside: frozenset[int]
    ) -> Learner:
        """What learns about `system` from its states `rows`."""
        key = (self._key(system), tuple(known), outside)
        return _recent(self.learners, key, lambda: Learner(system, rows, known, self.pen, outside), 2)

    def limited(self, system: TransitionSystem, most: int) -> TransitionSystem:
        """`system` with at most `most` handoffs; the same one each time."""
        whole, known = self.limits.setdefault(id(system), (system, {}))
        if most not in known:
            known[most] = limited(whole, most)
        return known[most]

    def text(self, expr: Expr, system: TransitionSystem) -> str:
        """`expr` in the numbering of `script(system)`."""
        return renumbered(expr, system, self.pen)

    def sweep(self, system: TransitionSystem) -> Sweep:
        """The states of `system`, up to the limit."""
        key = self._key(system)
        if key not in self.sweeps:
            self.sweeps[key] = Sweep(system, self.effort.states)
        return self.sweeps[key]

    def course(self, system: TransitionSystem, counters: tuple[str, ...]) -> Course:
        """The generations of `system`, of which the states with the highest `counters` are kept."""
        key = (self._key(system), counters)
        return _recent(self.courses, key, lambda: Course(system, counters, self.effort.states), 1)

    def kinds_in(self, system: TransitionSystem) -> tuple[Row, ...] | None:
        """The states of `system` without regard to its counters; None where it has none, or too many
        kinds."""
        key = self._key(system)
        if key not in self.kinds:
            counters = counters_of(system)
            self.kinds[key] = kinds_of(system, counters, 5 * self.effort.states) if counters else None
        return self.kinds[key]

    def beside(self, system: TransitionSystem) -> Desk:
        """A desk for a system with variables that this one cannot write yet."""
        return replace(self, pen=pen_for(system, self.pen))

    def with_rlimit(self, rlimit: int) -> Desk:
        """This desk with another budget."""
        return replace(self, effort=replace(self.effort, rlimit=rlimit))

    def _key(self, system: TransitionSystem) -> Key:
        return self.script(system), tuple(system.variables), tuple(rule.name for rule in system.rules)


def _recent(known: dict[Name, Thing], name: Name, made: Callable[[], Thing], most: int) -> Thing:
    """What `known` has under `name`, made if need be. It keeps the latest `most` only: they are large."""
    thing = known.pop(name) if name in known else made()
    known[name] = thing
    while len(known) > most:
        del known[next(iter(known))]
    return thing
