"""A refuted finding in full: where, what happens step by step, and what the executable model suffered."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.diagnostics import Diagnostic, Span, render
from kexecspec.findings import Finding, Harmed, Report, harm_of
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.report.diagram import diagram
from kexecspec.report.look import Look, count, escape_lines, value, wrapped
from kexecspec.report.steps import table


def text(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    """The lines about one refuted finding, or one whose replay did not confirm it."""
    yield from _headline(report, finding, look)
    harm = f", harm {harm_of(finding)}" if finding.verdict is Verdict.REFUTED else ""
    said = f"{finding.property.id} on {report.platform}: {finding.verdict.value} {after(finding)}{harm}"
    yield from wrapped(said, "  ", "    ")
    if finding.becomes:
        number = count(finding.becomes.handoffs, "handoff")
        yield from wrapped(f"becomes {finding.becomes.code} after {number}")
    if finding.decided_by:
        facts = ", ".join(f"{name} = {value(of)}" for name, of in finding.decided_by)
        yield from wrapped(f"decided by facts that the file leaves unknown: {facts}", "  ", "    ")
    if finding.steps:
        yield from ["", *wrapped(_about_trace(finding)), "", *_steps(report, finding, look)]
    yield from _replay(finding, look)


def _steps(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    yield from diagram(report, finding, look) if look.diagram else table(report, finding, look)


def after(finding: Finding) -> str:
    """`after 4 handoffs`, with the interval where the platform gives one."""
    if finding.handoffs_range and finding.handoffs_range[0] != finding.handoffs_range[1]:
        low, high = finding.handoffs_range
        return f"after {low} to {high} handoffs, by the platform's intervals"
    if finding.handoffs is not None:
        return f"after {count(finding.handoffs, 'handoff')}"
    return finding.why if finding.verdict is not Verdict.REFUTED else ""


def _headline(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    prop = finding.property
    place = prop.place
    span = Span(report.path)
    if place:
        span = Span(place.path, place.line, place.column, place.line, place.column + 1)
    message = prop.says or finding.why or "refuted"
    rendered = render(Diagnostic(prop.code, message, span), look.line_of(span) if place else None).split("\n")
    if finding.severity != "error":
        rendered[0] = rendered[0].replace(": error[", ": note[", 1)
    for line in wrapped(rendered[0], "", "    "):
        yield look.paint(line, "bold", "red" if finding.severity == "error" else "yellow")
    yield from rendered[1:]


def _about_trace(finding: Finding) -> str:
    evidence = finding.evidence
    shortest = isinstance(evidence, Counterexample) and evidence.shortest
    words = [f"Trace: {count(len(finding.steps), 'step')}", f"{count(finding.handoffs or 0, 'handoff')}"]
    words.append("shortest" if shortest else "fewer handoffs were not excluded")
    match finding.replay:
        case None:
            words.append("not replayed")
        case replay if replay.outcome == "CONFIRMED":
            words.append("replayed on the executable model: same result")
        case replay:
            words.append(f"replayed on the executable model: {replay.outcome}")
    return ", ".join(words)


def _replay(finding: Finding, look: Look) -> Iterator[str]:
    if finding.replay is not None:
        yield ""
        yield from replay_lines(finding.replay, look)


def replay_lines(replay: Harmed, look: Look) -> Iterator[str]:
    """What the executable model suffered, why that is not as expected, and its log."""
    harm = f" {replay.harm}" if replay.harm else ""
    where = f" in {replay.where}" if replay.where else ""
    style = "bold" if replay.outcome == "CONFIRMED" else "loud"
    for line in wrapped(f"Replay: {replay.outcome}{harm}{where}", "  ", "    "):
        yield look.paint(line, style)
    if replay.why:
        yield from wrapped(replay.why, "    ")
    yield from log_lines(replay.log, look.verbose)


def log_lines(log: tuple[str, ...], whole: bool, last: int = 12) -> Iterator[str]:
    """The kernel log of a replay: its last lines, or all. People search for them: none is folded."""
    shown = log if whole or len(log) <= last + 2 else log[-last:]
    if not shown:
        return
    part_of = "" if len(shown) == len(log) else f", the last {last} of {len(log)} lines (-v: all)"
    yield f"  Kernel log{part_of}:"
    for line in shown:
        yield from (f"    {part}" for part in escape_lines(line))
