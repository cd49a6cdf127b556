"""Unknown facts on which a counterexample hangs."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.ir.nodes import Const, Expr
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import Value, members
from kexecspec.ir.walk import substitute
from kexecspec.solve.desk import Desk
from kexecspec.solve.facts import is_tried, unknown_facts, with_facts
from kexecspec.solve.prove import is_excluded


def decisive(system: TransitionSystem, where: Expr, trace: Trace, desk: Desk) -> tuple[tuple[str, Value], ...]:
    """The unknown facts without whose value in `trace` nothing reaches `where`: with any other value it is
    proved to be excluded. Facts with more than a handful of values are left out."""
    return tuple(
        (name, trace.initial[name])
        for name in unknown_facts(system)
        if is_tried(system.variables[name].sort)
        and all(
            is_excluded(known, substitute(where, {name: Const(value)}), desk)
            for value, known in _otherwise(system, name, trace.initial[name])
        )
    )


def _otherwise(system: TransitionSystem, name: str, value: Value) -> Iterator[tuple[Value, TransitionSystem]]:
    for other in members(system.variables[name].sort):
        if other != value:
            yield other, with_facts(system, {name: other})
