"""Invariants learnt from the reachable states of a small slice.

The states say which counterexamples to induction may be excluded and how far the exclusion may be widened;
the solver says when what has been learnt is inductive. So the states are only trusted to guess: an invariant
that forgot a reachable state would not pass.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.ir.expr import Const, Expr, Ref, at_most, conjoin, disjoin, equal, negate
from kexecspec.ir.moves import Row
from kexecspec.ir.system import TransitionSystem, Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Value
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.runs import coded, decoded
from kexecspec.solve.smtlib import Writer, renumbered, script

_MOST = 400


@dataclass(frozen=True)
class Span:
    """Some values of one variable: labels or truth values, or the integers from `low` to `high`."""

    place: int
    values: frozenset[Value] = frozenset()
    low: int = 0
    high: int = 0


class States:
    """Reachable states, answering whether a box of values has one of them: a bit a state, a mask a value."""

    def __init__(self, system: TransitionSystem, rows: Sequence[Row]) -> None:
        self.variables = tuple(system.variables.values())
        self.all = (1 << len(rows)) - 1
        self.masks: list[dict[Value, int]] = [{} for _ in self.variables]
        for number, row in enumerate(rows):
            for masks, value in zip(self.masks, row, strict=True):
                masks[value] = masks.get(value, 0) | 1 << number

    def having(self, span: Span) -> int:
        """The states whose value lies in `span`."""
        mask = 0
        for value, states in self.masks[span.place].items():
            if value in span.values if span.values else span.low <= int(value) <= span.high:
                mask |= states
        return mask

    def widened(self, row: Row, outside: frozenset[int] = frozenset()) -> tuple[Span, ...] | None:
        """A box around the unreachable state `row`, of few variables and wide spans, without a reachable
        state; it does not speak of the places `outside`. None where there is none."""
        box = {place: self._point(place, value) for place, value in enumerate(row) if place not in outside}
        masks = {place: self.having(span) for place, span in box.items()}
        met = self.all
        for mask in masks.values():
            met &= mask
        if met:
            return None
        for place in sorted(box):
            others = self.all
            for other, mask in masks.items():
                others &= mask if other != place else self.all
            if not others:
                del box[place], masks[place]
                continue
            box[place] = self._wider(box[place], row[place], others)
            masks[place] = self.having(box[place])
        return tuple(box.values())

    def _point(self, place: int, value: Value) -> Span:
        if isinstance(self.variables[place].sort, IntSort):
            return Span(place, frozenset(), int(value), int(value))
        return Span(place, frozenset((value,)))

    def _wider(self, span: Span, value: Value, others: int) -> Span:
        """`span` with every value added that meets none of the states `others`."""
        sort = self.variables[span.place].sort
        free = {known for known, states in self.masks[span.place].items() if not states & others}
        match sort:
            case EnumSort(labels):
                taken = self.masks[span.place]
                return Span(span.place, frozenset(label for label in labels if label in free or label not in taken))
            case IntSort(low, high):
                met = sorted(int(known) for known in self.masks[span.place] if known not in free)
                below = max((known + 1 for known in met if known < int(value)), default=low)
                return Span(
                    span.place,
                    frozenset(),
                    below,
                    min((known - 1 for known in met if known > int(value)), default=high),
                )
            case BoolSort():
                return span


def learnt(
    system: TransitionSystem,
    rows: Sequence[Row],
    known: Sequence[Expr],
    target: Expr,
    pen: Writer,
    rlimit: int,
    outside: frozenset[int] = frozenset(),
) -> tuple[Expr, ...]:
    """State predicates that hold in all `rows` and, with `known` and not `target`, are inductive. `rows` are
    all reachable states but for their values at the places `outside`, and `target` holds in none. Raises
    OutOfBudget, also where nothing that leaves out these places is enough."""
    import z3

    base = [*known, negate(target)]
    encoding = encode(script(system, pen), [renumbered(part, system, pen) for part in base])
    solver, meter, states = fresh_solver(encoding.context, finite=False), Meter(rlimit), States(system, rows)
    solver.add(encoding.domain, encoding.step, *encoding.targets)
    broken = [z3.Not(formula) for formula in encoding.later(encoding.targets)]
    found, clauses = list[Expr](), list[Any]()
    for _ in range(_MOST):
        escape = z3.Bool(f"e{len(found)}", encoding.context)
        solver.add(z3.Implies(escape, z3.Or(broken)))
        if not meter.ask(solver, escape):
            break
        row = _state(solver.model(), system, encoding, pen)
        box = states.widened(row, outside)
        if box is None:
            raise OutOfBudget("a bound that some rule breaks")
        clause = z3.Not(z3.And([_within(span, states.variables[span.place], encoding, pen) for span in box]))
        found.append(negate(conjoin(_inside(span, states.variables[span.place]) for span in box)))
        solver.add(clause)
        clauses.append(clause)
        broken.append(z3.Not(encoding.later([clause])[0]))
    else:
        raise OutOfBudget(f"{_MOST} invariants")
    first = fresh_solver(encoding.context, finite=False)
    first.add(encoding.initial, encoding.domain, z3.Not(z3.And([*encoding.targets, *clauses])))
    if meter.ask(first):
        raise OutOfBudget("an invariant that does not hold at first")
    return tuple(found)


def _state(found: Any, system: TransitionSystem, encoding: Encoding, pen: Writer) -> Row:
    return tuple(
        decoded(var.sort, found.eval(x, model_completion=True), pen)
        for var, x in zip(system.variables.values(), encoding.now, strict=True)
    )


def _within(span: Span, var: Var, encoding: Encoding, pen: Writer) -> Any:
    import z3

    x = encoding.now[span.place]
    if isinstance(var.sort, IntSort):
        return z3.And(x >= span.low, x <= span.high)
    if isinstance(var.sort, BoolSort):
        return x if True in span.values else z3.Not(x)
    return z3.Or([x == coded(value, pen) for value in sorted(span.values, key=str)])


def _inside(span: Span, var: Var) -> Expr:
    match var.sort:
        case IntSort(low, high):
            parts = []
            if span.low == span.high:
                return equal(Ref(var.name), Const(span.low))
            if span.low > low:
                parts.append(at_most(Const(span.low), Ref(var.name)))
            if span.high < high:
                parts.append(at_most(Ref(var.name), Const(span.high)))
            return conjoin(parts)
        case BoolSort():
            return equal(Ref(var.name), Const(True in span.values))
        case EnumSort(labels):
            if len(span.values) == len(labels) - 1:
                (other,) = set(labels) - span.values
                return negate(equal(Ref(var.name), Const(other)))
            return disjoin(equal(Ref(var.name), Const(label)) for label in labels if label in span.values)
