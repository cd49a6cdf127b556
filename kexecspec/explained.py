"""Vacuous proofs and handoffs that are never taken, each with the step that is missing and the lines it hangs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kexecspec.fact_lines import deciding_lines, numbers_of
from kexecspec.findings import Finding, Missing, Report, Taken
from kexecspec.ground.ground import loosened
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Place
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.source import Node

if TYPE_CHECKING:
    from kexecspec.missing import Seeker

Again = Callable[[dict[str, Any]], Platform]
RLIMIT = 2_000_000
"""The budget of a question; an explanation is not worth more."""


def with_missing(report: Report, root: Node, whole: Callable[[], Platform], again: Again, specs: Library) -> Report:
    """The report, everything in it that can never happen with the step that is missing. `whole` gives its platform,
    resolved whole, and `again` resolves another content of its file, read as `root`, in the same way."""
    if all(one.verdict is not Verdict.REFUTED for one in report.taken) and not any(f.vacuous for f in report.findings):
        return report
    from kexecspec.missing import Seeker

    system, facts = loosened(whole(), specs)
    seeker = Seeker(system, {name: fact.value for name, fact in facts.items()}, RLIMIT)
    explained = _Explained(seeker, root, whole(), again)
    return replace(
        report,
        findings=tuple(explained.finding(finding) for finding in report.findings),
        taken=tuple(explained.handoff(one) for one in report.taken),
    )


@dataclass(frozen=True)
class _Explained:
    seeker: Seeker
    root: Node
    whole: Platform
    again: Again

    def finding(self, finding: Finding) -> Finding:
        prop = next((p for p in self.seeker.system.properties if p.id == finding.property.id), None)
        if not finding.vacuous or prop is None:
            return finding
        return replace(finding, missing=self._missing(prop.companion) or self._of_kind(finding.property.handoff))

    def handoff(self, one: Taken) -> Taken:
        return one if one.verdict is not Verdict.REFUTED else replace(one, missing=self._of_handoff(one.name))

    def _of_kind(self, kind: str) -> tuple[Missing, ...]:
        """Why no handoff of a kind is ever taken, by the first of them."""
        edge = next((edge for edge in self.whole.edges if edge.kind == kind), None)
        return () if edge is None else self._of_handoff(edge.name)

    def _of_handoff(self, name: str) -> tuple[Missing, ...]:
        names = tuple(f"{word}.{name}" for word in ("crash", "jump", "reset"))
        rule = next((rule for rule in self.seeker.system.rules if rule.name in names), None)
        return () if rule is None else self._missing(rule.enabled)

    def _missing(self, wanted: Expr) -> tuple[Missing, ...]:
        links = self.seeker.missing(wanted)
        return (*links[:-1], self._with_lines(links[-1])) if links else ()

    def _with_lines(self, link: Missing) -> Missing:
        """The last link, with the lines that decide its facts, or else the numbers of the parts it speaks of."""
        lines = self._lines(link.facts) or self._lines(tuple(self._numbers(link)))
        return replace(link, lines=tuple(dict.fromkeys(lines)))

    def _lines(self, wanted: tuple[str, ...]) -> tuple[tuple[str, Place], ...]:
        return deciding_lines(self.root, self.whole, self.again, wanted) if wanted else ()

    def _numbers(self, link: Missing) -> Iterator[str]:
        for part in self.whole.entities:
            if any(f"{part}." in said for said in link.never):
                yield from numbers_of(self.whole, part)
