"""`--waivers`, `--baseline` and `--today`: what of a report does not count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import click

from kexecspec.diagnostics import Diagnostic, InputError, quote
from kexecspec.findings import Waiver
from kexecspec.report import Outcome

if TYPE_CHECKING:
    from kexecspec.library import Library


def excuses_of(
    waivers: tuple[str, ...], baseline: str | None, today: str | None, only: tuple[str, ...],
    specs: Library | None = None,
) -> Callable[[Outcome], Outcome]:
    """What turns an outcome into one with its excuses. Everything is read here, before anything is judged. `specs` has
    the properties that waivers may name.

    Raises click.UsageError for a day that is none, InputError with all that is wrong with the files.
    """
    from kexecspec.waivers.baseline import compare, read_baseline
    from kexecspec.waivers.excuse import excuse

    day = _day(today)
    said = _waivers(waivers, specs)
    before = None if baseline is None else read_baseline(baseline)

    def excused(outcome: Outcome) -> Outcome:
        if outcome.report is None:
            return outcome
        report = excuse(outcome.report, said, day, only)
        return replace(outcome, report=report if before is None else compare(report, before))

    return excused


def _day(today: str | None) -> date:
    if today is None:
        return date.today()
    try:
        return date.fromisoformat(today)
    except ValueError:
        raise click.UsageError(f"--today {quote(today)}: write a day such as 2027-03-31.") from None


def _waivers(paths: tuple[str, ...], specs: Library | None) -> tuple[Waiver, ...]:
    from kexecspec.library import library
    from kexecspec.waivers.read import of_file

    found: list[Waiver] = []
    wrong: list[Diagnostic] = []
    for path in paths:
        try:
            found += of_file(path, specs or library())
        except InputError as error:
            wrong += error.diagnostics
    if wrong:
        raise InputError(wrong)
    return tuple(found)
