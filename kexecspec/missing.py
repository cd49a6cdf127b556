"""The step that is missing where something can never happen: what is never so, what would make it so, and what that
waits for in turn, down to something that no step brings about and the facts of the file that it hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kexecspec.explore import Sweep
from kexecspec.findings import Missing
from kexecspec.ir.evaluate import compiled
from kexecspec.ir.expr import conjoin, negate
from kexecspec.ir.fold import fold
from kexecspec.ir.nodes import FALSE, TRUE, And, Const, Expr, Plus, same
from kexecspec.ir.system import Mode, Property, Rule, TransitionSystem
from kexecspec.ir.text import text
from kexecspec.ir.values import Value
from kexecspec.ir.verdict import Verdict
from kexecspec.ir.walk import children, references, substitute
from kexecspec.solve.facts import with_facts
from kexecspec.solve.judge import judge
from kexecspec.solve.possible import possible

STATES = 20_000
DEEPEST = 12
LONGEST = 90
"""Of the text of an expression no more characters are told."""


@dataclass
class Seeker:
    """One platform's system with its facts open, and what is known to be never so where they are as stated."""

    system: TransitionSystem
    values: Mapping[str, Value]
    rlimit: int
    closed: TransitionSystem = field(init=False)
    known: dict[Expr, bool] = field(default_factory=dict)
    thinkable: dict[Expr, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.closed = fold(with_facts(self.system, self.values))
        gone = {name: var.initial for name, var in self.system.variables.items() if name not in self.closed.variables}
        self._fixed = {name: first for name, first in gone.items() if isinstance(first, Const)}
        self._facts = {name: Const(value) for name, value in self.values.items()}
        self._sweep = Sweep(self.closed, STATES)
        self._rows = tuple(self._sweep.origins) if self._sweep.seek(FALSE) is None and self._sweep.complete else None

    def missing(self, wanted: Expr) -> tuple[Missing, ...]:
        """Why `wanted`, in terms of the open system, never holds; nothing where it may hold for all anybody knows."""
        found = self._chain(wanted, ())
        return found if isinstance(found, tuple) else ()

    def _chain(self, wanted: Expr, seen: tuple[Expr, ...]) -> tuple[Missing, ...] | frozenset[Expr]:
        """The chain for `wanted`, or those of `seen` that all its ways lead back to."""
        parts = self._stuck(_conjuncts(wanted))
        if len(parts) != 1:
            return (self._told(parts, None),) if parts else ()
        (part,) = parts
        if part in seen:
            return frozenset((part,))
        back: frozenset[Expr] = frozenset()
        for rule, waits_for in self._makers(part) if len(seen) < DEEPEST else ():
            further = self._chain(waits_for, (*seen, part))
            if isinstance(further, tuple):
                return (self._told(parts, rule), *further)
            back |= further
        others = frozenset() if _is_amount(part) else back - {part}
        return others or (self._told(parts, None),)

    def never(self, wanted: Expr) -> bool:
        """Whether it is shown that `wanted` never holds."""
        here = self._as_it_stands(wanted)
        if here not in self.known:
            self.known[here] = same(here, FALSE) or not same(here, TRUE) and self._excluded(here)
        return self.known[here]

    def _as_it_stands(self, expr: Expr) -> Expr:
        """`expr` with what the facts and the variables that never change are."""
        return substitute(substitute(expr, self._facts), self._fixed)

    def _excluded(self, here: Expr) -> bool:
        if self._rows is not None:
            holds = compiled(here, {name: place for place, name in enumerate(self.closed.variables)})
            return not any(holds(row) for row in self._rows)
        asked = Property("missing", "", "", here, TRUE, "", mode=Mode.SOMETIMES)
        return judge(self.closed, (asked,), self.rlimit)[0].verdict is Verdict.REFUTED

    def _stuck(self, parts: Sequence[Expr]) -> tuple[Expr, ...]:
        """One of `parts` that never holds by itself, for a fact if there is such a one, or else as few as possible that
        never hold together."""
        by_fact = (part for part in parts if same(substitute(part, self._facts), FALSE))
        alone = next(by_fact, None) or next((part for part in parts if self.never(part)), None)
        if alone is not None:
            return (alone,)
        if not self.never(conjoin(parts)):
            return ()
        kept = list(parts)
        for part in parts:
            fewer = [other for other in kept if other is not part]
            if self.never(conjoin(fewer)):
                kept = fewer
        return tuple(kept)

    def _makers(self, part: Expr) -> Iterator[tuple[Rule, Expr]]:
        """The rules that would make `part` hold, each with its guard where that is what never holds; those that a
        fact or what never changes has switched off only where there are no others."""
        found = [rule for rule in self.system.rules if self._may_make(rule, part) and self.never(rule.enabled)]
        there = [rule for rule in found if not same(self._as_it_stands(rule.guard), FALSE)]
        return ((rule, rule.enabled) for rule in there or found)

    def _may_make(self, rule: Rule, part: Expr) -> bool:
        if references(part).isdisjoint(rule.effect):
            return False
        becomes = conjoin((negate(part), substitute(part, rule.effect)))
        if becomes not in self.thinkable:
            self.thinkable[becomes] = not same(becomes, FALSE) and possible(self.system, becomes, self.rlimit)
        return self.thinkable[becomes]

    def _told(self, parts: tuple[Expr, ...], rule: Rule | None) -> Missing:
        facts = sorted(name for part in parts for name in references(part) & self.values.keys())
        never = tuple(self._said(part) for part in parts)
        says = None if rule is None else rule.says or rule.name
        return Missing(never, says, None if rule is None else rule.name, tuple(dict.fromkeys(facts)))

    def _said(self, part: Expr) -> str:
        here = substitute(part, self._facts)
        said = text(part if same(here, FALSE) else here)
        return said if len(said) <= LONGEST else said[: LONGEST - 3] + "..."


def _is_amount(expr: Expr) -> bool:
    """Whether `expr` compares sums: then the amounts are what is to blame, not the steps that change them."""
    return isinstance(expr, Plus) or any(_is_amount(part) for part in children(expr))


def _conjuncts(expr: Expr) -> tuple[Expr, ...]:
    return expr.terms if isinstance(expr, And) else (expr,)
