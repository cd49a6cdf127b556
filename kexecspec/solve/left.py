"""What a handoff leaves behind: choices in what it writes that are decided wherever it may fire.

A jump comes after the shutdown walk, and a driver whose walk is over has given back what its hook gives back. What it
would add to a sum of residues is then nothing, which is a small question about that driver alone. So a sum over all
drivers keeps only those that leak, and speaks of no other one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kexecspec.ir.expr import conjuncts, negate
from kexecspec.ir.flow import from_control
from kexecspec.ir.nodes import FALSE, TRUE, Expr, If
from kexecspec.ir.system import Invariant, Rule, TransitionSystem
from kexecspec.ir.walk import children, rebuilt, references
from kexecspec.solve.budget import Meter
from kexecspec.solve.questions import Given, Index, Questions
from kexecspec.solve.smtlib import Writer


@dataclass(frozen=True)
class Left:
    """`system` does what the one it was made from does wherever `invariants`, which are inductive, hold."""

    system: TransitionSystem
    invariants: tuple[Invariant, ...]


def without_what_is_given_back(system: TransitionSystem, pen: Writer, meter: Meter) -> Left:
    """`system` with each choice decided that its handoffs make in one way only. Raises OutOfBudget."""
    deciding = _Deciding(system, pen, meter)
    rules = tuple(deciding.decided(rule) if rule.handoff else rule for rule in system.rules)
    return Left(replace(system, rules=rules), tuple(deciding.used.values()))


class _Deciding:
    """Asks of each choice what bears on it, and keeps what it used."""

    def __init__(self, system: TransitionSystem, pen: Writer, meter: Meter) -> None:
        self.questions, self.meter = Questions(system, pen), meter
        self.flow = Index([(i.holds, i) for i in system.invariants if from_control(i)])
        self.used: dict[str, Invariant] = {}

    def decided(self, rule: Rule) -> Rule:
        """`rule` with what it writes decided as far as can be told. Raises OutOfBudget."""
        order = Index([(part, part) for part in rule.order])
        guard = conjuncts(rule.guard)
        asked = dict.fromkeys(one for value in rule.effect.values() for one in _conditions(value, {}))
        known = dict[Expr, Expr]()
        for condition in asked:
            outcome = self._outcome(condition, guard, order)
            if outcome is not None:
                known[condition] = outcome
        if not known:
            return rule
        return replace(rule, effect={name: _with(value, known, {}) for name, value in rule.effect.items()})

    def _outcome(self, condition: Expr, guard: tuple[Expr, ...], order: Index[Expr]) -> Expr | None:
        invariants = self.flow.about(references(condition))
        near = references(condition).union(*(references(i.holds) for i in invariants))
        context = (*guard, *order.about(near), *(i.holds for i in invariants))
        for claim, outcome in ((condition, FALSE), (negate(condition), TRUE)):
            if not self.questions.possible((*context, claim), self.meter, Given({})):
                self.used.update((i.name, i) for i in invariants)
                return outcome
        return None


def _conditions(expr: Expr, seen: dict[Expr, None]) -> Iterator[Expr]:
    """What decides the choices in `expr` that are made by one variable."""
    if expr in seen:
        return
    seen[expr] = None
    if isinstance(expr, If) and len(references(expr.condition)) == 1:
        yield expr.condition
    for part in children(expr):
        yield from _conditions(part, seen)


def _with(expr: Expr, by: dict[Expr, Expr], known: dict[Expr, Expr]) -> Expr:
    """`expr` with each part that `by` names replaced."""
    found = known.get(expr)
    if found is None:
        found = known[expr] = by[expr] if expr in by else rebuilt(expr, lambda part: _with(part, by, known))
    return found
