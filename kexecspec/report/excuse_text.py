"""Why a finding does not count, and what is wrong with a waiver, in words."""

from __future__ import annotations

from kexecspec.findings import Excused, Fault, Finding, Report
from kexecspec.report.outcome import excuses


def excuse_text(report: Report, finding: Finding) -> str:
    """`waived by NAME until 2027-03-31: reason`, or of how many of its instances that is so; nothing for none."""
    found = excuses(report, finding)
    every = 1 + len(finding.alike)
    said = "; ".join(dict.fromkeys(_one(one) for one in found))
    return f"for {len(found)} of {every}: {said}" if found and len(found) < every else said


def _one(one: Excused) -> str:
    if one.how == "baseline":
        return "known from the baseline"
    until = f" until {one.until.isoformat()}" if one.until else ""
    return f"waived by {one.by}{until}: {one.why}"


def fault_text(fault: Fault) -> str:
    """`expired waiver of KX102/bnxt@kexec (by NAME): why`."""
    return f"{fault.kind} waiver of {fault.waiver.finding} (by {fault.waiver.by}): {fault.says}"
