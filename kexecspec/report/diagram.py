"""A sequence diagram as text, 78 columns: a lane for each actor, a line for each step, an arrow under it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.diagnostics import WIDTH
from kexecspec.findings import Finding, Report
from kexecspec.report import sequence
from kexecspec.report.look import Look, wrapped
from kexecspec.report.sequence import Message

_LEFT = 6
"""Room for the number of a step."""


def diagram(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    """The lines of the diagram of a finding's trace."""
    drawn = sequence.sequence(report, finding, look.verbose)
    lanes = _places(len(drawn.lanes))
    alive = {n for n in range(len(lanes)) if n not in (drawn.old, drawn.new)} | {drawn.old}
    yield _titles(drawn.lanes, lanes)
    yield _lifelines(lanes, alive)
    for one in drawn.messages:
        if isinstance(one, str):
            yield from wrapped(one, "      ", "      ")
            continue
        yield from _said(one)
        yield look.paint(_arrow(one, lanes, alive), *(["red", "bold"] if one.last else ["bold"] if one.jump else []))
        if one.jump and one.end == drawn.new:
            alive = (alive - {drawn.old}) | {drawn.new}
        yield from _changed(one)
        yield _lifelines(lanes, alive)
    for line in wrapped(f"VIOLATED: {drawn.ending}", "  ", "    "):
        yield look.paint(line, "red", "bold")


def _places(number: int) -> list[int]:
    """The columns of so many lifelines."""
    room = (WIDTH - _LEFT) // number
    return [_LEFT + room * n + room // 2 for n in range(number)]


def _titles(titles: Sequence[str], lanes: Sequence[int]) -> str:
    line = ""
    for title, place in zip(titles, lanes, strict=True):
        line = line.ljust(max(place - len(title) // 2, len(line) + 1 if line else 0)) + title
    return line


def _lifelines(lanes: Sequence[int], alive: set[int]) -> str:
    line = [" "] * WIDTH
    for number, place in enumerate(lanes):
        line[place] = "|" if number in alive else " "
    return "".join(line).rstrip()


def _said(one: Message) -> Iterator[str]:
    step = one.step
    says = step.says or step.rule
    actor = "" if says.startswith(f"{step.actor} ") or says.startswith(f"{step.actor}:") else f"{step.actor}: "
    yield from wrapped(f"{actor}{says}", f"{step.number:>4}. ", " " * _LEFT)


def _arrow(one: Message, lanes: Sequence[int], alive: set[int]) -> str:
    line = list(_lifelines(lanes, alive).ljust(WIDTH))
    first, last = sorted((lanes[one.start], lanes[one.end]))
    if first == last:
        line[first] = "#" if one.jump else "*"
        return "".join(line).rstrip()
    for column in range(first + 1, last):
        line[column] = "=" if one.jump else "-"
    line[first], line[last] = "|", "|"
    if one.end > one.start:
        line[last - 1] = ">"
    else:
        line[first + 1] = "<"
    return "".join(line).rstrip()


def _changed(one: Message) -> Iterator[str]:
    for change in one.changed:
        yield from wrapped(change, " " * (_LEFT + 4), " " * (_LEFT + 6))
