"""One-step induction: the largest part of some candidates that holds at first and is kept by every rule."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.encode import Encoding, encode
from kexecspec.solve.smtlib import Script


class Standing:
    """Those declared invariants of one script that are inductive, to ask of many targets whether they exclude them.

    `kept` holds their numbers; it is None where the budget did not do for them.
    """

    def __init__(self, script: Script, rlimit: int) -> None:
        self.encoding = encode(script, ())
        self.kept: tuple[int, ...] | None = None
        self.asked = 0
        try:
            self.kept = inductive_part(self.encoding, self.encoding.invariants, Meter(rlimit))
        except OutOfBudget:
            return
        self.first, self.step = (fresh_solver(self.encoding.context, finite=False) for _ in range(2))
        self.first.add(self.encoding.initial, self.encoding.domain)
        held = (self.encoding.invariants[number] for number in self.kept)
        self.step.add(self.encoding.domain, self.encoding.step, *held)

    def carries(self, text: str, meter: Meter) -> bool:
        """Whether the predicate `text`, in the script's numbering, is inductive with the invariants. Raises
        OutOfBudget."""
        import z3

        (holds,) = self.encoding.read((text,))
        (later,) = self.encoding.later((holds,))
        self.asked += 1
        broken = _named("w", self.asked, self.encoding)
        self.first.add(z3.Implies(broken, z3.Not(holds)))
        self.step.add(z3.Implies(broken, z3.And(holds, z3.Not(later))))
        return not meter.ask(self.first, broken) and not meter.ask(self.step, broken)


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
