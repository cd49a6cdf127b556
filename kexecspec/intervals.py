"""Findings whose number of handoffs depends on a number that is known only as an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kexecspec.findings import Finding
from kexecspec.ir.nodes import Const
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.values import IntSort
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.solve.together import judge_together

BASE = "tee.base"


def with_ranges(
    full: Callable[[], TransitionSystem], findings: Sequence[Finding], rlimit: int
) -> list[Finding]:
    """The findings, those refuted by exhaustion with the fewest and the most handoffs over the heap's base use.

    The base use is a number that nobody measured; where the file gives an interval, so is the answer. `full` gives the
    system, and is asked only where something has to be counted.
    """
    counted = [f for f in findings if f.property.counter and f.verdict is Verdict.REFUTED]
    if not counted:
        return list(findings)
    system = full()
    var = system.variables.get(BASE)
    if var is None or not isinstance(var.sort, IntSort):
        return list(findings)
    ends = [_with_base(system, end) for end in (var.sort.high, var.sort.low)]
    return [_ranged(f, ends, rlimit) if f.property.counter and f.verdict is Verdict.REFUTED else f for f in findings]


def _with_base(system: TransitionSystem, value: int) -> TransitionSystem:
    fixed = replace(system.variables[BASE], initial=Const(value))
    return replace(system, variables={**system.variables, BASE: fixed})


def _ranged(found: Finding, ends: Sequence[TransitionSystem], rlimit: int) -> Finding:
    counts = []
    for system in ends:
        (judgement,) = judge_together(system, (found.property,), rlimit)
        if isinstance(judgement.evidence, Counterexample):
            counts.append(judgement.evidence.handoffs)
    if len(counts) < len(ends):
        return replace(found, why=f"{found.why}; for the least base use no answer within the budget, or never")
    return replace(found, handoffs_range=(min(counts), max(counts)))
