"""A table as plain text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from kexecspec.diagnostics import WIDTH
from kexecspec.exit_codes import UNUSABLE, gravest
from kexecspec.ir.verdict import Verdict
from kexecspec.report import refuted
from kexecspec.report.as_json import finding_json
from kexecspec.report.look import Look, columns, count, wrapped
from kexecspec.report.outcome import exit_code
from kexecspec.review.table import Cell, Sheet

SCHEMA = "kexecspec/matrix/1"
_WIDEST = 20
_LEAST = 7


def as_text(sheet: Sheet, look: Look) -> str:
    """The table, then for each refuted cell how it comes to that; with `look.verbose` whole traces."""
    lines = [*_table(sheet), ""]
    for cell in _ordered(sheet):
        lines += _cell(cell, look)
    failing = [cell for cell in _ordered(sheet) if cell.failing]
    proved = sum(cell.word == Verdict.PROVED.value for cell in _ordered(sheet))
    lines += ["", f"{count(len(sheet.cells), 'cell')}: {proved} proved, {len(failing)} refuted or vacuous"]
    return "\n".join(lines) + "\n"


def as_json(sheet: Sheet) -> str:
    """One object; ASCII, keys in a fixed order."""
    made = {
        "schema": SCHEMA,
        "name": sheet.name,
        "rows": list(sheet.rows),
        "columns": list(sheet.columns),
        "cells": [_cell_json(cell) for cell in _ordered(sheet)],
    }
    return json.dumps(made, indent=2, ensure_ascii=True) + "\n"


def code(sheet: Sheet) -> int:
    """The gravest code of all platforms."""
    return gravest([UNUSABLE if cell.report is None else exit_code(cell.report) for cell in sheet.cells.values()])


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "row": cell.row,
        "column": cell.column,
        "says": cell.word,
        "findings": [finding_json(f, None) for f in cell.findings if f.verdict is not Verdict.NOT_JUDGED],
        "errors": [f"{d.span.path}:{d.span.line}:{d.span.column}: {d.code}: {d.message}" for d in cell.errors],
    }


def _ordered(sheet: Sheet) -> list[Cell]:
    keys = ((row, column) for row in sheet.rows for column in sheet.columns)
    return [sheet.cells[key] for key in keys if key in sheet.cells]


def _table(sheet: Sheet) -> Iterator[str]:
    """The table; where it is too wide, some columns at a time."""
    first = min(_WIDEST, max(map(len, sheet.rows), default=0))
    room = WIDTH - first - 2
    width = max(_LEAST, max((len(word) for cell in sheet.cells.values() for word in cell.word.split()), default=0))
    width = max(width, *(len(word) for name in sheet.columns for word in name.split()))
    fit = max(1, room // (width + 2))
    for start in range(0, len(sheet.columns), fit):
        if start:
            yield ""
        yield from _part(sheet, sheet.columns[start : start + fit], first, width)


def _part(sheet: Sheet, shown: Sequence[str], first: int, width: int) -> Iterator[str]:
    widths = [first, *(width for _ in shown)]
    rows = [("", *(name.replace(" ", "\n") for name in shown)), tuple("-" * one for one in widths)]
    for row in sheet.rows:
        cells = (sheet.cells.get((row, column)) for column in shown)
        rows.append((row, *("" if cell is None else cell.word.replace(" ", "\n") for cell in cells)))
    yield from columns(rows, widths, "")


def _cell(cell: Cell, look: Look) -> Iterator[str]:
    for diagnostic in cell.errors:
        at = f"{diagnostic.span.path}:{diagnostic.span.line}:{diagnostic.span.column}"
        yield from wrapped(f"{cell.row} / {cell.column}: {at}: {diagnostic.code}: {diagnostic.message}", "", "  ")
    for finding in cell.failing:
        harm = f", {finding.replay.harm}" if finding.replay is not None and finding.replay.harm else ""
        last = f"; at last, {finding.steps[-1].says or finding.steps[-1].rule}" if finding.steps else ""
        steps = f", {count(len(finding.steps), 'step')}" if finding.steps else ""
        said = f"{cell.row} / {cell.column}: {finding.property.id} {refuted.after(finding)}{steps}{harm}{last}"
        yield from wrapped(said, "", "  ")
        if look.verbose and cell.report is not None and finding.verdict is Verdict.REFUTED:
            yield from ("", *refuted.text(cell.report, finding, look), "")
