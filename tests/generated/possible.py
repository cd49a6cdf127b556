"""What chance has put together and cannot be: facts are left out until nothing contradicts any more."""

from __future__ import annotations

from typing import Any

from kexecspec.handoff_text import parse_handoff, parse_kind
from kexecspec.library import library
from kexecspec.platform.contradictions import without
from kexecspec.platform.impossible import conflicts

Content = dict[str, Any]


def possible(made: Content) -> Content:
    """`made` without the facts that contradict others, and with each handoff once."""
    while (conflict := next(conflicts(made, library()), None)) is not None:
        made = without(made, conflict.place[: 3 if conflict.place[0] == "kernels" else 2])
        there = [handoff for handoff in made["handoffs"] if handoff is not None]
        made["handoffs"] = [one for one in there if {_said(one)[0], _said(one)[2]} <= set(made["kernels"])]
    once = {_said(handoff): handoff for handoff in made["handoffs"]}
    return {**made, "handoffs": [once[said] for said in sorted(once)]}


def _said(handoff: Any) -> tuple[str, str, str, bool]:
    """Start, kind, end, and whether user space still runs."""
    if isinstance(handoff, str):
        text = parse_handoff(handoff)
        return text.start, text.kind, text.end, text.user_space == "running"
    kind, space = parse_kind(handoff["kind"])
    return handoff["from"], kind, handoff["to"], space == "running"
