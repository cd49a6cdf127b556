"""What became of one file, and the exit code that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kexecspec.diagnostics import Diagnostic
from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED, UNDECIDED, UNUSABLE
from kexecspec.findings import Excused, Finding, Report, ids
from kexecspec.ir.verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """One file: its report, or why there is none. `traces` names the trace files written, by finding; `certificate` is
    the folder of the certificate that was written. `unwritten`: some of what was asked for could not be written."""

    path: str
    report: Report | None
    errors: tuple[Diagnostic, ...] = ()
    traces: tuple[tuple[str, str], ...] = ()
    certificate: str | None = None
    unwritten: bool = False


def disagrees(finding: Finding) -> bool:
    """Whether the executable model did not suffer what the trace says."""
    return finding.replay is not None and finding.replay.outcome in ("HARMLESS", "DIVERGED")


def judged(report: Report) -> tuple[Finding, ...]:
    """The findings that have an answer."""
    return tuple(f for f in report.findings if f.verdict is not Verdict.NOT_JUDGED)


def instances(findings: Iterable[Finding]) -> int:
    """How many property instances `findings` are about, those that are like others with them."""
    return sum(1 + len(finding.alike) for finding in findings)


def excuses(report: Report, finding: Finding) -> tuple[Excused, ...]:
    """Why instances of the finding do not count."""
    if not report.excused:
        return ()
    return tuple(report.excused[name] for name in ids(finding) if name in report.excused)


def is_excused(report: Report, finding: Finding) -> bool:
    """Whether the finding does not count: all instances that it stands for are excused, and the tool believes it."""
    return not disagrees(finding) and len(excuses(report, finding)) == 1 + len(finding.alike)


def counting(report: Report) -> tuple[Finding, ...]:
    """The findings that nothing excuses."""
    return tuple(f for f in report.findings if not report.excused or not is_excused(report, f))


def failing(finding: Finding) -> bool:
    """Whether the finding alone makes a check exit 1: an error that is refuted, or proved of nothing."""
    return finding.severity == "error" and (finding.verdict is Verdict.REFUTED or finding.vacuous)


def open_question(finding: Finding, accept_bounded: bool) -> bool:
    """Whether the finding alone makes a check exit 3."""
    if finding.severity != "error" or finding.verdict is not Verdict.UNKNOWN:
        return False
    return not (accept_bounded and finding.bound is not None)


def resting(report: Report) -> tuple[Finding, ...]:
    """The findings that would be errors and rest on what nobody has verified."""
    return tuple(f for f in report.findings if f.severity == "error" and f.rests_on)


def exit_code(report: Report, accept_bounded: bool = False, strict_sources: bool = False) -> int:
    """0, 1, 2, 3 or 4 for one report; a met `expect` never changes it, an unmet one means 1. A handoff that is never
    taken is as bad as a vacuous proof, and so is a waiver that is over, unused or too broad; what is excused does not
    count. `strict_sources`: 3 for what would be 0 where a verdict rests on what nobody has
    verified."""
    if report.objections or any(disagrees(f) for f in report.findings):
        return DISAGREES
    if not judged(report):
        return UNUSABLE
    never = [one.verdict for one in report.taken if one.verdict is not Verdict.PROVED]
    counted = counting(report)
    if report.unmet or report.faults or any(failing(f) for f in counted) or Verdict.REFUTED in never:
        return REFUTED
    if never or any(open_question(f, accept_bounded) for f in counted):
        return UNDECIDED
    return UNDECIDED if strict_sources and resting(report) else PROVED


def expectations_code(report: Report) -> int:
    """As `exit_code`, for `kexecspec test`: only the file's expectations count, and the tool's own doubts."""
    if report.objections or any(disagrees(f) for f in report.findings):
        return DISAGREES
    return REFUTED if report.unmet else PROVED
