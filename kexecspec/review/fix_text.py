"""Repairs as plain text, 78 columns."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED, UNDECIDED
from kexecspec.report.look import Look, count, shell, wrapped
from kexecspec.review.mend import Fixes, Mended
from kexecspec.review.repairs import Repair

_WORDS = {
    PROVED: ("PASS", "green"), REFUTED: ("FAIL", "red"), UNDECIDED: ("UNDECIDED", "yellow"),
    DISAGREES: ("DISAGREEMENT", "loud"),
}  # fmt: skip


def as_text(fixes: Fixes, look: Look) -> str:
    """What is refuted, by what each of it can be mended, and the minimal sets of repairs, cheapest first."""
    lines = wrapped(f"{fixes.path}: {count(len(fixes.wanted), 'finding')} to mend", "", "  ")
    lines += wrapped(", ".join(fixes.wanted) or "nothing", "  ")
    for name, by in fixes.needs:
        lines += wrapped(f"{name} needs one of: {', '.join(dict.fromkeys(one.entry for one in by))}", "  ", "    ")
    for name in fixes.stuck:
        no = f"no set of up to {count(fixes.size, 'change')} mends it"
        why = no if name in fixes.beyond else "no repair mends it, alone or with all others"
        lines += wrapped(f"{name}: {why}; the sets below leave it", "  ", "    ")
    for number, one in enumerate(fixes.sets, 1):
        lines += ["", *_set(number, one, look)]
    return "\n".join([*lines, "", *_ending(fixes, look)]) + "\n"


def code(fixes: Fixes) -> int:
    """0 where something mends everything or nothing is to be mended, 1 where no set does, 3 where that is not known or
    a finding was given up that some set might mend, 4 where the tool doubts itself."""
    if fixes.before.doubted:
        return DISAGREES
    if not fixes.wanted or (fixes.sets and not fixes.stuck):
        return PROVED
    if fixes.beyond:
        return REFUTED
    return UNDECIDED if fixes.untried or fixes.undecided or fixes.stuck else REFUTED


def _set(number: int, one: Mended, look: Look) -> Iterator[str]:
    yield look.paint(f"{number}. cost {one.cost}, {count(len(one.repairs), 'change')}", "bold")
    for repair in one.repairs:
        yield from wrapped(f"{repair.name}: {repair.title}", "   ", "     ")
        yield from wrapped("; ".join(edited(repair)), "     ", "       ") if look.verbose else ()
    if one.gone:
        said = f"no longer judged, for there is no such thing any more: {', '.join(one.gone)}"
        yield from wrapped(said, "   ", "     ")


def edited(repair: Repair) -> list[str]:
    """The values that a repair puts into the file."""
    from kexecspec.review.rewrite import flow

    return [f"{'.'.join(map(str, edit.path))}: {flow(edit.value)}" for edit in repair.edits]


def _ending(fixes: Fixes, look: Look) -> Iterator[str]:
    word, colour = _WORDS[code(fixes)]
    if not fixes.wanted:
        said = "nothing is refuted"
    else:
        sets = count(len(fixes.sets), "minimal set")
        most = f"up to {count(fixes.size, 'change')}"
        if fixes.untried or fixes.undecided:
            open_ones = f"{fixes.untried} not tried, {len(fixes.undecided)} undecided"
            said = f"{sets} of {most}; of other sets {open_ones} (--budget)"
        else:
            said = f"{sets} of {most}: there are no others"
        bear = f"{len(fixes.repairs)} of {len(fixes.repairs) + fixes.idle} repairs bear on it"
        said = f"{said}; {bear}, {count(fixes.judged, 'check')}"
    for line in wrapped(f"{word}  {said}", "", "  "):
        yield look.paint(line, "bold", colour)
    if fixes.sets:
        yield f"next: kexecspec fix {shell(fixes.path)}{look.laid()} --apply fixed.yaml"
