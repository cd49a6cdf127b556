"""Property-directed reachability (Spacer), whose invariants are read back and proved again before they
count."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kexecspec.ir.expr import negate
from kexecspec.ir.nodes import TRUE, And, Expr, same
from kexecspec.ir.system import TransitionSystem
from kexecspec.solve.budget import Meter, OutOfBudget
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.induct import inductive_part
from kexecspec.solve.readback import Reader, Unreadable
from kexecspec.solve.smtlib import Writer, renumbered, script

_SETTINGS = {
    "engine": "spacer",
    "spacer.random_seed": 0,
    "spacer.eq_prop": False,
    "xform.slice": False,
    "xform.inline_linear": False,
    "xform.inline_eager": False,
}


def separate(
    system: TransitionSystem, target: Expr, known: Sequence[Expr], pen: Writer, rlimit: int
) -> tuple[Expr, ...] | None:
    """State predicates whose conjunction, with the invariants `known`, is inductive and excludes `target`;
    None where Spacer says that `target` is reachable: a hint, not an answer. Raises OutOfBudget."""
    written = [renumbered(part, system, pen) for part in (target, *known)]
    encoding = encode(script(system, pen), written)
    body = _query(encoding, encoding.targets[1:], encoding.targets[0], rlimit)
    if body is None:
        return None
    symbols = {f"x{number}": var for number, var in enumerate(system.variables.values())}
    try:
        formula = Reader(symbols, pen).formula(body)
    except Unreadable as part:
        raise OutOfBudget(f"PDR found an invariant that cannot be written down: {part}") from part
    found = tuple(part for part in (formula.terms if isinstance(formula, And) else (formula,)) if not same(part, TRUE))
    if not is_inductive(system, (*known, *found, negate(target)), pen, rlimit):
        raise OutOfBudget("PDR found an invariant that does not hold up")
    return found


def is_inductive(system: TransitionSystem, parts: Sequence[Expr], pen: Writer, rlimit: int) -> bool:
    """Whether the conjunction of `parts` holds at first and is kept, in a context and solver of its own."""
    encoding = encode(script(system, pen), [renumbered(part, system, pen) for part in parts])
    kept = inductive_part(encoding, encoding.targets, Meter(rlimit), finite=False)
    return len(kept) == len(parts)


def _query(encoding: Encoding, known: Sequence[Any], target: Any, rlimit: int) -> Any | None:
    """The body of the invariant, or None where the target is reachable.

    The budget is set on the context, which only this query uses: a fixedpoint of z3 4.12 to 4.14 takes none itself.
    """
    import z3

    engine = z3.Fixedpoint(ctx=encoding.context)
    engine.set(**_SETTINGS)
    z3.Z3_update_param_value(encoding.context.ref(), "rlimit", str(rlimit))
    now, after = encoding.now, encoding.after
    reached = z3.Function("reached", *(x.sort() for x in now), z3.BoolSort(encoding.context))
    engine.register_relation(reached)
    engine.declare_var(*now, *after, encoding.choice)
    engine.rule(reached(*now), [encoding.initial, encoding.domain])
    engine.rule(reached(*after), [reached(*now), *known, encoding.step, *encoding.later(known)])
    try:
        answer = engine.query(z3.And(reached(*now), *known, target))
    except z3.Z3Exception as error:
        raise OutOfBudget(f"rlimit {rlimit} of PDR") from error
    if answer == z3.unknown:
        raise OutOfBudget(f"rlimit {rlimit} of PDR")
    return None if answer == z3.sat else _body(engine.get_answer(), encoding)


def _body(answer: Any, encoding: Encoding) -> Any:
    """The right side of `forall x: reached(x) == ...`, over the variables of now."""
    import z3

    if z3.is_quantifier(answer):
        left, right = answer.body().children()
        places = [z3.get_var_index(argument) for argument in left.children()]
        by = dict(zip(places, encoding.now, strict=True))
        return z3.substitute_vars(right, *(by[place] for place in sorted(by)))
    if z3.is_true(answer) or z3.is_false(answer):
        return answer
    raise OutOfBudget("PDR gave no invariant")
