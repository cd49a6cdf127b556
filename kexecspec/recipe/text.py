"""A recipe as plain text, 78 columns."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.diagnostics import escape
from kexecspec.recipe.made import Doing, Recipe
from kexecspec.recipe.script import UNTESTED
from kexecspec.report.look import Look, count, marks, wrapped
from kexecspec.report.refuted import log_lines


def as_text(made: Recipe, script: str, saved: str | None, look: Look) -> str:
    """What to do, in order, what is to be seen, and the script, unless it was `saved`."""
    lines = wrapped(f"{made.id} on {made.platform.name}: {made.says}", "", "  ")
    lines += wrapped(f"{UNTESTED} It may harm the board: use one that may be lost.", "  ")
    lines += wrapped("Words in capitals are for you to fill in.", "  ")
    number, told = 0, set[str]()
    for one in made.rounds:
        if one.times > 1:
            last = number + len(one.doings)
            which = f"steps {number + 1} to {last}" if len(one.doings) > 1 else f"step {last}"
            lines += ["", *wrapped(f"{one.times} times, {which}:", "", "  ")]
        for doing in one.doings:
            number += 1
            lines += ["", *_doing(number, doing, told)]
    lines += ["", *_expected(made, look), *_shortcut(made), "", *_watched(script, saved)]
    return "\n".join(lines) + "\n"


def _doing(number: int, doing: Doing, told: set[str]) -> Iterator[str]:
    """A thing to do; a note that was `told` before is not told again."""
    said = f" (trace: {marks(doing.steps).strip('[]')})" if doing.steps else ""
    yield from wrapped(f"{number}. {doing.title}{said}", "", "   ")
    for command in doing.commands:
        yield f"     # {escape(command)}"
    if doing.note and doing.note not in told:
        told.add(doing.note)
        yield from wrapped(doing.note, "   ")


def _expected(made: Recipe, look: Look) -> Iterator[str]:
    after = count(made.handoffs, "handoff")
    yield from wrapped(f"To be seen after {after}: {made.harm}: {made.expect}", "", "  ")
    if made.log:
        yield from wrapped("The executable model printed (a real kernel's words may differ):", "  ")
        yield from log_lines(made.log, look.verbose)


def _shortcut(made: Recipe) -> Iterator[str]:
    if made.shortcut is None:
        return
    yield ""
    title = made.shortcut.title
    yield from wrapped(f"{title[:1].upper()}{title[1:]}:", "", "  ")
    for command in made.shortcut.commands:
        yield f"     # {escape(command)}"
    yield from wrapped(made.shortcut.note, "   ")


def _watched(script: str, saved: str | None) -> Iterator[str]:
    if saved is not None:
        yield from wrapped(f"To watch it: bpftrace {saved}", "", "  ")
        return
    yield "To watch it, a bpftrace script (--script FILE writes it):"
    yield ""
    yield script.rstrip()
