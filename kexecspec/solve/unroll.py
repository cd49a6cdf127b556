"""Bounded model checking: all targets of one slice in one unrolling, one depth at a time."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kexecspec.solve.budget import Meter, fresh_solver
from kexecspec.solve.encode import Encoding


@dataclass(frozen=True)
class Run:
    """A run by numbers: the codes of the initial values, and which rule fires at each step."""

    initial: tuple[int, ...]
    rules: tuple[int, ...]


@dataclass
class Unrolling:
    """`depth` states of every run, `layers[0]` the initial one; no target wanted so far holds before
    `depth`."""

    encoding: Encoding
    meter: Meter
    solver: Any = None
    layers: list[tuple[Any, ...]] = field(default_factory=list)
    choices: list[Any] = field(default_factory=list)
    depth: int = 0
    complete: bool = False

    def __post_init__(self) -> None:
        self.solver = fresh_solver(self.encoding.context, finite=True)
        self.solver.add(self.encoding.initial, self.encoding.domain)
        self.layers.append(self.encoding.now)

    def search(self, targets: Iterable[int], limit: int) -> dict[int, Run]:
        """The targets that hold within `limit` steps, each with a run of fewest steps, and of these the
        first in the order of the rules. Goes on where the last search stopped. Raises OutOfBudget with what
        was found kept in no place: ask in small pieces."""
        wanted, found = sorted(targets), dict[int, Run]()
        while wanted and self.depth <= limit and not self.complete:
            for target in self._holding(wanted):
                found[target] = self._first(target)
                wanted.remove(target)
            for target in wanted:
                self.solver.add(self._negated(target))
            self._deepen()
        return found

    def _holding(self, wanted: Sequence[int]) -> list[int]:
        """Which of `wanted` can hold in the last layer."""
        import z3

        layer = self.layers[-1]
        literals = {}
        for target in wanted:
            literal = z3.Bool(f"t{target}@{self.depth}", self.encoding.context)
            self.solver.add(z3.Implies(literal, self.encoding.moved(self.encoding.targets[target], layer)))
            literals[target] = literal
        some = z3.Bool(f"t@{self.depth}", self.encoding.context)
        self.solver.add(z3.Implies(some, z3.Or(list(literals.values()))))
        if not self.meter.ask(self.solver, some):
            self.complete = not self.solver.unsat_core()
            return []
        if len(wanted) == 1:
            return [wanted[0]]
        return [target for target in wanted if self.meter.ask(self.solver, literals[target])]

    def _first(self, target: int) -> Run:
        """The run to `target` at the last layer whose rules come first."""
        self.solver.push()
        try:
            self.solver.add(self.encoding.moved(self.encoding.targets[target], self.layers[-1]))
            self.meter.ask(self.solver)
            run = self._read()
            for place, choice in enumerate(self.choices):
                while run.rules[place] and self._earlier(place, run.rules[place]):
                    run = self._read()
                self.solver.add(choice == run.rules[place])
            return run
        finally:
            self.solver.pop()

    def _earlier(self, place: int, rule: int) -> bool:
        import z3

        literal = z3.Bool(f"e{place}.{rule}@{self.depth}", self.encoding.context)
        self.solver.add(z3.Implies(literal, self.choices[place] < rule))
        return self.meter.ask(self.solver, literal)

    def _read(self) -> Run:
        found = self.solver.model()
        return Run(
            tuple(code_of(found.eval(x, model_completion=True)) for x in self.encoding.now),
            tuple(code_of(found.eval(choice, model_completion=True)) for choice in self.choices),
        )

    def _negated(self, target: int) -> Any:
        import z3

        return z3.Not(self.encoding.moved(self.encoding.targets[target], self.layers[-1]))

    def _deepen(self) -> None:
        self.depth += 1
        self.layers.append(self.encoding.layer(self.depth))
        self.choices.append(self.encoding.choice_at(self.depth - 1))
        self.solver.add(self.encoding.step_between(self.layers[-2], self.layers[-1], self.choices[-1]))


def code_of(value: Any) -> int:
    """A value of z3 as a number; truth is 1."""
    import z3

    return value.as_long() if z3.is_int_value(value) else int(z3.is_true(value))
