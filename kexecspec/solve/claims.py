"""What holds of a system one rule at a time: whether a claim holds at first, is kept by every rule, or follows.

A claim is asked about for each rule that writes one of its variables, with what of the guard, the order and the other
predicates lies near; where that does not suffice, with all there is. A rule that writes none of them keeps it. Who
answers the questions is the choice of whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kexecspec.ir.expr import at_most, conjoin, conjuncts, disjoin, equal, negate
from kexecspec.ir.grid import Later, Part, reads
from kexecspec.ir.nodes import FALSE, TRUE, Const, Eq, Expr, Not, Ref, same
from kexecspec.ir.system import Rule, TransitionSystem, writers
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort
from kexecspec.ir.walk import references, substitute
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.crowd import MANY, Aside, sums_in
from kexecspec.solve.questions import Given, Index

HOPS = 3
"""How far from a claim what bears on it is looked for, before everything is asked about at once."""

Possible = Callable[[Sequence[Part], Given], bool]
"""Whether some values, each of its variable's sort or given, fulfil several predicates. May raise OutOfBudget."""


@dataclass(frozen=True)
class Range:
    """That a value is one of its variable's sort: at first, or where `rule` may fire."""

    says: str
    rule: Rule | None
    inside: Expr


class Asking:
    """What is asked of `system`, whatever holds in it. With a `meter`, sums over a crowd are also looked at apart."""

    def __init__(self, system: TransitionSystem, possible: Possible, meter: Meter | None = None) -> None:
        self.system, self.possible, self.meter = system, possible, meter
        self.firsts = {name: var.initial for name, var in system.variables.items() if var.initial is not None}
        self.writing = writers(rule.effect for rule in system.rules)
        self.orders: dict[str, Index[Expr]] = {}
        self.insides: dict[str, dict[str, Expr]] = {}

    def at_first(self, claim: Expr) -> bool:
        """Whether `claim` holds in every first state. Raises OutOfBudget."""
        return not self.possible((negate(substitute(claim, self.firsts)),), Given({}))

    def writing_one_of(self, names: frozenset[str]) -> Iterator[Rule]:
        """The rules that write one of `names`."""
        places = dict.fromkeys(place for name in sorted(names) for place in self.writing.get(name, ()))
        return (self.system.rules[place] for place in places)

    def order(self, rule: Rule | None) -> Index[Expr]:
        """The conjuncts of the order of `rule`."""
        name = "" if rule is None else rule.name
        if name not in self.orders:
            self.orders[name] = Index([(part, part) for part in (() if rule is None else rule.order)])
        return self.orders[name]

    def inside(self, rule: Rule) -> Mapping[str, Expr]:
        """For what `rule` writes that it is of its variable's sort, where that is not so by itself."""
        if rule.name not in self.insides:
            named = ((name, _inside(self.system.variables[name].sort, value)) for name, value in rule.effect.items())
            self.insides[rule.name] = {name: inside for name, inside in named if not same(inside, TRUE)}
        return self.insides[rule.name]


class Claims:
    """What is asked where the predicates `held` hold."""

    def __init__(self, asking: Asking, held: Sequence[Expr]) -> None:
        self.asking, self.held = asking, tuple(held)
        self.given = Given(dict(_values(held)))
        self.near = Index([(part, part) for part in held if next(sums_in(part), None) is None])
        self.aside = None if asking.meter is None else Aside(asking.system, self.held, self.given, asking.meter)

    def with_more(self, held: Sequence[Expr]) -> Claims:
        """The same where `held` holds too."""
        return Claims(self.asking, tuple(dict.fromkeys((*self.held, *held))))

    def follows(self, claim: Expr) -> bool:
        """Whether `claim` holds wherever `held` does. Raises OutOfBudget."""
        return self._excluded((negate(claim),), None, ())

    def kept(self, claim: Expr) -> bool:
        """Whether every rule leads from where `claim` holds too to where it holds. Raises OutOfBudget."""
        return all(self.kept_by(rule, claim) for rule in self.asking.writing_one_of(references(claim)))

    def kept_by(self, rule: Rule, claim: Expr) -> bool:
        """Whether `rule` leads from where `claim` holds too to where it holds. Raises OutOfBudget."""
        if self.aside is not None and self.aside.keeps(rule, claim):
            return True
        inside, denied = self.asking.inside(rule), Later(negate(claim), rule.effect)
        written = (inside[name] for name in sorted(references(claim) & inside.keys()))
        return self._excluded((*conjuncts(rule.guard), claim, *written, denied), rule, tuple(inside.values()))

    def escapes(self, rule: Rule, claim: Expr) -> tuple[Part, ...]:
        """What is so wherever `held` and `claim` hold and `rule` leads to where `claim` does not."""
        inside = self.asking.inside(rule).values()
        return (*conjuncts(rule.guard), *rule.order, claim, *inside, *self.held, Later(negate(claim), rule.effect))

    def never_fires(self, rule: Rule) -> bool:
        """Whether `rule` is shown never to fire; of one that speaks of many, by what is near. Raises OutOfBudget."""
        if self.aside is not None and self.aside.excludes(rule, ()):
            return True
        few = all(len(references(part)) <= 2 * MANY for part in rule.order)
        return few and self._excluded(conjuncts(rule.guard), rule, ())

    def inside(self, one: Range) -> bool:
        """Whether `one` holds. Raises OutOfBudget."""
        guard = () if one.rule is None else conjuncts(one.rule.guard)
        return self._excluded((negate(one.inside), *guard), one.rule, ())

    def _excluded(self, wanted: tuple[Part, ...], rule: Rule | None, at_last: tuple[Expr, ...]) -> bool:
        """Whether nothing where `held` holds, and the order of `rule`, fulfils all of `wanted` and `at_last`."""
        order = () if rule is None else rule.order
        turn = self.asking.order(rule)
        near = frozenset().union(*map(reads, wanted))
        held, due = self.near.within(near), turn.within(near)
        for hop in range(HOPS):
            if not self.asking.possible((*wanted, *held, *due), self.given):
                return True
            if hop == 0 and rule is not None and self.aside is not None and self.aside.excludes(rule, wanted):
                return True
            held = self.near.about(near)
            near = near.union(*map(references, held))
            due = turn.about(near)
        return not self.asking.possible((*wanted, *self.held, *order, *at_last), self.given)


def largest(claims: Claims, candidates: Sequence[Expr]) -> tuple[Expr, ...]:
    """The most of `candidates` that are inductive together with what `claims` holds. One for which the budget does not
    suffice is not."""
    left = [holds for holds in candidates if shown(partial(claims.asking.at_first, holds))]
    while True:
        together = claims.with_more(left)
        kept = [holds for holds in left if shown(partial(together.kept, holds))]
        if len(kept) == len(left):
            return tuple(kept)
        left = kept


def shown(holds: Callable[[], bool]) -> bool:
    """Whether a claim is shown to hold; one that exceeds the budget is not."""
    try:
        return holds()
    except OutOfBudget:
        return False


def _values(held: Sequence[Expr]) -> Iterator[tuple[str, Const]]:
    """The variables that `held` gives one value, each the first one: another would leave nothing possible."""
    seen = set[str]()
    for part in held:
        match part:
            case Eq(Ref(name), Const() as value):
                pass
            case Ref(name):
                value = TRUE
            case Not(Ref(name)):
                value = FALSE
            case _:
                continue
        if name not in seen:
            seen.add(name)
            yield name, value


def ranges(system: TransitionSystem) -> Iterator[Range]:
    """For each value that a variable is given: that it is one of its sort. None for what is so by itself."""
    for var in system.variables.values():
        inside = TRUE if var.initial is None else _inside(var.sort, var.initial)
        if not same(inside, TRUE):
            yield Range(f"the range of {var.name} at first", None, inside)
    for rule in system.rules:
        for name, value in rule.effect.items():
            inside = _inside(system.variables[name].sort, value)
            if not same(inside, TRUE):
                yield Range(f"the range of {name} in {rule.name}", rule, inside)


def _inside(sort: Sort, value: Expr) -> Expr:
    """That `value`, which is of the right kind, is one of `sort`."""
    match sort:
        case BoolSort():
            return TRUE
        case IntSort(low, high):
            return conjoin((at_most(Const(low), value), at_most(value, Const(high))))
        case EnumSort(labels):
            return disjoin(equal(value, Const(label)) for label in labels)
