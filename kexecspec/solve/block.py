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

from kexecspec.ir.expr import at_most, conjoin, disjoin, equal, negate
from kexecspec.ir.moves import Row
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import TransitionSystem, Var
from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Value
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.runs import coded, decoded
from kexecspec.solve.smtlib import Writer, renumbered, script

MOST = 400
"""Invariants, after which nothing more is learnt."""


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
        box = {place: Span(place, frozenset((value,))) for place, value in enumerate(row) if place not in outside}
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


class Learner:
    """Learns about one system, for one target after the other; what it has learnt serves the next. `rows` and `outside`
    are those of `learnt`. Of no more use after OutOfBudget."""

    def __init__(
        self,
        system: TransitionSystem,
        rows: Sequence[Row],
        known: Sequence[Expr],
        pen: Writer,
        outside: frozenset[int] = frozenset(),
    ) -> None:
        self.system, self.pen, self.outside = system, pen, outside
        self.encoding = encode(script(system, pen), [renumbered(part, system, pen) for part in known])
        self.solver = fresh_solver(self.encoding.context, finite=False)
        self.solver.add(self.encoding.domain, self.encoding.step)
        self.states = States(system, rows)
        self.asked = 0
        self.found: list[Expr] = []
        self.held: list[Any] = []
        self.broken: list[Any] = []
        self.escapes: list[Any] = []
        for formula in self.encoding.targets:
            self._hold(formula)

    def exclude(self, target: Expr, rlimit: int) -> tuple[Expr, ...]:
        """What has been learnt that, with `known` and not `target`, is inductive. Raises OutOfBudget."""
        meter = Meter(rlimit)
        self._hold(*self.encoding.read((renumbered(negate(target), self.system, self.pen),)))
        for _ in range(MOST):
            row = self._escape(meter)
            if row is None:
                break
            self._block(row)
        else:
            raise OutOfBudget(f"{MOST} invariants")
        self._begin(meter)
        found = tuple(self.found)
        self.found.append(negate(target))
        return found

    def _hold(self, formula: Any) -> None:
        import z3

        self.solver.add(formula)
        self.held.append(formula)
        self.broken.append(z3.Not(self.encoding.later((formula,))[0]))

    def _escape(self, meter: Meter) -> Row | None:
        """A state from which a step leads to where something does not hold any more."""
        import z3

        earlier, self.asked = self.escapes[-1:], self.asked + 1
        escape = z3.Bool(f"e{self.asked}", self.encoding.context)
        self.solver.add(z3.Implies(escape, z3.Or([*earlier, *self.broken])))
        self.escapes, self.broken = [escape], []
        if not meter.ask(self.solver, escape):
            return None
        return _state(self.solver.model(), self.system, self.encoding, self.pen)

    def _block(self, row: Row) -> None:
        import z3

        box, variables = self.states.widened(row, self.outside), self.states.variables
        if box is None:
            raise OutOfBudget("a bound that some rule breaks")
        self.found.append(outside(box, variables))
        within = [_within(span, variables[span.place], self.encoding, self.pen) for span in box]
        self._hold(z3.Not(z3.And(within)))

    def _begin(self, meter: Meter) -> None:
        import z3

        first = fresh_solver(self.encoding.context, finite=False)
        first.add(self.encoding.initial, self.encoding.domain, z3.Not(z3.And(self.held)))
        if meter.ask(first):
            raise OutOfBudget("an invariant that does not hold at first")


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
    return Learner(system, rows, known, pen, outside).exclude(target, rlimit)


def outside(box: Sequence[Span], variables: Sequence[Var]) -> Expr:
    """That a state is not in `box`."""
    return negate(conjoin(_inside(span, variables[span.place]) for span in box))


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
