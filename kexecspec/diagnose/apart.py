"""What would tell one cause of a line from another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kexecspec.diagnose.causes import Cause
from kexecspec.findings import Finding

MOST = 3
_NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|[0-9]+")


def apart(one: Cause, other: Cause) -> tuple[str, ...]:
    """Up to three observations or facts that hold of `one` and not of `other`, what is easiest to see first."""
    return tuple(dict.fromkeys(_told(one.finding, other.finding)))[:MOST]


def _told(one: Finding, other: Finding) -> Iterator[str]:
    if one.property.handoff != other.property.handoff:
        yield f"the handoff: {one.property.handoff} here, {other.property.handoff} there"
    if (one.handoffs or 0) != (other.handoffs or 0):
        yield f"handoffs since power-on: {one.handoffs or 0} here, {other.handoffs or 0} there"
    mine, theirs = _log(one), _log(other)
    for key, line in mine.items():
        if key not in theirs:
            yield f"only here the log says: {line.strip()}"
    for key, line in theirs.items():
        if key not in mine:
            yield f"only there the log says: {line.strip()}"
    where, there = (f.replay.where if f.replay else "" for f in (one, other))
    if where != there:
        yield f"where it is suffered: {where} here, {there} there"
    others = {step.says for step in other.steps}
    for step in reversed(one.steps):
        if step.says not in others:
            yield f"a step that only this one takes: {step.actor}: {step.says}"
    if one.property.says != other.property.says:
        yield f"what goes wrong: {one.property.says}"


def _log(finding: Finding) -> dict[str, str]:
    """The machine's lines, by what they say but for numbers."""
    lines = finding.replay.log if finding.replay else ()
    return {_NUMBER.sub("#", line): line for line in lines if line.strip()}
