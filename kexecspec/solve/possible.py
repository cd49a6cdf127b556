"""Whether a state with certain values is thinkable at all, reachable or not."""

from __future__ import annotations

from dataclasses import replace

from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.walk import references
from kexecspec.solve.budget import Meter, OutOfBudget, fresh_solver
from kexecspec.solve.encode import encode
from kexecspec.solve.smtlib import renumbered, script, writer


def possible(system: TransitionSystem, wanted: Expr, rlimit: int) -> bool:
    """Whether variables of `system`, each with a value of its sort, can make `wanted` true; also where nobody knows."""
    names = references(wanted)
    known = {name: replace(var, initial=None) for name, var in system.variables.items() if name in names}
    bare = TransitionSystem(known, ())
    pen = writer(bare)
    encoding = encode(script(bare, pen), [renumbered(wanted, bare, pen)])
    solver = fresh_solver(encoding.context, finite=False)
    solver.add(encoding.domain, *encoding.targets)
    try:
        return Meter(rlimit).ask(solver)
    except OutOfBudget:
        return True
