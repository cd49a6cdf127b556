"""Which kernels can ever run, and which handoffs can ever be taken, by what a platform file says of handoffs alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kexecspec.handoff_text import parse_handoff, parse_kind
from kexecspec.tree import Path

Found = Iterator[tuple[str, str, Path]]
"""Conflicts as (what they are called at their place, what they are, their place)."""


@dataclass(frozen=True)
class Way:
    """A handoff as the file states it, by its number there. `forbidden` holds the facts that forbid it."""

    number: int
    start: str
    kind: str
    end: str
    forbidden: tuple[str, ...]

    @property
    def resets(self) -> bool:
        """Whether the platform is reset on the way."""
        return self.kind.startswith("reboot")


def ways(content: Mapping[str, Any]) -> Iterator[Way]:
    """The handoffs of a platform file; those that say nothing readable are left out."""
    limits = content.get("limits")
    least = limits.get("handoffs_between_resets") if isinstance(limits, dict) else None
    items = content.get("handoffs")
    for number, item in enumerate(items if isinstance(items, list) else ()):
        try:
            if isinstance(item, str):
                said = parse_handoff(item)
                start, kind, end, own = said.start, said.kind, said.end, None
            elif isinstance(item, dict):
                start, kind, end = str(item["from"]), parse_kind(str(item["kind"]))[0], str(item["to"])
                own = item.get("at_most")
            else:
                continue
        except (ValueError, KeyError):
            continue
        way = Way(number, start, kind, end, ())
        yield replace(way, forbidden=("at_most",) if own == 0 else ("limit",) if least == 0 and not way.resets else ())


def first_kernel(content: Mapping[str, Any]) -> str | None:
    """The kernel that is booted first: the one the file names, else one that a reset leads to, else one that
    something leads away from, else the first of all."""
    kernels = content.get("kernels")
    names = list(kernels) if isinstance(kernels, dict) else []
    if content.get("first") is not None:
        return str(content["first"])
    found = list(ways(content))
    after_reset, started = {way.end for way in found if way.resets}, {way.start for way in found}
    candidates = [n for n in names if n in after_reset] or [n for n in names if n in started] or names
    return candidates[0] if candidates else None


def reached(content: Mapping[str, Any], allowed_only: bool) -> frozenset[str]:
    """The kernels to which handoffs lead from the first one; with `allowed_only`, those that nothing forbids."""
    first = first_kernel(content)
    seen: set[str] = set() if first is None else {first}
    following: dict[str, list[str]] = {}
    for way in ways(content):
        if not (allowed_only and way.forbidden):
            following.setdefault(way.start, []).append(way.end)
    queue = list(seen)
    while queue:
        new = [end for end in following.get(queue.pop(), ()) if end not in seen]
        seen.update(new)
        queue.extend(new)
    return frozenset(seen)


def never_taken(content: Mapping[str, Any]) -> Found:
    """Handoffs that a limit forbids, and a first kernel that only a crash can start."""
    for way in ways(content):
        if "at_most" in way.forbidden:
            yield "at_most", "a handoff that is taken at most 0 times is none", ("handoffs", way.number)
        elif way.forbidden:
            yield "limit", "no handoff may be taken between two resets, so this one never is", ("handoffs", way.number)
    kernels, first = content.get("kernels"), content.get("first")
    entry = kernels.get(first) if isinstance(kernels, dict) and isinstance(first, str) else None
    if isinstance(entry, dict) and entry.get("kdump") is True:
        yield "first", f"{first} is a crash kernel, so it is not booted first", ("first",)


def never_reached(content: Mapping[str, Any]) -> Found:
    """Kernels to which no handoff leads, whatever may be taken."""
    kernels = content.get("kernels")
    there = reached(content, False)
    for name in kernels if isinstance(kernels, dict) else ():
        if name not in there:
            yield "reached", f"no handoff leads to {name}, so nothing would be proved about it", ("kernels", name)
