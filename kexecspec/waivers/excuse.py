"""Which findings do not count, and what is wrong with the waivers that say so. The day is an input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from kexecspec import expectations
from kexecspec.findings import Excused, Fault, Finding, Report, Waiver, ids
from kexecspec.ir.verdict import Verdict


def excuse(report: Report, waivers: Iterable[Waiver], today: date, only: tuple[str, ...] = ()) -> Report:
    """`report` with what its own waivers and those of `waivers` that are about its platform excuse as of `today`.

    A waiver counts if it is not over and fits exactly one instance that fails; else it hides nothing and is a fault.
    With `only`, one that fits nothing of what was judged is left alone.
    """
    about = (*report.waivers, *(waiver for waiver in waivers if waiver.platform == report.platform))
    excused: dict[str, Excused] = dict(report.excused)
    faults: list[Fault] = list(report.faults)
    for waiver in about:
        fitting = _fitting(report.findings, waiver)
        failing = [name for finding, name in fitting if _fails(finding)]
        fault = _fault(report, waiver, fitting, failing, today, only)
        if fault is not None:
            faults.append(fault)
        elif failing:
            name = failing[0]
            excused[name] = Excused(name, "waiver", waiver.reason, waiver.by, waiver.until, waiver.place)
    return replace(report, excused=excused, faults=tuple(faults))


def _fitting(findings: Sequence[Finding], waiver: Waiver) -> list[tuple[Finding, str]]:
    """The instances that a waiver names, one by one, each with the finding that speaks for it."""
    return [
        (finding, name)
        for finding in findings
        if expectations.fits(finding, waiver.finding)
        for name in ids(finding)
        if _names(waiver.finding, name)
    ]


def _names(pattern: str, name: str) -> bool:
    rest, _, handoff = pattern.partition("@")
    found, _, at = name.partition("@")
    return (rest == found or ("/" not in rest and found.startswith(f"{rest}/"))) and handoff in ("", at)


def _fails(finding: Finding) -> bool:
    return finding.severity == "error" and (finding.vacuous or finding.verdict in (Verdict.REFUTED, Verdict.UNKNOWN))


def _fault(
    report: Report, waiver: Waiver, fitting: Sequence[tuple[Finding, str]], failing: Sequence[str], today: date,
    only: tuple[str, ...],
) -> Fault | None:  # fmt: skip
    if not failing:
        if not fitting and only:
            return None
        return Fault("unused", waiver, _unused(fitting))
    if len(failing) > 1:
        some = ", ".join(failing[:4]) + (f" and {len(failing) - 4} more" if len(failing) > 4 else "")
        return Fault("too broad", waiver, f"it fits {len(failing)} that fail: {some}; name one")
    if waiver.until is not None and today > waiver.until:
        return Fault("expired", waiver, f"it was good until {waiver.until.isoformat()}, and {failing[0]} still fails")
    if waiver.fixed_by is not None and report.features and all(waiver.fixed_by in f for f in report.features.values()):
        return Fault("expired", waiver, f"every kernel has {waiver.fixed_by}, and {failing[0]} still fails")
    return None


def _unused(fitting: Sequence[tuple[Finding, str]]) -> str:
    if not fitting:
        return "the platform has no such finding"
    finding, name = fitting[0]
    more = f", and so are {len(fitting) - 1} more" if len(fitting) > 1 else ""
    note = " (a note)" if finding.severity != "error" else ""
    return f"{name} is {finding.verdict.value}{note}{more}; remove it"
