"""What one run of the judge keeps at hand: how it writes, how hard it tries, and the states it has looked
at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kexecspec.explore import Sweep
from kexecspec.ir.expr import Expr
from kexecspec.ir.moves import Row
from kexecspec.ir.system import TransitionSystem
from kexecspec.solve.answers import Effort
from kexecspec.solve.kinds import counters_of, kinds_of
from kexecspec.solve.laps import Course
from kexecspec.solve.smtlib import Script, Writer, pen_for, renumbered, script

Key = tuple[Script, tuple[str, ...], tuple[str, ...]]


@dataclass
class Desk:
    """Looks at the states of a system are taken once, whoever asks."""

    pen: Writer
    effort: Effort
    sweeps: dict[Key, Sweep] = field(default_factory=dict)
    courses: dict[tuple[Key, tuple[str, ...]], Course] = field(default_factory=dict)
    kinds: dict[Key, tuple[Row, ...] | None] = field(default_factory=dict)

    def script(self, system: TransitionSystem) -> Script:
        """The text of `system`."""
        return script(system, self.pen)

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
        if key not in self.courses:
            self.courses[key] = Course(system, counters, self.effort.states)
        return self.courses[key]

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
