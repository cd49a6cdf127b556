"""That numbers stay in their ranges, where the invariants of the proofs at hand do not show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.ir.expr import conjoin, disjoin, negate
from kexecspec.ir.nodes import TRUE
from kexecspec.ir.system import Invariant, Property, TransitionSystem
from kexecspec.ir.verdict import Proof, Verdict
from kexecspec.solve.budget import RLIMIT
from kexecspec.solve.claims import Range
from kexecspec.solve.judge import judge
from kexecspec.solve.recheck import ranges_left, sufficient


def in_range(
    system: TransitionSystem, invariants: Sequence[Invariant], rlimit: int = RLIMIT
) -> tuple[Invariant, ...]:
    """Invariants that show of ranges what `invariants` leave open, as far as any are found: those of `system`, or else
    those of proofs of its ranges, each judged as a property of its own. They are worth no more than any other before
    they have been looked at again."""
    enough = sufficient(system, invariants)
    left = ranges_left(system, enough)
    asked = [prop for number, one in enumerate(left) for prop in _properties(number, one)]
    found = {repr(i.holds): i for i in enough if i not in invariants}
    for judgement in judge(system, asked, rlimit) if asked else ():
        if judgement.verdict is Verdict.PROVED and isinstance(judgement.evidence, Proof):
            found.update((repr(i.holds), i) for i in judgement.evidence.invariants)
    return tuple(found.values())


def _properties(number: int, one: Range) -> Iterator[Property]:
    """That the rule leads to a value of the sort wherever its guard holds, and wherever its turn has come too."""
    guard = TRUE if one.rule is None else one.rule.guard
    order = () if one.rule is None else one.rule.order
    for name, where in {"": guard, "in turn": conjoin((guard, *order))}.items():
        holds = disjoin((negate(where), one.inside))
        yield Property("range", f"{number} {name}", "any", holds, TRUE, "", says=one.says)
