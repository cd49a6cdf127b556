"""The room that drivers share: what always holds of it where they probe one after the other.

A driver that is let in takes a known amount, and gives it back or leaves it. So the room that is taken is a multiple of
something, no driver in the middle of its probe finds less than it was promised, and only one of them is there. These
are guesses that the rules suggest; `kept` of them is what the rules keep. A refusal that they exclude never happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

from kexecspec.explore import Sweep
from kexecspec.ir.evaluate import evaluate
from kexecspec.ir.expr import add, at_most, choose, conjoin, conjuncts, disjoin, equal, less, negate, remainder, times
from kexecspec.ir.nodes import FALSE, Const, Eq, Expr, Less, Not, Plus, Ref
from kexecspec.ir.slice import cone, restrict
from kexecspec.ir.system import Invariant, Rule, TransitionSystem
from kexecspec.ir.values import EnumSort
from kexecspec.ir.walk import references
from kexecspec.solve.crowd import Share, shares_of
from kexecspec.solve.kinds import counters_of
from kexecspec.solve.smtlib import Writer, renumbered, script

_STATES = 2000


@dataclass(frozen=True)
class Ask:
    """A rule that asks whether there is room: `level` and how much of it there has to be; or that there is not."""

    rule: Rule
    level: Plus
    amount: int
    wants: bool


@dataclass(frozen=True)
class Taker:
    """A driver that takes of the room: its position, what it holds in each, and where others need not wait for it."""

    actor: str
    at: str
    first: str
    amounts: Mapping[str, int]
    settled: Expr
    before: frozenset[str]

    def is_settled(self, label: str) -> bool:
        """Whether others go on when it stands at `label`."""
        return bool(evaluate(self.settled, {self.at: label}))


def asks(system: TransitionSystem) -> Iterator[Ask]:
    """The rules that ask for room."""
    for rule in system.rules:
        for part in rule.order:
            match part:
                case Less(Plus() as level, Const(int(amount))):
                    yield Ask(rule, level, amount, False)
                case Not(Less(Plus() as level, Const(int(amount)))):
                    yield Ask(rule, level, amount, True)


@dataclass(frozen=True)
class Suggested:
    """What the rules suggest about room that many share; what they suggest further, where that does not suffice; and
    the rules that say that there is none."""

    first: tuple[Invariant, ...] = ()
    further: tuple[Invariant, ...] = ()
    refusing: tuple[Rule, ...] = ()


def suggested(system: TransitionSystem, pen: Writer) -> Suggested:
    """What is worth trying about the room that drivers of `system` share."""
    for counter in counters_of(system):
        asked = [one for one in asks(system) if counter in references(one.level)]
        levels = {frozenset(shares_of(level)) for level in {one.level for one in asked}}
        if len(levels) == 1 and Share(Ref(counter), -1) in next(iter(levels)):
            takers = _takers(system, counter, asked, pen)
            if takers:
                first = tuple(_invariants(system, counter, asked, takers))
                further = tuple(_filled(system, counter, asked, takers))
                return Suggested(first, further, tuple(one.rule for one in asked if not one.wants))
    return Suggested()


def _takers(system: TransitionSystem, counter: str, asked: Sequence[Ask], pen: Writer) -> list[Taker]:
    """The drivers in the order in which they probe; none where they are of another kind than is known here."""
    looks = _Looks(system, pen)
    held: dict[str, list[Share]] = {}
    for share in shares_of(asked[0].level):
        if share.counted == Ref(counter):
            continue
        actors = {looks.actors.get(name, frozenset()) for name in references(share.counted)}
        if len(actors) != 1 or len(next(iter(actors))) != 1:
            return []
        ((actor,),) = actors
        held.setdefault(actor, []).append(Share(share.counted, -share.factor))
    positions = {actor: looks.position(actor) for actor in held}
    waits = dict(_waits(system, asked))
    takers = []
    for actor, shares in held.items():
        at = positions[actor]
        settled = waits.get(at or "", FALSE)
        amounts = None if at is None else looks.amounts(at, shares)
        if at is None or amounts is None:
            return []
        own = [one.rule for one in asked if one.rule.actor == actor]
        before = frozenset(name for rule in own for name, _ in _turns(rule)) & frozenset(map(str, positions.values()))
        initial = system.variables[at].initial
        assert isinstance(initial, Const)
        takers.append(Taker(actor, at, str(initial.value), amounts, settled, before))
    return sorted(takers, key=lambda taker: len(taker.before))


def _waits(system: TransitionSystem, asked: Sequence[Ask]) -> Iterator[tuple[str, Expr]]:
    """Whom the rules wait for that fire in the phase in which room is asked for."""
    start = frozenset(conjuncts(_start(asked)))
    for rule in system.rules:
        if start and start <= frozenset(conjuncts(rule.guard)):
            yield from _turns(rule)


def _turns(rule: Rule) -> Iterator[tuple[str, Expr]]:
    """Whom `rule` waits for: a position and where it has to be."""
    for part in rule.order:
        names = references(part)
        if len(names) == 1:
            yield next(iter(names)), part


class _Looks:
    """Looks at one driver by itself; drivers that are equal up to names are looked at once."""

    def __init__(self, system: TransitionSystem, pen: Writer) -> None:
        self.system, self.pen = system, pen
        self.actors: dict[str, frozenset[str]] = {}
        self.rules: dict[str, list[Rule]] = {}
        self.known: dict[object, dict[str, int] | None] = {}
        for rule in system.rules:
            if not rule.handoff:
                self.rules.setdefault(rule.actor, []).append(rule)
                for name in rule.effect:
                    self.actors[name] = self.actors.get(name, frozenset()) | {rule.actor}

    def position(self, actor: str) -> str | None:
        """The variable with labels that each rule of `actor` writes."""
        common = frozenset.intersection(*(frozenset(rule.effect) for rule in self.rules[actor]))
        found = [name for name in sorted(common) if isinstance(self.system.variables[name].sort, EnumSort)]
        return found[0] if len(found) == 1 else None

    def amounts(self, at: str, shares: Sequence[Share]) -> dict[str, int] | None:
        """What is held at each position that is reached; None where the position does not tell."""
        held = add(times(share.factor, share.counted) for share in shares)
        part = restrict(self.system, cone(self.system, {at, *references(held)}))
        key = (script(part, self.pen), renumbered(held, part, self.pen), tuple(part.variables).index(at))
        if key not in self.known:
            self.known[key] = self._amounts(part, at, held)
        return self.known[key]

    def _amounts(self, part: TransitionSystem, at: str, held: Expr) -> dict[str, int] | None:
        sweep, found = Sweep(part, _STATES), dict[str, int]()
        sweep.seek(FALSE)
        names = tuple(part.variables)
        for row in sweep.origins:
            state = dict(zip(names, row, strict=True))
            label, amount = str(state[at]), int(evaluate(held, state))
            if found.setdefault(label, amount) != amount:
                return None
        return found if sweep.complete else None


def _invariants(
    system: TransitionSystem, counter: str, asked: Sequence[Ask], takers: Sequence[Taker]
) -> Iterator[Invariant]:
    """What is worth trying."""
    start, level = _start(asked), asked[0].level
    reserves = {taker.actor: dict(_reserves(taker, asked)) for taker in takers}
    unit = _unit(system, counter, takers)
    pads = {
        taker.actor: {label: -amount % unit for label, amount in taker.amounts.items() if amount % unit}
        for taker in takers
    }
    middles = [
        (taker, label, reserves[taker.actor].get(label, 0), pads[taker.actor].get(label, 0))
        for taker in takers
        for label in taker.amounts
        if label in reserves[taker.actor] or label in pads[taker.actor]
    ]
    for one, other in pairwise(takers):
        off = equal(Ref(other.at), Const(other.first))
        yield Invariant(f"{other.actor} after {one.actor}", disjoin((negate(start), off, one.settled)))
    each = [choose(equal(Ref(t.at), Const(label)), Const(1), Const(0)) for t, label, _, _ in middles]
    if each:
        yield Invariant("one at a time", disjoin((negate(start), at_most(add(each), Const(1)))))
    kept = [times(-reserve, one) for one, (_, _, reserve, _) in zip(each, middles, strict=True)]
    yield Invariant("room as promised", at_most(Const(0), add((level, *kept))))
    if unit > 1:
        more = [times(pad, one) for one, (_, _, _, pad) in zip(each, middles, strict=True)]
        taken = add(times(-s.factor, s.counted) for s in shares_of(level) if s.counted != Ref(counter))
        yield Invariant("left in equal parts", equal(remainder(Ref(counter), unit), Const(0)))
        yield Invariant("taken in equal parts", equal(remainder(add((taken, *more)), unit), Const(0)))


def _filled(
    system: TransitionSystem, counter: str, asked: Sequence[Ask], takers: Sequence[Taker]
) -> Iterator[Invariant]:
    """What is worth trying where one driver leaks: it does no more once there is no room for all before it and itself,
    for who finds too little leaves too little for those after it."""
    leaking = [taker for taker in takers if _leaks(system, counter, taker)]
    if len(leaking) != 1:
        return
    start, level, leaker = _start(asked), asked[0].level, leaking[0]
    full = {taker.actor: max(taker.amounts[label] for label in taker.amounts) for taker in takers}
    stands = [(t, label, _stands(t, label)) for t in takers for label in t.amounts]
    held = add(times(-s.factor, s.counted) for s in shares_of(level) if s.counted != Ref(counter))
    told = add(times(t.amounts[label], one) for t, label, one in stands)
    yield Invariant("each somewhere", equal(add(one for _, _, one in stands), Const(len(takers))))
    yield Invariant("held as told", equal(add((held, times(-1, told))), Const(0)))
    least = max(one.amount + taker.amounts[label] for one, taker, label in _asking(asked, takers))
    failed = add(one for t, label, one in stands if t.is_settled(label) and not t.amounts[label])
    half = add(times(t.amounts[label], one) for t, label, one in stands if not t.is_settled(label))
    little = less(add((level, half)), Const(least))
    yield Invariant("who fails finds little", disjoin((negate(start), at_most(failed, Const(0)), little)))
    before = takers[: takers.index(leaker)]
    last = max(one.amount + taker.amounts[label] for one, taker, label in _asking(asked, [leaker]))
    room = sum(int(term.value) for term in level.terms if isinstance(term, Const))
    most = room - last - sum(full[taker.actor] for taker in before)
    done = [label for label in leaker.amounts if leaker.is_settled(label) and leaker.amounts[label]]
    for label in done:
        bound = at_most(Ref(counter), Const(most))
        yield Invariant("a leak has room", disjoin((negate(equal(Ref(leaker.at), Const(label))), bound)))
    yield Invariant("leaks end", at_most(Ref(counter), Const(max(0, most + full[leaker.actor]))))


def _stands(taker: Taker, label: str) -> Expr:
    return choose(equal(Ref(taker.at), Const(label)), Const(1), Const(0))


def _asking(asked: Sequence[Ask], takers: Sequence[Taker]) -> Iterator[tuple[Ask, Taker, str]]:
    """Who asks for room, and from where."""
    by_actor = {taker.actor: taker for taker in takers}
    for one in asked:
        taker = by_actor.get(one.rule.actor)
        for label in () if taker is None else taker.amounts:
            if taker is not None and one.wants and not taker.is_settled(label) and _from(one.rule, taker, label):
                yield one, taker, label


def _leaks(system: TransitionSystem, counter: str, taker: Taker) -> bool:
    """Whether a handoff may happen while `taker` holds something."""
    for rule in system.rules:
        if rule.handoff and counter in rule.effect:
            turns = [part for at, part in _turns(rule) if at == taker.at]
            if any(a and all(evaluate(p, {taker.at: x}) for p in turns) for x, a in taker.amounts.items()):
                return True
    return False


def _start(asked: Sequence[Ask]) -> Expr:
    """What all guards say that ask for room."""
    common = [part for part in conjuncts(asked[0].rule.guard) if isinstance(part, Eq)]
    return conjoin(part for part in common if all(part in conjuncts(one.rule.guard) for one in asked))


def _reserves(taker: Taker, asked: Sequence[Ask]) -> Iterator[tuple[str, int]]:
    """For each position in the middle what is promised there."""
    for one in asked:
        target = one.rule.effect.get(taker.at)
        if one.rule.actor != taker.actor or not one.wants or not isinstance(target, Const):
            continue
        label = str(target.value)
        if label not in taker.amounts or taker.is_settled(label):
            continue
        froms = [x for x in taker.amounts if _from(one.rule, taker, x)]
        yield label, max(0, min(one.amount - taker.amounts[label] + taker.amounts[x] for x in froms)) if froms else 0


def _from(rule: Rule, taker: Taker, label: str) -> bool:
    parts = (part for part in conjuncts(rule.guard) if references(part) == {taker.at})
    return all(evaluate(part, {taker.at: label}) for part in parts)


def _unit(system: TransitionSystem, counter: str, takers: Sequence[Taker]) -> int:
    """What everything that is taken for good or left behind is a multiple of; 1 where that is nothing."""
    unit, by_name = 0, {name: taker for taker in takers for name in (taker.at,)}
    for taker in takers:
        for label, amount in taker.amounts.items():
            if taker.is_settled(label):
                unit = gcd(unit, amount)
    for rule in system.rules:
        if rule.handoff and counter in rule.effect:
            for name, taker in by_name.items():
                turns = [part for at, part in _turns(rule) if at == name]
                for label, amount in taker.amounts.items():
                    if all(evaluate(part, {name: label}) for part in turns):
                        unit = gcd(unit, amount)
    return unit or 1
