"""What a proof stands on: of its invariants and of the facts it was found with, those that the proof uses.

Facts are variables that never change. A proof found where they are known is looked at where they are free: each
invariant has to hold at first and to be kept by every step, and the solver says which facts and which other
invariants it used for that. The invariants that nothing leads to from the property are not asked about.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.ir.expr import equal
from kexecspec.ir.nodes import Const, Expr, Ref
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import Value
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.smtlib import renumbered, script, writer


def support(
    system: TransitionSystem,
    facts: Mapping[str, Value],
    wanted: Expr,
    invariants: Sequence[Expr],
    rlimit: int,
) -> frozenset[str] | None:
    """The facts that a proof of `wanted` by some of `invariants` uses, out of `facts`, variables of `system` and their
    values; few of them, not always the fewest. None where the invariants do not prove it, or the budget ran out."""
    distinct = tuple(dict.fromkeys((wanted, *invariants)))
    names = tuple(name for name in facts if name in system.variables)
    known = tuple(equal(Ref(name), Const(facts[name])) for name in names)
    pen = writer(system)
    encoding = encode(script(system, pen), [renumbered(e, system, pen) for e in (*distinct, *known)])
    held, true = encoding.targets[: len(distinct)], encoding.targets[len(distinct) :]
    asking = _asking(encoding, held, dict(zip(names, true, strict=True)), Meter(rlimit))
    used, queue, done = set[str](), [0], {0}
    try:
        while queue:
            found = asking.support(queue.pop())
            if found is None:
                return None
            used |= found.facts
            queue += sorted(found.invariants - done)
            done |= found.invariants
    except OutOfBudget:
        return None
    return frozenset(used)


@dataclass(frozen=True)
class _Used:
    """What one invariant stands on: facts by name, invariants by number."""

    facts: frozenset[str]
    invariants: frozenset[int]


@dataclass(frozen=True)
class _Asking:
    """Two solvers that know the first states and the steps, and what may be assumed in them by name."""

    first: Any
    step: Any
    labels: Mapping[str, str]
    numbers: Mapping[str, int]
    meter: Meter
    context: Any

    def support(self, number: int) -> _Used | None:
        """What invariant `number` stands on; None where it does not hold. Raises OutOfBudget."""
        initially = self._core(self.first, number, ())
        kept = None if initially is None else self._core(self.step, number, tuple(self.numbers))
        if initially is None or kept is None:
            return None
        names = {*initially, *kept}
        return _Used(
            frozenset(self.labels[name] for name in names if name in self.labels),
            frozenset(self.numbers[name] for name in names if name in self.numbers),
        )

    def _core(self, solver: Any, number: int, assumed: Sequence[str]) -> list[str] | None:
        import z3

        given = [z3.Bool(name, self.context) for name in (*self.labels, *assumed)]
        if self.meter.ask(solver, z3.Bool(f"wrong{number}", self.context), *given):
            return None
        return [str(part) for part in solver.unsat_core()]


def _asking(encoding: Encoding, held: Sequence[Any], facts: Mapping[str, Any], meter: Meter) -> _Asking:
    import z3

    first, step = (fresh_solver(encoding.context, finite=False) for _ in range(2))
    first.add(encoding.domain, encoding.initial)
    step.add(encoding.domain, encoding.step)
    labels = {f"fact{number}": name for number, name in enumerate(facts)}
    for solver in (first, step):
        solver.set("core.minimize", True)
        for label, name in labels.items():
            solver.add(z3.Implies(z3.Bool(label, encoding.context), facts[name]))
    for number, (now, later) in enumerate(zip(held, encoding.later(held), strict=True)):
        wrong = z3.Bool(f"wrong{number}", encoding.context)
        first.add(z3.Implies(wrong, z3.Not(now)))
        step.add(z3.Implies(wrong, z3.Not(later)))
        step.add(z3.Implies(z3.Bool(f"held{number}", encoding.context), now))
    numbers = {f"held{number}": number for number in range(len(held))}
    return _Asking(first, step, labels, numbers, meter, encoding.context)
