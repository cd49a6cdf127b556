"""A script inside z3: the one-step relation is read once and instantiated by substitution, on z3's side."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.solve.smtlib import Script


@dataclass(frozen=True)
class Encoding:
    """The formulas of one script and its targets in one z3 context of their own."""

    context: Any
    now: tuple[Any, ...]
    after: tuple[Any, ...]
    choice: Any
    initial: Any
    domain: Any
    step: Any
    invariants: tuple[Any, ...]
    targets: tuple[Any, ...]
    script: Script

    def read(self, texts: Sequence[str]) -> tuple[Any, ...]:
        """State predicates given as text in the numbering of the script."""
        return tuple(_read(self.script, texts, self.context))

    def later(self, formulas: Sequence[Any]) -> list[Any]:
        """State predicates about the state after the step."""
        return [_replaced(formula, self.now, self.after) for formula in formulas]

    def layer(self, depth: int) -> tuple[Any, ...]:
        """Constants for the state at `depth`."""
        if depth == 0:
            return self.now
        return tuple(
            _constant(f"x{number}@{depth}", sort, self.context) for number, sort in enumerate(self.script.sorts)
        )

    def choice_at(self, depth: int) -> Any:
        """The constant for the rule that fires in the state at `depth`."""
        return _constant(f"s@{depth}", "Int", self.context)

    def moved(self, formula: Any, layer: Sequence[Any]) -> Any:
        """A state predicate about another state."""
        return formula if layer is self.now else _replaced(formula, self.now, layer)

    def step_between(self, layer: Sequence[Any], following: Sequence[Any], choice: Any) -> Any:
        """The step from one state to another."""
        return _replaced(self.step, (*self.now, *self.after, self.choice), (*layer, *following, choice))


def encode(script: Script, targets: Sequence[str]) -> Encoding:
    """`script` and the state predicates `targets` (as text in its numbering) in a new context."""
    import z3

    context = z3.Context()
    assertions = [script.initial, script.domain, script.step, *script.invariants, *targets]
    read = _read(script, assertions, context)
    known = 3 + len(script.invariants)
    now = tuple(_constant(f"x{n}", sort, context) for n, sort in enumerate(script.sorts))
    after = tuple(_constant(f"y{n}", sort, context) for n, sort in enumerate(script.sorts))
    return Encoding(
        context,
        now,
        after,
        _constant("s", "Int", context),
        read[0],
        read[1],
        read[2],
        tuple(read[3:known]),
        tuple(read[known:]),
        script,
    )


def _read(script: Script, texts: Sequence[str], context: Any) -> list[Any]:
    import z3

    lines = [f"(declare-const {tense}{n} {sort})" for n, sort in enumerate(script.sorts) for tense in "xy"]
    lines.append("(declare-const s Int)")
    # an implication under a named premise keeps the reader from splitting or dropping what it guards
    lines.append("(declare-const kept Bool)")
    lines.extend(f"(assert (=> kept {text}))" for text in texts)
    return [formula.arg(1) for formula in z3.parse_smt2_string("\n".join(lines), ctx=context)]


def _constant(name: str, sort: str, context: Any) -> Any:
    import z3

    return z3.Bool(name, context) if sort == "Bool" else z3.Int(name, context)


def _replaced(formula: Any, old: Sequence[Any], new: Sequence[Any]) -> Any:
    """Substitution without the checks of the Python interface."""
    import z3
    from z3.z3core import Z3_substitute

    size = len(old)
    froms, tos = (z3.Ast * size)(), (z3.Ast * size)()
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        froms[place], tos[place] = one.as_ast(), other.as_ast()
    return z3.z3._to_expr_ref(Z3_substitute(formula.ctx.ref(), formula.as_ast(), size, froms, tos), formula.ctx)
