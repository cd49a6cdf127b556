"""Small questions about a large system: whether some values fulfil a formula, and what else bears on it.

A question is about the variables it names only. Where these have few values all of them are looked at; else a solver
is asked, and two questions that are equal up to the names of their variables are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from kexecspec.ir.expr import conjoin, conjuncts
from kexecspec.ir.grid import Later, Part
from kexecspec.ir.nodes import FALSE, TRUE, Const, Expr, Not, same
from kexecspec.ir.ranges import Ranges
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.walk import references, substitute
from kexecspec.solve.budget import Meter, fresh_solver
from kexecspec.solve.encode import encode
from kexecspec.solve.looking import Looking, TooMany
from kexecspec.solve.smtlib import Script, Writer, renumbered, script

Thing = TypeVar("Thing")

HUB = 20
"""Where more than so many parts speak of a variable, that they do leads nowhere in particular."""


class Given:
    """Values that some variables are known to have."""

    def __init__(self, values: Mapping[str, Const]) -> None:
        self.values = {name: value.value for name, value in values.items()}
        self.by = dict(values)
        self.known: dict[Expr, Expr] = {}

    def within(self, expr: Expr) -> Expr:
        """`expr` with the values in place of their variables."""
        return substitute(expr, self.by, self.known)


class Questions:
    """Answers about values of the variables of `system`; no solver is asked twice."""

    def __init__(self, system: TransitionSystem, pen: Writer) -> None:
        self.pen, self.ranges = pen, Ranges(system.variables)
        self.free = {name: replace(var, initial=None, at_handoff=None) for name, var in system.variables.items()}
        self.looking = Looking(system.variables)
        self.answers: dict[tuple[Script, str], bool] = {}

    def possible(self, parts: Sequence[Part], meter: Meter, given: Given) -> bool:
        """Whether some values, each in its variable's range, those that are `given` among them, fulfil all of `parts`.
        Raises OutOfBudget."""
        decided = [part if isinstance(part, Later) else self.ranges.decided(part) for part in parts]
        if any(part is FALSE for part in decided):
            return False
        try:
            return self.looking.possible(decided, given.values)
        except TooMany:
            return self._written(decided, meter, given)

    def _written(self, parts: Sequence[Part], meter: Meter, given: Given) -> bool:
        """As `possible`, of expressions with the values in place of their variables: less may be left of them."""
        exprs = (part.written() if isinstance(part, Later) else part for part in parts)
        formula = conjoin(self.ranges.decided(given.within(expr)) for expr in exprs)
        if isinstance(formula, Const) or _contradicts_itself(conjuncts(formula)):
            return same(formula, TRUE)
        try:
            return self.looking.possible(conjuncts(formula))
        except TooMany:
            return self.asked(formula, meter)

    def asked(self, formula: Expr, meter: Meter) -> bool:
        """Whether some values fulfil `formula`, by a solver. Raises OutOfBudget."""
        names = sorted(references(formula), key=self.pen.numbers.__getitem__)
        part = TransitionSystem({name: self.free[name] for name in names}, ())
        return asked_once(part, formula, self.pen, self.answers, meter)


def asked_once(
    part: TransitionSystem, formula: Expr, pen: Writer, answers: dict[tuple[Script, str], bool], meter: Meter
) -> bool:
    """Whether some values of the variables of `part` fulfil `formula`, by a solver, unless `answers` has it up to
    names; what is found is added to it. Raises OutOfBudget."""
    question = (script(part, pen), renumbered(formula, part, pen))
    if question not in answers:
        encoding = encode(question[0], (question[1],))
        solver = fresh_solver(encoding.context, finite=False)
        solver.add(encoding.domain, encoding.targets[0])
        answers[question] = meter.ask(solver)
    return answers[question]


def _contradicts_itself(terms: Sequence[Expr]) -> bool:
    """Whether one of `terms` denies another, or several of them together."""
    said = frozenset(terms)
    denied = (term.term for term in terms if isinstance(term, Not))
    return any(said.issuperset(conjuncts(one)) for one in denied)


class Index(Generic[Thing]):
    """Things by the variables that their expressions read."""

    def __init__(self, entries: Sequence[tuple[Expr, Thing]]) -> None:
        said = Counter(name for expr, _ in entries for name in references(expr))
        self.things = tuple(thing for _, thing in entries)
        self.reads = tuple(references(expr) for expr, _ in entries)
        self.places: dict[str, list[int]] = {}
        self.common: list[int] = []
        for place, names in enumerate(self.reads):
            own = [name for name in names if said[name] <= HUB]
            for name in own:
                self.places.setdefault(name, []).append(place)
            if not own:
                self.common.append(place)

    def about(self, names: Iterable[str]) -> tuple[Thing, ...]:
        """Those that speak of one of `names`, hubs left out, in their order."""
        return tuple(self.things[place] for place in self._about(names))

    def within(self, names: frozenset[str]) -> tuple[Thing, ...]:
        """Those that speak of nothing but `names`, in their order."""
        near = sorted({*self._about(names), *self.common})
        return tuple(self.things[place] for place in near if self.reads[place] <= names)

    def _about(self, names: Iterable[str]) -> list[int]:
        return sorted({place for name in names for place in self.places.get(name, ())})
