"""Many platforms in one table: what is varied down, platforms and handoffs across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.findings import Finding, Report
from kexecspec.ir.verdict import Verdict
from kexecspec.review.judge import VACUOUS
from kexecspec.sweep.matrix import ADDED, PLATFORM, Combination

ANY = "any"
"""What the handoff of a property is called that is about none."""


@dataclass(frozen=True)
class Cell:
    """What one combination has for one handoff. `errors` for a combination that cannot be judged."""

    row: str
    column: str
    report: Report | None
    findings: tuple[Finding, ...]
    errors: tuple[Diagnostic, ...] = ()

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The refuted and the vacuous ones, notes apart."""
        return tuple(f for f in self.findings if f.severity == "error" and (f.verdict is Verdict.REFUTED or f.vacuous))

    @property
    def word(self) -> str:
        """PROVED, or the codes of what is not."""
        if self.report is None:
            return "INPUT ERROR"
        codes = dict.fromkeys(f"{f.property.code}{' ' + VACUOUS if f.vacuous else ''}" for f in self.failing)
        if codes:
            return " ".join(codes)
        judged = [f for f in self.findings if f.severity == "error" and f.verdict is not Verdict.NOT_JUDGED]
        if any(f.verdict is Verdict.UNKNOWN for f in judged):
            return Verdict.UNKNOWN.value
        return Verdict.PROVED.value if judged else "-"


@dataclass(frozen=True)
class Sheet:
    """A whole table; a cell that no combination has is not there."""

    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]


Judged = tuple[Combination, Report | InputError]


def sheet(name: str, judged: Sequence[Judged], axes: Sequence[str], across: Sequence[str]) -> Sheet:
    """The table of what was judged, with the axes `across` and the handoffs across and all others down."""
    cells: dict[tuple[str, str], Cell] = {}
    alone = _one_handoff([report for _, report in judged if isinstance(report, Report)])
    every = {axis: {dict(one.names).get(axis) for one, _ in judged} for axis in axes}
    for combination, report in judged:
        names = dict(combination.names)
        down = [axis for axis in axes if axis not in (*across, ADDED)]
        row = ", ".join(names[axis] for axis in down) or name
        column = ", ".join(names[axis] for axis in axes if axis in across and len(every[axis]) > 1)
        for cell in _cells(row, column, report, alone):
            taken = (cell.row, cell.column) in cells and ADDED in names
            added = replace(cell, row=f"{row}, {names[ADDED]}") if taken else cell
            cells[added.row, added.column] = added
    rows, columns = (tuple(dict.fromkeys(key[n] for key in cells)) for n in (0, 1))
    return Sheet(name, rows, columns, cells)


def across_of(axes: Sequence[str], wanted: Sequence[str], place: Span) -> tuple[str, ...]:
    """The axes that go across: those that are `wanted`, else the platforms, where anything is left to go down. Raises
    InputError for an axis that there is not."""
    unknown = [axis for axis in wanted if axis not in axes]
    if unknown:
        help_ = allowed_help(unknown[0], [axis for axis in axes if axis != ADDED], "there are")
        raise InputError([Diagnostic("KX002", f"unknown axis {quote(unknown[0])}", place, help=help_)])
    if wanted:
        return tuple(wanted)
    return (PLATFORM,) if len([axis for axis in axes if axis != ADDED]) > 1 else ()


def _one_handoff(reports: Sequence[Report]) -> bool:
    """Whether no platform has more than one, so that nobody has to be told which."""
    return all(len(report.taken) <= 1 for report in reports)


def _cells(row: str, column: str, report: Report | InputError, alone: bool) -> list[Cell]:
    if isinstance(report, InputError):
        return [Cell(row, column or "-", None, (), report.diagnostics)]
    if alone:
        name = column or next((f.property.handoff for f in report.findings if f.property.handoff), ANY)
        return [Cell(row, name, report, report.findings)]
    names = list(dict.fromkeys(f.property.handoff or ANY for f in report.findings))
    names.sort(key=lambda name: name == ANY)
    return [
        Cell(row, f"{column}: {name}" if column else name, report,
             tuple(f for f in report.findings if (f.property.handoff or ANY) == name))
        for name in names
    ]  # fmt: skip
