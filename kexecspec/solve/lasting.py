"""Platform state that never changes, whatever is done: shown rule by rule.

That a variable keeps its first value is assumed of all until a rule is found that may change one. What a rule may do to
a variable is a small question: its guard, the conjuncts of its order and the control-flow invariants that speak of what
the new value reads. So the work grows with the size of the system; questions that are equal up to names are asked once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kexecspec.ir.expr import conjuncts, equal, negate
from kexecspec.ir.flow import from_control
from kexecspec.ir.nodes import Const, Expr, same
from kexecspec.ir.system import Invariant, Lifetime, Rule, TransitionSystem
from kexecspec.ir.walk import references, substitute
from kexecspec.solve.budget import Meter
from kexecspec.solve.questions import Given, Index, Questions
from kexecspec.solve.smtlib import Writer


@dataclass(frozen=True)
class Lasting:
    """Variables and the values they always have, and invariants that are inductive together with that."""

    constants: Mapping[str, Const]
    invariants: tuple[Invariant, ...]


def lasting(system: TransitionSystem, pen: Writer, meter: Meter) -> Lasting:
    """The variables of the platform's lifetime that no rule of `system` ever changes. Raises OutOfBudget."""
    asking = _Asking(system, pen, meter)
    again = {(rule.name, name): rule for rule in system.rules for name in rule.effect if name in asking.constants}
    while again:
        queue, again = again, {}
        for (_, name), rule in queue.items():
            if name in asking.constants and not asking.keeps(rule, name):
                asking.changes(name)
                again.update({(other.name, of): other for other, of in asking.waiting.pop(name, ())})
    used = {i.name: i for found in asking.used.values() for i in found} if asking.constants else {}
    return Lasting(asking.constants, tuple(used.values()))


class _Asking:
    """What is still assumed to last, and what was used to show that rules keep it."""

    def __init__(self, system: TransitionSystem, pen: Writer, meter: Meter) -> None:
        self.questions, self.meter = Questions(system, pen), meter
        self.constants = {
            name: var.initial
            for name, var in system.variables.items()
            if var.lifetime is Lifetime.PLATFORM and isinstance(var.initial, Const)
        }
        self.given = Given(self.constants)
        self.waiting: dict[str, list[tuple[Rule, str]]] = {}
        self.used: dict[tuple[str, str], tuple[Invariant, ...]] = {}
        self.flow = Index([(i.holds, i) for i in system.invariants if from_control(i)])
        self.orders: dict[str, Index[Expr]] = {}

    def changes(self, name: str) -> None:
        """Nobody assumes any more that `name` lasts."""
        del self.constants[name]
        self.given = Given(self.constants)

    def keeps(self, rule: Rule, name: str) -> bool:
        """Whether `rule` leaves `name` what it is, as far as can be told. Raises OutOfBudget."""
        value, first = rule.effect[name], self.constants[name]
        if same(substitute(value, self.constants), first):
            return self._kept(rule, name, (value,), ())
        guard = conjuncts(rule.guard)
        near = references(value).union(*map(references, guard))
        invariants = self.flow.about(near)
        near = near.union(*(references(i.holds) for i in invariants))
        if rule.name not in self.orders:
            self.orders[rule.name] = Index([(part, part) for part in rule.order])
        parts = (*guard, *self.orders[rule.name].about(near), *(i.holds for i in invariants))
        if self.questions.possible((*parts, negate(equal(value, first))), self.meter, self.given):
            return False
        return self._kept(rule, name, (value, *parts), invariants)

    def _kept(self, rule: Rule, name: str, by: Sequence[Expr], invariants: tuple[Invariant, ...]) -> bool:
        for other in frozenset[str]().union(*map(references, by)) & self.constants.keys():
            self.waiting.setdefault(other, []).append((rule, name))
        self.used[rule.name, name] = invariants
        return True
