"""One-step induction: the largest part of some candidates that holds at first and is kept by every rule."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kexecspec.solve.budget import Meter, fresh_solver
from kexecspec.solve.encode import Encoding


def inductive_part(encoding: Encoding, candidates: Sequence[Any], meter: Meter, finite: bool = True) -> tuple[int, ...]:
    """The numbers of the candidates whose conjunction is inductive, as many as there are. Raises
    OutOfBudget."""
    alive = _initially(encoding, candidates, meter, finite)
    if not alive:
        return ()
    import z3

    solver = fresh_solver(encoding.context, finite)
    solver.add(encoding.domain, encoding.step)
    later = dict(zip(alive, encoding.later([candidates[n] for n in alive]), strict=True))
    for number in alive:
        solver.add(z3.Implies(_named("k", number, encoding), candidates[number]))
        solver.add(z3.Implies(_named("n", number, encoding), z3.Not(later[number])))
    while alive:
        broken = _named("b", len(alive), encoding)
        solver.add(z3.Implies(broken, z3.Or([_named("n", number, encoding) for number in alive])))
        if not meter.ask(solver, broken, *(_named("k", number, encoding) for number in alive)):
            break
        found = solver.model()
        alive = [n for n in alive if not z3.is_false(found.eval(later[n], model_completion=True))]
    return tuple(alive)


def _initially(encoding: Encoding, candidates: Sequence[Any], meter: Meter, finite: bool) -> list[int]:
    """The candidates that hold in every initial state."""
    import z3

    solver = fresh_solver(encoding.context, finite)
    solver.add(encoding.initial, encoding.domain)
    alive = list(range(len(candidates)))
    while alive:
        broken = _named("i", len(alive), encoding)
        solver.add(z3.Implies(broken, z3.Or([z3.Not(candidates[number]) for number in alive])))
        if not meter.ask(solver, broken):
            break
        found = solver.model()
        alive = [n for n in alive if not z3.is_false(found.eval(candidates[n], model_completion=True))]
    return alive


def _named(letter: str, number: int, encoding: Encoding) -> Any:
    import z3

    return z3.Bool(f"{letter}{number}", encoding.context)
