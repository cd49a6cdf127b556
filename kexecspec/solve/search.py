"""Bounded model checking of several targets in small pieces, every run re-evaluated before it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.trace import Trace, objection
from kexecspec.solve.answers import Disagreement, Target
from kexecspec.solve.budget import OutOfBudget
from kexecspec.solve.runs import trace_of
from kexecspec.solve.smtlib import Writer
from kexecspec.solve.unroll import Unrolling


@dataclass
class Search:
    """The unrolling of one slice, and what it has met."""

    system: TransitionSystem
    targets: Sequence[Target]
    pen: Writer
    unrolling: Unrolling
    reason: str = ""
    met: dict[int, Trace] = field(default_factory=dict)

    def to(self, wanted: Iterable[int], limit: int) -> None:
        """Searches up to `limit` steps for what is wanted and not met; a budget that runs out ends it."""
        left = {number for number in wanted if number not in self.met}
        while left and not self.reason and self.unrolling.depth <= limit and not self.unrolling.complete:
            try:
                found = self.unrolling.search(left, self.unrolling.depth)
            except OutOfBudget as reason:
                self.reason = f"{reason} of bounded model checking"
                return
            for number, run in found.items():
                trace = trace_of(self.system, self.pen, run)
                complaint = objection(self.system, trace, self.targets[number].where)
                if complaint is not None:
                    raise Disagreement(complaint)
                self.met[number] = trace
            left -= found.keys()

    @property
    def clear(self) -> int:
        """The depth up to which nothing that is wanted and not met holds."""
        return self.unrolling.depth - 1
