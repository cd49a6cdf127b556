"""A trace as a sequence diagram in Mermaid's language, for documents that are rendered by others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kexecspec.diagnostics import escape
from kexecspec.findings import Finding, Report
from kexecspec.report.itf import first_trace
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome
from kexecspec.report.sequence import Message, sequence

_SPECIAL = re.compile(r"""[#;<>%{}&"`\\$]""")


def as_mermaid(outcomes: Sequence[Outcome], look: Look) -> str:
    """The diagram of `first_trace`; nothing where nothing is refuted."""
    found = first_trace(outcomes)
    return "" if found is None else "\n".join(diagram(*found)) + "\n"


def diagram(report: Report, finding: Finding) -> Iterator[str]:
    """The lines of one diagram."""
    drawn = sequence(report, finding)
    yield "sequenceDiagram"
    yield f"    title {_text(f'{finding.property.id} on {report.platform}')}"
    for number, title in enumerate(drawn.lanes):
        yield f"    participant L{number} as {_text(title)}"
    for one in drawn.messages:
        if isinstance(one, str):
            yield f"    Note over L0,L{len(drawn.lanes) - 1}: {_text(one)}"
            continue
        yield from _message(one)
    yield f"    Note over L0,L{len(drawn.lanes) - 1}: VIOLATED {_text(drawn.ending)}"


def _message(one: Message) -> Iterator[str]:
    arrow = "-->>" if one.jump else "->>"
    says = one.step.says or one.step.rule
    yield f"    L{one.start}{arrow}L{one.end}: {one.step.number}. {_text(says)}"
    if one.changed:
        yield f"    Note over L{one.end}: {'<br/>'.join(_text(change) for change in one.changed)}"


def _text(of: str) -> str:
    """A text in which nothing means anything to Mermaid: what might is written by its number."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", escape(of))
