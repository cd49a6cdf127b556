"""Sums over many drivers, for what one driver does: the others' share is one number.

A rule of one driver changes its own terms of a sum, whatever all the others' come to. Terms that stand in the same
sums with the same factors are counted together, and what they come to may be any number that they can come to. That
allows more than there is, so what is excluded so is excluded; the work no longer depends on how many others there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kexecspec.ir.expr import add, at_most, conjoin, conjuncts, less, negate, times
from kexecspec.ir.grid import Later, Part
from kexecspec.ir.nodes import Const, Eq, Expr, If, Less, Not, Plus, Ref, Times
from kexecspec.ir.ranges import Ranges
from kexecspec.ir.system import Lifetime, Rule, TransitionSystem, Var
from kexecspec.ir.values import IntSort
from kexecspec.ir.walk import children, rebuilt, references, substitute
from kexecspec.solve.budget import Meter
from kexecspec.solve.looking import ALONE, Looking, Values
from kexecspec.solve.questions import Given, Index, asked_once
from kexecspec.solve.smtlib import Script, writer

MANY = 6
"""A sum that reads more variables than this is one over a crowd."""

FEW = 40
"""A rule that reads and writes more variables than this is not about one of the crowd."""

More = Callable[["Near"], tuple[Expr, ...]]


@dataclass(frozen=True)
class Share:
    """A term: what is counted, and how often."""

    counted: Expr
    factor: int


def sums_in(expr: Expr) -> Iterator[Plus]:
    """The sums over a crowd in `expr`."""
    if len(references(expr)) > MANY:
        if isinstance(expr, Plus):
            yield expr
        else:
            for part in children(expr):
                yield from sums_in(part)


class Crowd:
    """The sums of `parts`, taken apart; `system` says which values their variables have."""

    def __init__(self, system: TransitionSystem, parts: Iterable[Expr]) -> None:
        self.places = {name: place for place, name in enumerate(system.variables)}
        self.free = {name: replace(var, initial=None, at_handoff=None) for name, var in system.variables.items()}
        self.ranges = Ranges(system.variables)
        self.sums: dict[Plus, tuple[Share, ...]] = {}
        for part in parts:
            for one in sums_in(part):
                if one not in self.sums:
                    self.sums[one] = shares_of(one)
        signs: dict[Expr, list[tuple[int, int]]] = {}
        for number, shares in enumerate(self.sums.values()):
            for share in shares:
                signs.setdefault(share.counted, []).append((number, share.factor))
        groups: dict[tuple[tuple[int, int], ...], int] = {}
        self.group = {counted: groups.setdefault(tuple(sign), len(groups)) for counted, sign in signs.items()}
        self.ends: dict[int, tuple[int, int]] = {}
        self.about: dict[str, list[Expr]] = {}
        for counted, group in self.group.items():
            least, most = self.ends.get(group, (0, 0))
            low, high = self.ranges.range(counted)
            self.ends[group] = (least + low, most + high)
            for name in references(counted):
                self.about.setdefault(name, []).append(counted)
        self.factors = {
            one: {self.group[share.counted]: share.factor for share in shares} for one, shares in self.sums.items()
        }
        self.constants = {one: sum(int(t.value) for t in one.terms if isinstance(t, Const)) for one in self.sums}
        self.answers: dict[tuple[Script, str], bool] = {}

    def near(self, own: frozenset[str], values: Values) -> Near:
        """The sums as they look to who has only `own` to do with, where the others have some of `values`."""
        mine = {counted: None for name in sorted(own) for counted in self.about.get(name, ())}
        ends = dict(self.ends)
        changes = dict.fromkeys(mine, (0, 0))
        for name in values:
            for counted in self.about.get(name, ()):
                if counted not in mine:
                    changes[counted] = self.between(counted, values)
        for counted, (low, high) in changes.items():
            (old, top), (least, most) = self.ranges.range(counted), ends[self.group[counted]]
            ends[self.group[counted]] = (least - old + low, most - top + high)
        return Near(self, tuple(mine), ends)

    def between(self, counted: Expr, values: Values) -> tuple[int, int]:
        """The least and the greatest that is counted where variables have some of `values`."""
        match counted:
            case If(Eq(Ref(name), Const(label)), Const(1), Const(0)) if name in values:
                return self._either(label in values[name], values[name] != (label,))
            case If(Not(Eq(Ref(name), Const(label))), Const(1), Const(0)) if name in values:
                return self._either(values[name] != (label,), label in values[name])
            case If(Ref(name), Const(1), Const(0)) if name in values:
                return self._either(True in values[name], False in values[name])
        return self.ranges.range(counted)

    def _either(self, one: bool, none: bool) -> tuple[int, int]:
        return (0 if none else 1), (1 if one else 0)

    def possible(self, parts: Sequence[Expr], ends: dict[str, tuple[int, int]], meter: Meter) -> bool:
        """Whether some values fulfil `parts`, in which `ends` are the numbers that the others come to."""
        formula = conjoin(parts)
        if isinstance(formula, Const):
            return bool(formula.value)
        names = references(formula)
        variables = {name: self.free[name] for name in sorted(names - ends.keys(), key=self.places.__getitem__)}
        for name in sorted(names & ends.keys(), key=lambda one: int(one[1:])):
            variables[name] = Var(name, IntSort(*ends[name]), None, Lifetime.FIXED)
        part = TransitionSystem(variables, ())
        return asked_once(part, formula, writer(part), self.answers, meter)


class Narrow:
    """Which values variables of few values may have where some predicates hold, and all of `near` does."""

    def __init__(self, system: TransitionSystem, near: Index[Expr]) -> None:
        self.looking, self.near = Looking(system.variables), near
        self.known: dict[str, Values | None] = {}

    def at(self, rule: Rule) -> Values | None:
        """The values where `rule` may fire; None where that is nowhere."""
        if rule.name not in self.known:
            self.known[rule.name] = self.values((*conjuncts(rule.guard), *rule.order))
        return self.known[rule.name]

    def values(self, parts: Sequence[Expr]) -> Values | None:
        """Those that predicates about one or a few variables leave, one after the other; None where that is nothing."""
        values: Values = {}
        queue = [part for part in parts if len(references(part)) == 1]
        for part in queue:
            names = references(part)
            if not names <= self.looking.few.keys():
                continue
            several = {name: values.get(name) or self.looking.few[name] for name in names}
            alone = self._left(part, several)
            if alone is None:
                return None
            changed = [name for name in sorted(names) if len(alone[name]) < len(several[name])]
            for name in changed:
                values[name] = alone[name]
            queue.extend(self.near.about(changed))
        return values

    def _left(self, part: Expr, several: Values) -> Values | None:
        size = 1
        for some in several.values():
            size *= len(some)
        if size > ALONE:
            return several
        alone = self.looking.seen.by_itself(part, several)
        return None if alone is None else alone.left


class Near:
    """Sums in which only some terms are told apart."""

    def __init__(self, crowd: Crowd, mine: Sequence[Expr], ends: dict[int, tuple[int, int]]) -> None:
        self.crowd, self.mine = crowd, mine
        self.ends = {f"#{group}": both for group, both in ends.items()}
        self.known: dict[Expr, Expr] = {}

    def seen(self, expr: Expr) -> Expr:
        """`expr` with the others' share in each sum as one number for each kind of term."""
        if len(references(expr)) <= MANY:
            return expr
        found = self.known.get(expr)
        if found is None:
            factors = self.crowd.factors.get(expr) if isinstance(expr, Plus) else None
            found = rebuilt(expr, self.seen) if factors is None else self._sum(expr, factors)
            self.known[expr] = found
        return found

    def loosened(self, part: Expr) -> Expr:
        """A comparison of a sum with a number, with the others' share such that it holds wherever it may."""
        match part:
            case Less(Plus() as level, Const()) if level in self.crowd.factors:
                return less(self._ended(level, high=False), part.right)
            case Not(Less(Plus() as level, Const() as amount)) if level in self.crowd.factors:
                return at_most(amount, self._ended(level, high=True))
        return part

    def _ended(self, level: Plus, high: bool) -> Expr:
        factors = self.crowd.factors[level]
        ends = {f"#{g}": Const(self.ends[f"#{g}"][(factor > 0) == high]) for g, factor in factors.items()}
        return substitute(self.seen(level), ends)

    def _sum(self, one: Expr, factors: dict[int, int]) -> Expr:
        group = self.crowd.group
        mine = [times(factors[group[part]], part) for part in self.mine if group[part] in factors]
        rest = []
        for number, factor in factors.items():
            low, high = self.ends[f"#{number}"]
            rest.append(Const(factor * low) if low == high else times(factor, Ref(f"#{number}")))
        assert isinstance(one, Plus)
        return add((*mine, *rest, Const(self.crowd.constants[one])))


class Aside:
    """What the predicates `held` and the order of a rule of one driver say where all others are put aside."""

    def __init__(self, system: TransitionSystem, held: Sequence[Expr], given: Given, meter: Meter) -> None:
        self.given, self.meter = given, meter
        self.held = [given.within(part) for part in held if next(sums_in(part), None) is not None]
        asked = (part for rule in system.rules for part in (*rule.order, *rule.effect.values()))
        known = dict.fromkeys(given.within(part) for part in asked if len(references(part)) > MANY) if self.held else {}
        self.crowd = Crowd(system, (*self.held, *known))
        self.taken = frozenset(self.crowd.about)
        self.small = [part for part in held if len(references(part)) <= MANY]
        self.near = Index([(part, part) for part in self.small])
        self.shared = frozenset(one.name for one in self.crowd.group if isinstance(one, Ref))
        self.narrow = Narrow(system, self.near)

    def keeps(self, rule: Rule, claim: Expr) -> bool:
        """Whether `rule` leads from where `claim` holds too to where it holds, as far as that is seen so."""
        if len(references(claim)) <= MANY and not (rule.handoff and self.shared & references(claim)):
            return False
        claim = self.given.within(claim)

        def later(near: Near) -> tuple[Expr, ...]:
            effect = {name: near.seen(self.given.within(value)) for name, value in rule.effect.items()}
            return (negate(substitute(near.seen(claim), effect)),)

        return self._excluded(rule, (claim,), later)

    def excludes(self, rule: Rule, wanted: Sequence[Part]) -> bool:
        """Whether `rule` does not fire where all of `wanted` hold, as far as that is seen so."""
        if not self.held:
            return False
        written = tuple(part.written() if isinstance(part, Later) else part for part in wanted)
        return self._excluded(rule, written, lambda near: ())

    def loosened(self, rule: Rule) -> Rule:
        """`rule`, with the others' share in what its order compares as low or as high as lets it fire more often."""
        values = self.narrow.at(rule) or {}
        own = self.shared.union(rule.effect, references(rule.guard))
        if len(own) > FEW:
            return rule
        near = self.crowd.near(own, values)
        return replace(rule, order=tuple(near.loosened(self.given.within(part)) for part in rule.order))

    def _excluded(self, rule: Rule, wanted: tuple[Expr, ...], more: More) -> bool:
        if not self.held:
            return False
        own = self.shared.union(rule.effect, references(rule.guard), *map(references, rule.effect.values()))
        if len(own) <= FEW and self._asked(rule, wanted, more, own, {}):
            return True
        values = self.narrow.at(rule)
        if values is None:
            return True
        own = self._undecided(values) if len(own) > FEW else own
        return len(own) <= FEW and self._asked(rule, wanted, more, own, values)

    def _undecided(self, values: Values) -> frozenset[str]:
        """The variables that matter where all others have one of `values`."""
        left = (one for one in self.crowd.group if len(set(self.crowd.between(one, values))) > 1)
        names = self.shared.union(*map(references, left))
        about = self.near.about(names - self.shared) if len(names) <= FEW else ()
        return names.union(*map(references, about))

    def _asked(
        self, rule: Rule, wanted: tuple[Expr, ...], more: More, own: frozenset[str], values: Values
    ) -> bool:
        near, others = self.crowd.near(own, values), self.taken - own
        about = (part for part in self.near.about(own) if others.isdisjoint(references(part)))
        order = (part for part in rule.order if len(references(part)) > MANY or references(part) <= own)
        parts = (*wanted, *self.held, *about, rule.guard, *order)
        seen = [near.seen(self.given.within(part)) for part in parts]
        return not self.crowd.possible((*seen, *more(near)), near.ends, self.meter)


def shares_of(one: Plus) -> tuple[Share, ...]:
    """The terms of a sum, constants aside."""
    found: dict[Expr, int] = {}
    for term in one.terms:
        match term:
            case Const():
                continue
            case Times(factor, counted):
                pass
            case If(condition, Const(int(factor)), Const(0)):
                counted = If(condition, Const(1), Const(0))
            case _:
                factor, counted = 1, term
        found[counted] = found.get(counted, 0) + factor
    return tuple(Share(counted, factor) for counted, factor in found.items())
