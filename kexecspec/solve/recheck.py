"""The last look at a proof: on the whole system, in a fresh context, by another solver than the one that
found it."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kexecspec.ir.expr import TRUE, Const, Expr, at_most, conjoin, disjoin, equal, negate, same
from kexecspec.ir.system import Invariant, Property, TransitionSystem
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Sort
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.induct import inductive_part
from kexecspec.solve.smtlib import renumbered, script, writer


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
    pen = writer(system)
    ranges = dict(_ranges(system))
    claims: tuple[Expr, ...] = (
        *(invariant.holds for invariant in distinct),
        *(prop.holds for prop in properties),
        *ranges.values(),
    )
    encoding = encode(script(system, pen), [renumbered(claim, system, pen) for claim in claims])
    held, wanted = encoding.targets[: len(distinct)], encoding.targets[len(distinct) :][: len(properties)]
    within = encoding.targets[len(distinct) + len(properties) :]
    names = [invariant.name for invariant in distinct]
    meter = Meter(rlimit)
    objections = [
        *_failing(encoding, (encoding.initial,), held, names, "does not hold at first", meter),
        *_failing(encoding, (encoding.step, *held), encoding.later(held), names, "is not kept by every rule", meter),
        *_failing(encoding, held, wanted, [prop.id for prop in properties], "does not follow", meter),
        *_failing(encoding, _facts(encoding, held, meter), within, list(ranges), "may be left", meter),
    ]
    return tuple(objections)


def sufficient(
    system: TransitionSystem, invariants: Sequence[Invariant], rlimit: int = 200_000_000
) -> tuple[Invariant, ...]:
    """`invariants`, each once and none that says nothing; where they alone do not show that every number stays in its
    range, also the declared ones that are inductive together with them."""
    distinct = tuple({i.holds: i for i in invariants if not same(i.holds, TRUE)}.values())
    pen, ranges, meter = writer(system), dict(_ranges(system)), Meter(rlimit)
    claims = (*(invariant.holds for invariant in distinct), *ranges.values())
    encoding = encode(script(system, pen), [renumbered(claim, system, pen) for claim in claims])
    held, within = encoding.targets[: len(distinct)], encoding.targets[len(distinct) :]
    if not _failing(encoding, held, within, list(ranges), "may be left", meter):
        return distinct
    everything = (*distinct, *system.invariants)
    try:
        kept = inductive_part(encoding, (*held, *encoding.invariants), meter)
    except OutOfBudget:
        return distinct
    return tuple({everything[number].holds: everything[number] for number in kept}.values())


def _ranges(system: TransitionSystem) -> Iterator[tuple[str, Expr]]:
    """For each value that a variable is given, by name: at first, or where the rule may fire, it is one of its sort."""
    for var in system.variables.values():
        inside = TRUE if var.initial is None else _inside(var.sort, var.initial)
        if not same(inside, TRUE):
            yield f"the range of {var.name} at first", inside
    for rule in system.rules:
        for name, value in rule.effect.items():
            inside = _inside(system.variables[name].sort, value)
            if not same(inside, TRUE):
                yield f"the range of {name} in {rule.name}", disjoin((negate(rule.enabled), inside))


def _inside(sort: Sort, value: Expr) -> Expr:
    """That `value`, which is of the right kind, is one of `sort`."""
    match sort:
        case BoolSort():
            return TRUE
        case IntSort(low, high):
            return conjoin((at_most(Const(low), value), at_most(value, Const(high))))
        case EnumSort(labels):
            return disjoin(equal(value, Const(label)) for label in labels)


def _facts(encoding: Encoding, held: Sequence[Any], meter: Meter) -> tuple[Any, ...]:
    """The declared invariants that are inductive together with those of the proof, and the latter."""
    together = (*encoding.invariants, *held)
    try:
        return tuple(together[number] for number in inductive_part(encoding, together, meter))
    except OutOfBudget:
        return tuple(held)


def _failing(
    encoding: Encoding,
    premises: Iterable[Any],
    claims: Sequence[Any],
    names: Sequence[str],
    words: str,
    meter: Meter,
) -> list[str]:
    """A sentence for each claim that the premises do not imply."""
    import z3

    solver = fresh_solver(encoding.context, finite=False)
    solver.add(encoding.domain, *premises)
    left = list(range(len(claims)))
    objections: list[str] = []
    while left:
        some = z3.Bool(f"f{len(left)}", encoding.context)
        solver.add(z3.Implies(some, z3.Or([z3.Not(claims[number]) for number in left])))
        try:
            if not meter.ask(solver, some):
                break
        except OutOfBudget as reason:
            return [*objections, f"{names[left[0]]}: not rechecked, {reason}"]
        found = solver.model()
        false = [n for n in left if z3.is_false(found.eval(claims[n], model_completion=True))]
        objections.extend(f"{names[number]} {words}" for number in false)
        left = [number for number in left if number not in false]
    return objections
