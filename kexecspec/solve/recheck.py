"""The last look at a proof: on the whole system, with nothing of what found it.

Each invariant is asked about for each rule that writes one of its variables, with what of the guard, the order and the
other invariants lies near; where that does not suffice, with all there is. A rule that writes none of them keeps it. So
the work grows with the size of the system, and what is equal up to names is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from kexecspec.solve.questions import Given, Index, Questions
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
    looking = _Looking(_Asking(system, Meter(rlimit)), [invariant.holds for invariant in distinct])
    objections = [
        *_failing([(i.name, partial(looking.asking.at_first, i.holds)) for i in distinct], "does not hold at first"),
        *_failing([(i.name, partial(looking.kept, i.holds)) for i in distinct], "is not kept by every rule"),
        *_failing([(p.id, partial(looking.follows, p.holds)) for p in properties], "does not follow"),
    ]
    ranges = [one for one in _ranges(system) if not _shown(partial(looking.inside, one))]
    if ranges:
        more = looking.with_more(_standing(looking))
        objections += _failing([(one.says, partial(more.inside, one)) for one in ranges], "may be left")
    return tuple(objections)


def sufficient(
    system: TransitionSystem, invariants: Sequence[Invariant], rlimit: int = 200_000_000
) -> tuple[Invariant, ...]:
    """`invariants`, each once and none that says nothing; where they alone do not show that every number stays in its
    range, also the declared ones that are inductive together with them."""
    distinct = tuple({i.holds: i for i in invariants if not same(i.holds, TRUE)}.values())
    looking = _Looking(_Asking(system, Meter(rlimit)), [invariant.holds for invariant in distinct])
    if all(_shown(partial(looking.inside, one)) for one in _ranges(system)):
        return distinct
    standing = frozenset(_standing(looking))
    return tuple({i.holds: i for i in (*distinct, *(i for i in system.invariants if i.holds in standing))}.values())


@dataclass(frozen=True)
class _Range:
    """That a value is one of its variable's sort: at first, or where `rule` may fire."""

    says: str
    rule: Rule | None
    inside: Expr


class _Asking:
    """What is asked of `system`, whatever holds in it: no question twice, all on one budget."""

    def __init__(self, system: TransitionSystem, meter: Meter) -> None:
        self.system, self.meter = system, meter
        self.questions = Questions(system, writer(system))
        self.firsts = {name: var.initial for name, var in system.variables.items() if var.initial is not None}
        self.writing = writers(rule.effect for rule in system.rules)
        self.orders: dict[str, Index[Expr]] = {}

    def possible(self, parts: Sequence[Expr], given: Given) -> bool:
        """Whether some values, each of its variable's sort or `given`, fulfil all of `parts`. Raises OutOfBudget."""
        return self.questions.possible(parts, self.meter, given)

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


class _Looking:
    """What is asked where the predicates `held` hold."""

    def __init__(self, asking: _Asking, held: Sequence[Expr]) -> None:
        self.asking, self.held = asking, tuple(held)
        self.given = Given(dict(_values(held)))
        self.near = Index([(part, part) for part in held])

    def with_more(self, held: Sequence[Expr]) -> _Looking:
        """The same where `held` holds too."""
        return _Looking(self.asking, tuple(dict.fromkeys((*self.held, *held))))

    def follows(self, claim: Expr) -> bool:
        """Whether `claim` holds wherever `held` does. Raises OutOfBudget."""
        return self._excluded((negate(claim),), None)

    def kept(self, claim: Expr) -> bool:
        """Whether every rule leads from where `claim` holds too to where it holds. Raises OutOfBudget."""
        return all(self._kept_by(rule, claim) for rule in self.asking.writing_one_of(references(claim)))

    def inside(self, one: _Range) -> bool:
        """Whether `one` holds. Raises OutOfBudget."""
        guard = () if one.rule is None else (one.rule.guard,)
        return self._excluded((negate(one.inside), *guard), one.rule)

    def _kept_by(self, rule: Rule, claim: Expr) -> bool:
        later, names = substitute(claim, rule.effect), references(claim) & rule.effect.keys()
        written = [_inside(self.asking.system.variables[name].sort, rule.effect[name]) for name in sorted(names)]
        return same(later, claim) or self._excluded((negate(later), claim, rule.guard, *written), rule)

    def _excluded(self, wanted: tuple[Expr, ...], rule: Rule | None) -> bool:
        """Whether nothing where `held` holds, and the order of `rule`, fulfils all of `wanted`."""
        order = () if rule is None else rule.order
        turn = self.asking.order(rule)
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
        return self.asking.possible(parts, self.given)


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


def _standing(looking: _Looking) -> tuple[Expr, ...]:
    """The declared invariants that are inductive together with what `looking` holds."""
    asking = looking.asking
    left = [i.holds for i in asking.system.invariants if not same(i.holds, TRUE)]
    left = [holds for holds in left if _shown(partial(asking.at_first, holds))]
    while True:
        together = looking.with_more(left)
        kept = [holds for holds in left if _shown(partial(together.kept, holds))]
        if len(kept) == len(left):
            return tuple(kept)
        left = kept


def _shown(holds: Holds) -> bool:
    """Whether a claim is shown to hold; one that exceeds the budget is not."""
    try:
        return holds()
    except OutOfBudget:
        return False


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


def _ranges(system: TransitionSystem) -> Iterator[_Range]:
    """For each value that a variable is given: that it is one of its sort. None for what is so by itself."""
    for var in system.variables.values():
        inside = TRUE if var.initial is None else _inside(var.sort, var.initial)
        if not same(inside, TRUE):
            yield _Range(f"the range of {var.name} at first", None, inside)
    for rule in system.rules:
        for name, value in rule.effect.items():
            inside = _inside(system.variables[name].sort, value)
            if not same(inside, TRUE):
                yield _Range(f"the range of {name} in {rule.name}", rule, inside)


def _inside(sort: Sort, value: Expr) -> Expr:
    """That `value`, which is of the right kind, is one of `sort`."""
    match sort:
        case BoolSort():
            return TRUE
        case IntSort(low, high):
            return conjoin((at_most(Const(low), value), at_most(value, Const(high))))
        case EnumSort(labels):
            return disjoin(equal(value, Const(label)) for label in labels)
