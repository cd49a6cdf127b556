"""From what is wrong backwards: what may lead there in one step, in two, and so on, until nothing new does.

It is k-induction for every k at once, and its proof needs no k: that none of the predicates found holds is inductive.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kexecspec.ir.expr import conjoin, negate
from kexecspec.ir.nodes import FALSE, Expr, same
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.walk import references, substitute
from kexecspec.solve.answers import Safe
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.desk import Desk
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.pdr import is_inductive
from kexecspec.solve.prove import Ground

_MOST = 400
"""More predicates than that are no proof that anybody wants to look at."""


def by_looking_back(ground: Ground, desk: Desk) -> Safe | None:
    """The proof that nothing leads to `ground.where`; None where something may, or too much would have to be looked
    at. Raises OutOfBudget."""
    encoding = encode(desk.script(ground.system), [desk.text(one.holds, ground.system) for one in ground.kept])
    known = _Known(encoding, Meter(desk.effort.rlimit))
    waiting, done = [ground.where], list[Expr]()
    while waiting:
        worst = waiting.pop(0)
        text = desk.text(worst, ground.system)
        if not known.is_new(text):
            continue
        if known.is_initial(text) or len(done) + len(waiting) > _MOST:
            return None
        known.add(text)
        done.append(worst)
        waiting.extend(_before(ground.system, worst))
    found = [negate(one) for one in done]
    parts = [*(one.holds for one in ground.kept), *found, negate(ground.where)]
    if not is_inductive(ground.system, parts, desk.pen, desk.effort.rlimit):
        raise OutOfBudget("looking back found an invariant that does not hold up")
    return ground.with_found(found, "backwards")


def _before(system: TransitionSystem, worst: Expr) -> Iterator[Expr]:
    """For each rule that bears on it, from where it leads to `worst`."""
    names = references(worst)
    for rule in system.rules:
        effect = {name: value for name, value in rule.effect.items() if name in names}
        if effect:
            before = conjoin((rule.enabled, substitute(worst, effect)))
            if not same(before, FALSE):
                yield before


@dataclass
class _Known:
    """What has been found to lead to what is wrong, and what can only be where that is not so."""

    encoding: Encoding
    meter: Meter
    asked: int = 0
    anywhere: Any = field(init=False)
    at_first: Any = field(init=False)

    def __post_init__(self) -> None:
        self.anywhere, self.at_first = (fresh_solver(self.encoding.context, finite=True) for _ in range(2))
        self.anywhere.add(self.encoding.domain, *self.encoding.targets)
        self.at_first.add(self.encoding.initial, self.encoding.domain)

    def is_new(self, text: str) -> bool:
        """Whether it can hold somewhere that has not been found yet."""
        return self._can_hold(self.anywhere, text)

    def is_initial(self, text: str) -> bool:
        """Whether it can hold at first."""
        return self._can_hold(self.at_first, text)

    def add(self, text: str) -> None:
        """Found."""
        import z3

        self.anywhere.add(z3.Not(self.encoding.read((text,))[0]))

    def _can_hold(self, solver: Any, text: str) -> bool:
        import z3

        self.asked += 1
        literal = z3.Bool(f"h{self.asked}", self.encoding.context)
        solver.add(z3.Implies(literal, self.encoding.read((text,))[0]))
        return self.meter.ask(solver, literal)
