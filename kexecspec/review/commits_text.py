"""The commits for a set of repairs as plain text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from kexecspec.report.look import Look, wrapped
from kexecspec.review.commits import Commits, Picked


def as_text(found: Commits, number: int, look: Look) -> str:
    """What to take over, in the order of mainline, then the warnings."""
    if not found.picked:
        return f"Set {number} has no repair by kernel feature: there are no commits to take over.\n"
    lines = [f"Commits for set {number}, in the order of mainline:"]
    for one in found.picked:
        lines += _picked(one)
    for warning in found.warnings:
        lines += [look.paint(line, "yellow") for line in wrapped(f"WARNING: {warning}", "", "  ")]
    return "\n".join(lines) + "\n"


def json_of(found: Commits) -> dict[str, Any]:
    """The same for programs."""
    return {"commits": [_json(one) for one in found.picked], "warnings": list(found.warnings)}


def _picked(one: Picked) -> Iterator[str]:
    port = one.backport
    yield from wrapped(f"{port.commit or '(no commit)'}  {', '.join(port.features)}: {port.title}", "  ", "    ")
    yield from wrapped(_where(one), "    ", "      ")
    for need in port.needed:
        yield from wrapped(f"needed by {need.by}: {need.why}", "    ", "      ")
    for hazard in port.brings:
        yield from wrapped(f"brings: {hazard}", "    ", "      ")
    if one.there is not None:
        own = f" as {one.there.as_[:12]}" if one.there.as_ else ""
        why = f" ({one.there.why})" if one.there.why else ""
        yield from wrapped(f"in the tree: {one.there.how}{own}{why}", "    ", "      ")


def _where(one: Picked) -> str:
    port = one.backport
    if port.since == "never":
        return f"for {', '.join(port.kernels)}: in no release, it is still to be written or was not merged"
    stable = ", ".join(release for _, release in port.releases)
    first = f"; first stable releases {stable}" if stable else ""
    said = f"for {', '.join(port.kernels)}: mainline {port.since}{first}"
    if port.own:
        return f"{said}; of your series {port.own}"
    why = dict(port.not_in).get(port.series)
    return f"{said}; none known of {port.series}{': ' + why if why else ''}"


def _json(one: Picked) -> dict[str, Any]:
    port = one.backport
    there = None
    if one.there is not None:
        there = {"how": one.there.how, "as": one.there.as_, "title": one.there.title, "why": one.there.why}
    return {
        "commit": port.commit,
        "features": list(port.features),
        "title": port.title,
        "kernels": list(port.kernels),
        "mainline": None if port.since == "never" else port.since,
        "stable": dict(port.releases),
        "own": port.own,
        "not_in": dict(port.not_in),
        "brings": list(port.brings),
        "needed": [asdict(need) for need in port.needed],
        "tree": there,
        "fixed_by": [asdict(later) for later in one.later],
    }
