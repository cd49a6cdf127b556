"""An audit as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kexecspec.audit.audit import Audit
from kexecspec.audit.page_parts import SCRIPT, STYLE
from kexecspec.audit.plot import bars, escape
from kexecspec.audit.rows import SAID, STANDINGS, Row, Standing, said
from kexecspec.audit.tables import Group, by_board, by_driver, by_subsystem, open_facts, reasons, totals, worst

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"
_WORDS: dict[Standing, str] = {
    "error": "refuted", "open": "unknown", "note": "note", "proved": "proved", "not judged": "not judged"
}  # fmt: skip
Cell = str | int | tuple[str, str]
"""What a cell shows: a text, a number, or a text with its class."""


def page(audit: Audit) -> str:
    """The page."""
    title = f"Handoffs of Linux {audit.kernel} on {audit.boards} boards"
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            f"<h1>{escape(title)}</h1>",
            *_head(audit), *_totals(audit), *_worst(audit), *_plots(audit), *_groups(audit), *_findings(audit),
            *_boards(audit), *_open(audit),
            f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        )
    )  # fmt: skip


def _head(audit: Audit) -> Iterator[str]:
    yield (
        f'<p class="lead">{audit.with_masters} of {audit.boards} boards name {audit.masters} masters behind an IOMMU. '
        f"{audit.asked} questions came to {audit.solved} different ones; each of these was answered once.</p>"
    )
    if audit.notes:
        yield f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in audit.notes)}</ul>"
    items = (f'<dt><span class="chip s-{s}">{_WORDS[s]}</span></dt><dd>{escape(SAID[s])}</dd>' for s in STANDINGS)
    yield f'<dl class="legend">{"".join(items)}</dl>'


def _totals(audit: Audit) -> Iterator[str]:
    rows: list[Sequence[Cell]] = [
        ("not asked" if name == "-" else name, *(counts[s] for s in STANDINGS))
        for name, counts in totals(audit.rows).items()
    ]
    yield "<h2>Totals</h2>"
    yield table(("property and handoff", *(_WORDS[s] for s in STANDINGS)), rows)


def _worst(audit: Audit) -> Iterator[str]:
    yield "<h2>Refuted most often</h2>"
    rows: list[Sequence[Cell]] = [
        (g.name, ", ".join(f"{count} on {kind}" for kind, count in g.handoffs), g.subjects, g.boards, (g.place, "code"))
        for g in worst(audit.rows)
    ]
    none = "<p>No driver is refuted.</p>"
    yield table(("driver", "refuted", "devices", "boards", "where"), rows) if rows else none


def _plots(audit: Audit) -> Iterator[str]:
    yield "<h2>By subsystem</h2>"
    yield f'<div class="wide">{bars(by_subsystem(audit.rows)[:30], "Verdicts by subsystem")}</div>'


def _groups(audit: Audit) -> Iterator[str]:
    for title, groups in (("subsystem", by_subsystem(audit.rows)), ("driver", by_driver(audit.rows))):
        yield "<h2>By driver</h2>" if title == "driver" else ""
        yield table((title, *(_WORDS[s] for s in STANDINGS), "devices", "boards", "where"), map(_group, groups))


def _group(group: Group) -> Sequence[Cell]:
    counts = (group.count(s) for s in STANDINGS)
    return (group.name, *counts, group.subjects, group.boards, (group.place, "code"))


def _findings(audit: Audit) -> Iterator[str]:
    """Rows that were answered by one question, as one line."""
    known: dict[tuple[str, ...], list[Row]] = {}
    for row in audit.rows:
        if row.standing != "not judged":
            key = (row.standing, row.subject.driver, row.found.code, row.found.handoff, row.same)
            known.setdefault(key, []).append(row)
    rank = {s: n for n, s in enumerate(STANDINGS)}
    ranked = sorted(known.values(), key=lambda rows: (rank[rows[0].standing], -len(rows), rows[0].subject.driver))
    yield f"<h2>Findings</h2><p>{len(ranked)} in all: a line for all masters that differ in names only.</p>"
    yield '<p class="filter"><label>Show only what has <input type="search" data-filter="findings"></label></p>'
    head = ("driver", "handoff", "property", "answer", "hangs on", "devices", "boards", "where", "why")
    yield table(head, map(_finding, ranked), "findings")


def _finding(rows: Sequence[Row]) -> Sequence[Cell]:
    subject, found = rows[0].subject, rows[0].found
    return (
        subject.driver, found.handoff, found.code, (_WORDS[rows[0].standing], f"chip s-{rows[0].standing}"),
        "; ".join(map(said, found.open)), len(rows), len({row.subject.board for row in rows}),
        (subject.driver_place, "code"), found.why,
    )  # fmt: skip


def _boards(audit: Audit) -> Iterator[str]:
    yield "<h2>By board</h2>"
    yield '<p class="filter"><label>Show only what has <input type="search" data-filter="boards"></label></p>'
    every: dict[str, list[Row]] = {}
    for row in audit.rows:
        every.setdefault(row.subject.board, []).append(row)
    groups = by_board(audit.rows)
    head = ("board", *(_WORDS[s] for s in STANDINGS), "devices")
    cells: list[Sequence[Cell]] = [(g.name, *(g.count(s) for s in STANDINGS), g.subjects) for g in groups]
    yield table(head, cells, "boards", [_devices(every[g.name]) for g in groups])


def _devices(rows: Sequence[Row]) -> str:
    """What is refuted, unknown or a note on a board, device by device, to be unfolded."""
    telling = [row for row in rows if row.standing in ("error", "open", "note")]
    lines = (
        f'<li><span class="chip s-{r.standing}">{_WORDS[r.standing]}</span> {escape(r.found.handoff)}: '
        f"{escape(r.subject.name)} ({escape(r.subject.driver)}{escape(_behind(r))})</li>"
        for r in telling
    )
    if not telling:
        return ""
    return f"<details><summary>{len(telling)} to look at</summary><ul>{''.join(lines)}</ul></details>"


def _behind(row: Row) -> str:
    return f", behind {row.subject.smmu}" if row.subject.smmu else ""


def _open(audit: Audit) -> Iterator[str]:
    for title, head, counts in (
        ("Unknown facts that verdicts hang on", "fact", open_facts(audit.rows)),
        ("Not judged", "why", reasons(audit.rows)),
    ):
        if counts:
            yield f"<h2>{title}</h2>"
            yield table((head, "rows"), [(said(name), count) for name, count in counts])


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], name: str = "", below: Sequence[str] = ()) -> str:
    """A table that can be sorted by each column. `below` is put into the first cell of each row, and is HTML."""
    every = list(rows)
    numeric = [isinstance(cell, int) for cell in every[0]] if every else [False] * len(head)
    heads = "".join(_head_cell(one, right) for one, right in zip(head, numeric, strict=True))
    lines = []
    for number, row in enumerate(every):
        more = below[number] if below else ""
        cells = [_cell(cell, more if column == 0 else "") for column, cell in enumerate(row)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    named = f' id="{escape(name)}"' if name else ""
    body = "\n".join(lines)
    return f'<div class="wide"><table{named}><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _head_cell(name: str, right: bool) -> str:
    kind = ' class="number"' if right else ""
    return f'<th scope="col"{kind}><button type="button">{escape(name)}</button></th>'


def _cell(cell: Cell, more: str) -> str:
    match cell:
        case int():
            return f'<td class="number{"" if cell else " zero"}">{cell}{more}</td>'
        case (str(text), str(kind)):
            return f'<td><span class="{escape(kind)}">{_breakable(text)}</span>{more}</td>' if text else "<td></td>"
    return f"<td>{_breakable(str(cell))}{more}</td>"


def _breakable(text: str) -> str:
    """Long paths may break behind a slash."""
    return escape(text).replace("/", "/<wbr>")
