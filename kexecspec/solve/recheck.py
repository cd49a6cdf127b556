"""The last look at a proof: on the whole system, with nothing of what found it.

Each invariant is asked about for each rule that writes one of its variables, with what of the guard, the order and the
other invariants lies near; where that does not suffice, with all there is. A rule that writes none of them keeps it. So
the work grows with the size of the system, and what is equal up to names is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kexecspec.ir.expr import (
    FALSE,
    TRUE,
    Const,
    Eq,
    Expr,
    Not,
    Ref,
    at_most,
    conjoin,
    disjoin,
    equal,
    negate,
    references,
    same,
    substitute,
)
from kexecspec.ir.system import Invariant, Property, Rule, TransitionSystem, writers
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.questions import Index, Questions
from kexecspec.solve.smtlib import writer

HOPS = 3
"""How far from a claim what bears on it is looked for, before everything is asked about at once."""

Holds = Callable[[], bool]


def recheck(
    system: TransitionSystem,
    invariants: Sequence[Invariant],
    properties: Sequence[Property],
    rlimit: int = 200_000_000,
) -> tuple[str, ...]:
    """What is wrong with the proof that the conjunction of `invariants` is to be: that it holds at first,
    that every rule keeps it, that it implies each of `properties`, and that no rule that may fire is held back
    because it would take a number out of its range. Empty when nothing is wrong."""
    distinct = tuple({invariant.holds: invariant for invariant in invariants}.values())
    looking = _Looking(system, [invariant.holds for invariant in distinct], Meter(rlimit))
    objections = [
        *_failing([(i.name, partial(looking.at_first, i.holds)) for i in distinct], "does not hold at first"),
        *_failing([(i.name, partial(looking.kept, i.holds)) for i in distinct], "is not kept by every rule"),
        *_failing([(p.id, partial(looking.follows, p.holds)) for p in properties], "does not follow"),
    ]
    if any(_failing(_ranges(looking), "may be left")):
        looking = looking.with_more(_standing(looking))
        objections += _failing(_ranges(looking), "may be left")
    return tuple(objections)


def sufficient(
    system: TransitionSystem, invariants: Sequence[Invariant], rlimit: int = 200_000_000
) -> tuple[Invariant, ...]:
    """`invariants`, each once and none that says nothing; where they alone do not show that every number stays in its
    range, also the declared ones that are inductive together with them."""
    distinct = tuple({i.holds: i for i in invariants if not same(i.holds, TRUE)}.values())
    looking = _Looking(system, [invariant.holds for invariant in distinct], Meter(rlimit))
    if not any(_failing(_ranges(looking), "may be left")):
        return distinct
    standing = frozenset(_standing(looking))
    return tuple({i.holds: i for i in (*distinct, *(i for i in system.invariants if i.holds in standing))}.values())


class _Looking:
    """What is asked of `system` where the predicates `held` hold."""

    def __init__(self, system: TransitionSystem, held: Sequence[Expr], meter: Meter) -> None:
        self.system, self.held, self.meter = system, tuple(held), meter
        self.questions = Questions(system, writer(system))
        self.values = dict(_values(held))
        self.known: dict[Expr, Expr] = {}
        self.near = Index([(part, part) for part in held])
        self.orders: dict[str, Index[Expr]] = {}
        self.firsts = {name: var.initial for name, var in system.variables.items() if var.initial is not None}
        self.writing = writers(rule.effect for rule in system.rules)

    def with_more(self, held: Sequence[Expr]) -> _Looking:
        """The same where `held` holds too."""
        return _Looking(self.system, tuple(dict.fromkeys((*self.held, *held))), self.meter)

    def at_first(self, claim: Expr) -> bool:
        """Whether `claim` holds in every first state. Raises OutOfBudget."""
        return not self.questions.possible(negate(substitute(claim, self.firsts)), self.meter)

    def follows(self, claim: Expr) -> bool:
        """Whether `claim` holds wherever `held` does. Raises OutOfBudget."""
        return self._excluded((negate(claim),), None)

    def kept(self, claim: Expr) -> bool:
        """Whether every rule leads from where `claim` holds too to where it holds. Raises OutOfBudget."""
        places = dict.fromkeys(place for name in sorted(references(claim)) for place in self.writing.get(name, ()))
        return all(self._kept_by(self.system.rules[place], claim) for place in places)

    def may_fire(self, rule: Rule, claim: Expr) -> bool:
        """Whether `claim` holds wherever `rule` may fire. Raises OutOfBudget."""
        return self._excluded((negate(claim), rule.guard), rule)

    def _kept_by(self, rule: Rule, claim: Expr) -> bool:
        later, names = substitute(claim, rule.effect), references(claim) & rule.effect.keys()
        written = [_inside(self.system.variables[name].sort, rule.effect[name]) for name in sorted(names)]
        return same(later, claim) or self._excluded((negate(later), claim, rule.guard, *written), rule)

    def _excluded(self, wanted: tuple[Expr, ...], rule: Rule | None) -> bool:
        """Whether nothing where `held` holds, and the order of `rule`, fulfils all of `wanted`."""
        order = () if rule is None else rule.order
        turn = self._order(rule)
        near = references(conjoin(wanted))
        held, due = self.near.within(near), turn.within(near)
        for _ in range(HOPS):
            if not self._possible((*wanted, *held, *due)):
                return True
            held = self.near.about(near)
            near = near.union(*map(references, held))
            due = turn.about(near)
        return not self._possible((*wanted, *self.held, *order))

    def _possible(self, parts: Sequence[Expr]) -> bool:
        """Whether some state where `held` holds fulfils all of `parts`."""
        known = (substitute(part, self.values, self.known) for part in parts)
        return self.questions.possible(conjoin(known), self.meter)

    def _order(self, rule: Rule | None) -> Index[Expr]:
        name = "" if rule is None else rule.name
        if name not in self.orders:
            self.orders[name] = Index([(part, part) for part in (() if rule is None else rule.order)])
        return self.orders[name]


def _values(held: Sequence[Expr]) -> Iterator[tuple[str, Expr]]:
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


def _standing(looking: _Looking) -> tuple[Expr, ...]:
    """The declared invariants that are inductive together with what `looking` holds."""
    system = looking.system
    left = [i.holds for i in system.invariants if not same(i.holds, TRUE)]
    left = [holds for holds in left if not _failing([("", partial(looking.at_first, holds))], "")]
    while True:
        together = looking.with_more(left)
        kept = [holds for holds in left if not _failing([("", partial(together.kept, holds))], "")]
        if len(kept) == len(left):
            return tuple(kept)
        left = kept


def _failing(claims: Sequence[tuple[str, Holds]], words: str) -> list[str]:
    """A sentence for each claim, by name, that does not hold; the first that exceeds the budget ends it."""
    objections = []
    for name, holds in claims:
        try:
            if not holds():
                objections.append(f"{name} {words}")
        except OutOfBudget as reason:
            return [*objections, f"{name}: not rechecked, {reason}"]
    return objections


def _ranges(looking: _Looking) -> list[tuple[str, Holds]]:
    """For each value that a variable is given, by name: at first, or where the rule may fire, it is one of its sort."""
    system = looking.system
    found: list[tuple[str, Holds]] = []
    for var in system.variables.values():
        inside = TRUE if var.initial is None else _inside(var.sort, var.initial)
        if not same(inside, TRUE):
            found.append((f"the range of {var.name} at first", partial(looking.follows, inside)))
    for rule in system.rules:
        for name, value in rule.effect.items():
            inside = _inside(system.variables[name].sort, value)
            if not same(inside, TRUE):
                claim = f"the range of {name} in {rule.name}"
                found.append((claim, partial(looking.may_fire, rule, inside)))
    return found


def _inside(sort: Sort, value: Expr) -> Expr:
    """That `value`, which is of the right kind, is one of `sort`."""
    match sort:
        case BoolSort():
            return TRUE
        case IntSort(low, high):
            return conjoin((at_most(Const(low), value), at_most(value, Const(high))))
        case EnumSort(labels):
            return disjoin(equal(value, Const(label)) for label in labels)
