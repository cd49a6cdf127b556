"""A report as plain text, 78 columns: for terminals, mails and build logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kexecspec.diagnostics import WIDTH, escape
from kexecspec.findings import Finding, Report
from kexecspec.ir.verdict import Exhausted, Proof, Verdict
from kexecspec.report import ending, refuted
from kexecspec.report.excuse_text import excuse_text, fault_text
from kexecspec.report.look import Look, count, marks, wrapped
from kexecspec.report.missing_text import sentence
from kexecspec.report.outcome import Outcome, counting, disagrees, instances
from kexecspec.report.unmet_text import unmet_text

_COLOURS = {Verdict.PROVED: "green", Verdict.REFUTED: "red", Verdict.UNKNOWN: "yellow"}
SHOWN = 3
"""Instances that are like another one, named where there are more."""
_METHODS = {
    "states": "inductive, learnt",
    "all states": "all states seen",
    "PDR": "inductive, by PDR",
    "backwards": "inductive, found backwards",
}


def as_text(outcomes: Sequence[Outcome], look: Look) -> str:
    """Every report, one under the other. Errors of inputs are no part of it: they belong on stderr."""
    parts = [report_text(o.report, dict(o.traces), look, o.certificate) for o in outcomes if o.report is not None]
    return "\n".join(part for part in parts if part)


def report_text(report: Report, traces: dict[str, str], look: Look, certificate: str | None = None) -> str:
    """One report; empty with `look.quiet` where nothing fails. `traces` and `certificate` as in Outcome."""
    lines = list(_loud(report, look))
    if not look.quiet:
        lines += [*_heading(report), "", *_one_liners(report, look), *_not_judged(report, look)]
    shown, more = _runs(report, look)
    for finding in shown:
        lines += ["", *refuted.text(report, finding, look)]
    if more:
        lines += ["", f"{count(more, 'more run')}, of parts of other shapes (-v shows them)"]
    never = list(ending.never_taken(report, look))
    lines += ["", *never] if never else []
    lines += _unmet(report, look)
    lines += _faults(report, look)
    if not look.quiet:
        lines += ["", *ending.ledger(report, look), *ending.certified(certificate)]
    if not look.quiet or lines or ending.undecided(report, look):
        lines += ["", *ending.last_lines(report, traces, look)]
    return "\n".join(lines).lstrip("\n") + "\n" if lines else ""


def _runs(report: Report, look: Look) -> tuple[list[Finding], int]:
    """The findings whose runs are shown, and how many are left out: of a platform in parts one of each kind, unless
    `look.verbose`."""
    counted = report.findings if look.verbose else counting(report)
    found = [f for f in counted if f.verdict is Verdict.REFUTED or disagrees(f)]
    if report.parts == 1 or look.verbose:
        return found, 0
    kinds = {(f.property.code, f.property.handoff): f for f in reversed(found)}
    first = [f for f in found if kinds[f.property.code, f.property.handoff] is f or disagrees(f)]
    return first, len(found) - len(first)


def _loud(report: Report, look: Look) -> Iterator[str]:
    """What the tool holds against itself, before everything else."""
    if not report.objections and not any(disagrees(f) for f in report.findings):
        return
    loud = "THE TOOL DISAGREES WITH ITSELF. Believe no verdict below; please report it."
    yield look.paint(loud, "loud")
    for objection in report.objections:
        yield from wrapped(objection, "  ! ", "    ")
    said = " ".join(report.objections)
    for finding in report.findings:
        replay = finding.replay
        if disagrees(finding) and finding.property.id not in said and replay is not None:
            yield from wrapped(f"{finding.property.id}: replay {replay.outcome}: {replay.why}", "  ! ", "    ")
    yield ""


def _heading(report: Report) -> list[str]:
    facts = ", ".join(_counted(name, number) for name, number in report.summary.items() if number)
    return wrapped(f"{report.path}: {report.platform}: {facts or 'nothing'}", "", "  ")


def _counted(name: str, number: int) -> str:
    return f"{number} {name[:-1] if number == 1 and name.endswith('s') else name}"


def _one_liners(report: Report, look: Look) -> Iterator[str]:
    shown = [f for f in report.findings if f.verdict is not Verdict.NOT_JUDGED]
    width = min(36, max((len(escape(f.property.id)) for f in shown), default=0))
    numbers = {doubt: number for number, doubt in reversed([*enumerate(report.reliances, 1)])}
    for finding in shown:
        resting = marks(numbers[doubt] for doubt in finding.rests_on)
        yield from _one_liner(report, finding, resting, width, look)


def _one_liner(report: Report, finding: Finding, resting: str, width: int, look: Look) -> Iterator[str]:
    vacuous = finding.vacuous and finding.verdict is Verdict.PROVED
    word = "VACUOUS" if vacuous else finding.verdict.value
    start = f"  {escape(report.platform)}  {escape(finding.property.id).ljust(width)}  "
    painted = look.paint(word, "red" if vacuous else _COLOURS[finding.verdict])
    excuse = excuse_text(report, finding)
    said = f"{_how(finding)}{_because(report, finding)}{_alike(finding, look)}{f'; {excuse}' if excuse else ''}"
    how = escape(f"{said} {resting}".rstrip())
    if len(start) + 10 + len(how) <= WIDTH:
        yield (start + painted + " " * (10 - len(word)) + how).rstrip()
        return
    yield start + painted
    yield from wrapped(how, "      ")


def _how(finding: Finding) -> str:
    note = "note; " if finding.severity != "error" else ""
    match finding.verdict, finding.evidence:
        case Verdict.PROVED, Proof(method=method):
            if finding.vacuous:
                return note + (finding.why or "its premise can never happen")
            return note + _METHODS.get(method, method)
        case Verdict.REFUTED, _:
            return note + refuted.after(finding)
        case Verdict.UNKNOWN, Exhausted(reason=reason):
            if finding.bound is None:
                return note + reason
            return f"{note}no violation within {count(finding.bound, 'step')}, not a proof; {reason}"
        case _:
            return note + finding.why


def _alike(finding: Finding, look: Look) -> str:
    """The instances of which the same is true; a few of many unless `look.verbose`."""
    others = finding.alike if look.verbose else finding.alike[:SHOWN]
    more = len(finding.alike) - len(others)
    also = f" and {more} more" if more else ""
    return f"; the same of {', '.join(others)}{also}" if others else ""


def _because(report: Report, finding: Finding) -> str:
    """Why what a vacuous finding is about never happens; told once where several wait for the same."""
    if not finding.missing:
        return ""
    same = (f for f in report.findings if f.missing and f.missing[-1] == finding.missing[-1])
    first = next(same)
    return f": {sentence(finding.missing)}" if first is finding else f", as for {first.property.id}"


def _not_judged(report: Report, look: Look) -> Iterator[str]:
    silent = [f for f in report.findings if f.verdict is Verdict.NOT_JUDGED]
    if silent and not look.verbose:
        yield f"  {instances(silent)} not judged: the platform lacks what they are about (-v lists them)"
    for finding in silent if look.verbose else ():
        why = f": {finding.why}" if finding.why else ""
        yield from wrapped(f"{report.platform}  {finding.property.id}  NOT_JUDGED{why}", "  ", "      ")


def _faults(report: Report, look: Look) -> Iterable[str]:
    """What is wrong with waivers, and what a baseline knew that is gone."""
    lines: list[str] = []
    for fault in report.faults:
        place = fault.waiver.place
        lines += wrapped(f"{place.path}:{place.line}:{place.column}: {fault_text(fault)}", "", "  ")
    lines = [look.paint(line, "red") for line in lines]
    if report.gone and not look.quiet:
        lines += wrapped(f"Gone since the baseline: {', '.join(report.gone)}", "  ", "    ")
    return ["", *lines] if lines else ()


def _unmet(report: Report, look: Look) -> Iterable[str]:
    if not report.unmet:
        return ()
    lines = [""]
    for unmet in report.unmet:
        span = unmet.expectation.span
        place = f"{span.path}:{span.line}:{span.column}: " if span else ""
        lines += wrapped(f"{place}{unmet_text(unmet)}", "", "  ")
    return [look.paint(line, "red") for line in lines]
