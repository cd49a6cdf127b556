"""An audit as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kexecspec.audit.audit import Audit
from kexecspec.audit.rows import SAID, STANDINGS, Standing, said
from kexecspec.audit.tables import Group, by_board, by_driver, by_subsystem, open_facts, reasons, totals, worst
from kexecspec.diagnostics import escape
from kexecspec.report.look import columns, wrapped

_SHORT: dict[Standing, str] = {
    "error": "refuted", "open": "unknown", "note": "note", "proved": "proved", "not judged": "-"
}  # fmt: skip
_MOST = 40


def text(audit: Audit, whole: bool = False) -> str:
    """All of it in lines of 78 columns; of long tables the head, unless the `whole` is wanted."""
    return "\n".join((*_head(audit), *_totals(audit), *_worst(audit), *_tables(audit, whole), *_open(audit)))


def _head(audit: Audit) -> Iterator[str]:
    yield f"Linux {escape(audit.kernel)}: {audit.boards} boards, {audit.with_masters} with masters behind an IOMMU"
    yield f"({audit.masters} masters); {audit.asked} questions, {audit.solved} of them different"
    for note in audit.notes:
        yield from wrapped(note, "  ", "  ")


def _totals(audit: Audit) -> Iterator[str]:
    yield ""
    yield "  " + f"{'':16}" + "".join(f"{_SHORT[s] if s != 'not judged' else 'not judged':>11}" for s in STANDINGS)
    for name, counts in totals(audit.rows).items():
        shown = "not asked" if name == "-" else name
        yield f"  {shown:16}" + "".join(f"{counts[s] or '.':>11}" for s in STANDINGS)
    yield ""
    for standing in STANDINGS:
        short = _SHORT[standing] if standing != "not judged" else standing
        yield from wrapped(f"{short}: {SAID[standing]}", "  ", "    ")


def _worst(audit: Audit) -> Iterator[str]:
    found = worst(audit.rows)
    yield ""
    if not found:
        yield "No driver is refuted."
        return
    yield "Refuted most often:"
    for number, group in enumerate(found, 1):
        where = ", ".join(f"{count} on {handoff}" for handoff, count in group.handoffs)
        yield from wrapped(f"{number}. {group.name}: {where}; {_many(group)}", "  ", "     ")
        yield f"     {escape(group.place)}"


def _many(group: Group) -> str:
    boards = f"{group.boards} board{'' if group.boards == 1 else 's'}"
    return f"{group.subjects} device{'' if group.subjects == 1 else 's'} of {boards}"


def _tables(audit: Audit, whole: bool) -> Iterator[str]:
    tables = (
        ("By subsystem", by_subsystem(audit.rows)),
        ("By driver", by_driver(audit.rows)),
        ("By board", by_board(audit.rows)),
    )
    for title, groups in tables:
        shown = groups if whole else _head_of(groups)
        yield ""
        yield f"{title} (rows; each kind of handoff is one):"
        head = (title.split()[-1], *(_SHORT[s] for s in STANDINGS))
        cells = [(g.name, *(str(g.count(s) or ".").rjust(7) for s in STANDINGS)) for g in shown]
        yield from columns([(head[0], *(word.rjust(7) for word in head[1:])), *cells], (31, 7, 7, 7, 7, 7))
        if len(shown) < len(groups):
            yield f"  and {len(groups) - len(shown)} more (--whole, or another --format)"


def _head_of(groups: Sequence[Group]) -> Sequence[Group]:
    telling = [g for g in groups if g.count("error") or g.count("open") or g.count("note")]
    return telling[:_MOST]


def _open(audit: Audit) -> Iterator[str]:
    for title, counts in (("Unknown facts that verdicts hang on", open_facts(audit.rows)),
                          ("Not judged", reasons(audit.rows))):  # fmt: skip
        if counts:
            yield ""
            yield f"{title}:"
            for name, count in counts[:_MOST]:
                yield from wrapped(f"{count:6}  {said(name)}", "  ", "          ")
