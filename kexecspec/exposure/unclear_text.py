"""The unknown facts as text: what each would flip, and how it is measured."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.exposure.flips import Change, Open
from kexecspec.exposure.told import Told, Unclear, flipped
from kexecspec.report.look import Look, count, value, wrapped

SHOWN = 3
"""Verdicts of one value that are told without `-v`."""


def unclear_lines(told: Told, look: Look) -> Iterator[str]:
    """The unknown facts, those that flip most first; what flips nothing is only named."""
    if not told.unclear:
        yield "Unknown facts: none."
        return
    tried = [one for one in told.unclear if one.tried]
    yield from wrapped(
        f"Unknown facts, by how many verdicts would change if they were known ({flipped(tried)} in all; judged "
        f"{count(told.flips.judged, 'time')}):", "", "  ",
    )  # fmt: skip
    told_of: dict[str, str] = {}
    for one in tried:
        if one.flips:
            yield from _unclear(one, look)
            yield from _measured(one, told_of)
    idle = [f"{one.part} ({_title(one)})" for one in tried if not one.flips]
    if idle:
        yield from wrapped(f"change nothing by themselves: {'; '.join(idle)}", "  ", "    ")
    left = [fact.name for one in told.unclear for fact in one.facts if not fact.tried]
    if left:
        yield from wrapped(f"not tried, the budget was spent (--budget): {', '.join(left)}", "  ", "    ")


def _unclear(one: Unclear, look: Look) -> Iterator[str]:
    yield from wrapped(f"{len(one.flips)}  {one.part}: {_title(one)}", "  ", "     ")
    for fact in one.facts:
        yield from _values(fact, look)


def _measured(one: Unclear, told_of: dict[str, str]) -> Iterator[str]:
    """How it is measured, or which part above that was said of."""
    if one.measure is None:
        return
    before = told_of.setdefault(one.measure.name, one.part)
    said = one.measure.how if before == one.part else f"as said of {before}"
    yield from wrapped(f"to measure: {said}", "     ", "       ")


def _title(one: Unclear) -> str:
    return one.measure.title if one.measure is not None else ", ".join(fact.name for fact in one.facts)


def _values(fact: Open, look: Look) -> Iterator[str]:
    for number, (of, changes) in enumerate(fact.changes):
        if changes:
            shown = changes if look.verbose else changes[:SHOWN]
            more = f" and {len(changes) - len(shown)} more" if len(changes) > len(shown) else ""
            end = (" (the least)", " (the most)")[number] if fact.ends else ""
            said = f"{fact.name} = {value(of)}{end}: {', '.join(map(_change, shown))}{more}"
            yield from wrapped(said, "     ", "       ")


def _change(change: Change) -> str:
    return f"{change.id} {change.after} (was {change.before})"
