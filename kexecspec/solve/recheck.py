"""The last look at a proof: on the whole system, with nothing of what found it.

Each invariant is asked about for each rule that writes one of its variables (`claims.py`), in questions of its own. So
the work grows with the size of the system, and what a solver is asked that is equal up to names is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from kexecspec.ir.nodes import TRUE, Expr, same
from kexecspec.ir.system import Invariant, Property, Rule, TransitionSystem
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.claims import Asking, Claims, Range, largest, ranges, shown
from kexecspec.solve.questions import Questions
from kexecspec.solve.smtlib import writer


def recheck(
    system: TransitionSystem,
    invariants: Sequence[Invariant],
    properties: Sequence[Property],
    rlimit: int = 200_000_000,
) -> tuple[str, ...]:
    """What is wrong with the proof that the conjunction of `invariants` is to be: that it holds at first,
    that every rule keeps it, that it implies each of `properties`, and that no rule that may fire is held back
    because it would take a number out of its range. Empty when nothing is wrong. Raises OutOfBudget where the budget
    ran out before anything was found wrong."""
    distinct = tuple({invariant.holds: invariant for invariant in invariants}.values())
    claims = _claims(system, rlimit, [invariant.holds for invariant in distinct])
    asked = [
        *((i.name, "does not hold at first", partial(claims.asking.at_first, i.holds)) for i in distinct),
        *((i.name, "is not kept by every rule", partial(claims.kept, i.holds)) for i in distinct),
        *((p.id, "does not follow", partial(claims.follows, p.holds)) for p in properties),
    ]
    objections = _failing(asked)
    if objections:
        return objections
    left = [one for one in ranges(system) if not shown(partial(claims.inside, one))]
    if left:
        more = claims.with_more(_standing(claims))
        return _failing([(one.says, "may be left", partial(more.inside, one)) for one in left])
    return ()


def ranges_left(
    system: TransitionSystem, invariants: Sequence[Invariant], rlimit: int = 200_000_000
) -> tuple[Range, ...]:
    """The ranges that `invariants`, and those declared ones that are inductive together with them, do not show to be
    kept."""
    claims = _claims(system, rlimit, [invariant.holds for invariant in invariants])
    more = claims.with_more(_standing(claims))
    return tuple(one for one in ranges(system) if not shown(partial(more.inside, one)))


def sufficient(
    system: TransitionSystem, invariants: Sequence[Invariant], rlimit: int = 200_000_000
) -> tuple[Invariant, ...]:
    """`invariants`, each once and none that says nothing; where they alone do not show that every number stays in its
    range, also the declared ones that are inductive together with them."""
    distinct = tuple({i.holds: i for i in invariants if not same(i.holds, TRUE)}.values())
    claims = _claims(system, rlimit, [invariant.holds for invariant in distinct])
    if all(shown(partial(claims.inside, one)) for one in ranges(system)):
        return distinct
    standing = frozenset(_standing(claims))
    return tuple({i.holds: i for i in (*distinct, *(i for i in system.invariants if i.holds in standing))}.values())


def kept(
    system: TransitionSystem, candidates: Sequence[Invariant], known: Sequence[Invariant], rlimit: int
) -> tuple[Invariant, ...]:
    """As many of `candidates` as hold at first and are kept by every rule, together and with `known`, which holds."""
    claims = _claims(system, rlimit, [one.holds for one in known])
    found = frozenset(largest(claims, [one.holds for one in candidates]))
    return tuple(one for one in candidates if one.holds in found)


def never(
    system: TransitionSystem, invariants: Sequence[Invariant], rules: Sequence[Rule], rlimit: int
) -> tuple[Rule, ...]:
    """Those of `rules` that are shown never to fire where `invariants` hold."""
    claims = _claims(system, rlimit, [one.holds for one in invariants])
    return tuple(rule for rule in rules if shown(partial(claims.never_fires, rule)))


def _claims(system: TransitionSystem, rlimit: int, held: Sequence[Expr]) -> Claims:
    """All that is asked is asked on one budget."""
    questions, meter = Questions(system, writer(system)), Meter(rlimit)
    return Claims(Asking(system, lambda parts, given: questions.possible(parts, meter, given), meter), held)


def _standing(claims: Claims) -> tuple[Expr, ...]:
    """The declared invariants that are inductive together with what `claims` holds."""
    return largest(claims, [i.holds for i in claims.asking.system.invariants if not same(i.holds, TRUE)])


def _failing(claims: Sequence[tuple[str, str, Callable[[], bool]]]) -> tuple[str, ...]:
    """A sentence for each claim that does not hold, made of its name and the words for that. The first that exceeds the
    budget ends it. Raises OutOfBudget where nothing has failed before that."""
    objections: list[str] = []
    for name, words, holds in claims:
        try:
            if not holds():
                objections.append(f"{name} {words}")
        except OutOfBudget as reason:
            if not objections:
                raise OutOfBudget(f"{name}: not rechecked, {reason}") from None
            break
    return tuple(objections)
