"""The end of a report: what it stands on, the verdict, and the next command to type."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from kexecspec import exit_codes as codes
from kexecspec.findings import Report
from kexecspec.ir.verdict import Verdict
from kexecspec.platform.facts import Reliance
from kexecspec.report import outcome
from kexecspec.report.look import Look, count, shell, wrapped
from kexecspec.report.missing_text import sentence


def ledger(report: Report, look: Look) -> Iterator[str]:
    """Whether the verdicts are about anything, and what they assume, rely on and leave out: in full with
    `look.assumptions`, else in brief."""
    yield from _not_vacuous(report)
    if report.parts > 1:
        said = f"Judged in {report.parts} parts, each master with what it depends on, those that differ in names only"
        yield from wrapped(f"{said} once: a run shows the steps of its part", "  ", "    ")
    for assumption in report.assumptions:
        yield from _reliance("Assumed: ", assumption)
    resting = [doubt for finding in report.findings for doubt in finding.rests_on]
    bearing = [f"[{n}] {_named(r)}" for n, r in enumerate(report.reliances, 1) if r in resting]
    if bearing and not look.assumptions:
        yield from wrapped(f"Unverified: {'; '.join(bearing)} (--assumptions)", "  ", "    ")
    for number, reliance in enumerate(report.reliances if look.assumptions else (), 1):
        word = f"Unverified [{number}]" if reliance in resting else "Unverified, no verdict rests on it"
        yield from _reliance(f"{word}: ", reliance)
    for folder in look.specs:
        yield from wrapped(f"Laid over the library: {folder}", "  ", "    ")
    if look.policy is not None:
        yield from wrapped(f"Policy: {look.policy}, which says what is an error and what a note", "  ", "    ")
    yield from _left_out(report.not_modelled, look.assumptions)
    if report.met or report.unmet:
        yield f"  expect: {report.met} of {report.met + len(report.unmet)} met"


def certified(folder: str | None) -> list[str]:
    """Where the certificate is, if one was written, and how it is checked."""
    return [] if folder is None else [f"  Certificate: kexecspec verify-cert {shell(folder)}"]


def _not_vacuous(report: Report) -> list[str]:
    steps = [one.steps for one in report.taken if one.steps is not None]
    if not report.taken:
        return wrapped("No handoff is described: the verdicts are about one kernel only", "  ", "    ")
    if len(steps) < len(report.taken):
        return []
    if len(steps) == 1:
        return wrapped(f"Non-vacuous: the handoff can be taken (a run of {steps[0]} steps)", "  ", "    ")
    runs = f"{', '.join(map(str, steps[:-1]))} and {steps[-1]}"
    return wrapped(f"Non-vacuous: each of {len(steps)} handoffs can be taken (runs of {runs} steps)", "  ", "    ")


def never_taken(report: Report, look: Look) -> Iterator[str]:
    """The handoffs of the file that no run takes, or of which nobody knows: they make every verdict empty."""
    for one in report.taken:
        if one.verdict is Verdict.PROVED:
            continue
        place = f"{one.place.path}:{one.place.line}:{one.place.column}: " if one.place else ""
        said = "can never be taken" if one.verdict is Verdict.REFUTED else "is not known to be possible"
        word, colour = ("VACUOUS", "red") if one.verdict is Verdict.REFUTED else ("UNKNOWN", "yellow")
        because = f": {sentence(one.missing)}" if one.missing else ""
        for line in wrapped(f"{place}{word}: the handoff {one.name} {said}{because}", "", "  "):
            yield look.paint(line, colour)


def _reliance(word: str, reliance: Reliance) -> list[str]:
    why = f" ({reliance.why})" if reliance.why else ""
    return wrapped(f"{word}{_named(reliance)}{why}", "  ", "    ")


def _named(reliance: Reliance) -> str:
    """What is relied on, and of which part where it does not say so itself."""
    plain = not reliance.subject or reliance.subject in reliance.what
    return reliance.what if plain else f"{reliance.subject}: {reliance.what}"


def _left_out(topics: tuple[str, ...], whole: bool) -> Iterator[str]:
    if whole:
        for topic in topics:
            yield from wrapped(f"Not modelled: {topic}", "  ", "    ")
    elif topics:
        more = f" and {len(topics) - 1} more (--assumptions: all {len(topics)})" if len(topics) > 1 else ""
        yield from wrapped(f"Not modelled: {topics[0]}{more}", "  ", "    ")


def undecided(report: Report, look: Look) -> bool:
    """Whether the exit code will not be 0."""
    return outcome.exit_code(report, look.accept_bounded, look.strict_sources) != codes.PROVED


def last_lines(report: Report, traces: Mapping[str, str], look: Look) -> Iterator[str]:
    """The verdict in one line, and the command that leads on."""
    code = outcome.exit_code(report, look.accept_bounded, look.strict_sources)
    word, colour = _WORDS[code]
    for line in wrapped(f"{word}  {report.platform}: {tally(report, look)}", "", "  "):
        yield look.paint(line, "bold", colour)
    if look.verbose and report.recalled is not None:
        known, total = report.recalled.known, report.recalled.known + report.recalled.judged
        yield f"cache: {known} of {count(total, 'answer')} known from before, and checked again"
    yield f"next: {_next(report, traces, code, look.laid())}"


_WORDS = {
    codes.PROVED: ("PASS", "green"),
    codes.REFUTED: ("FAIL", "red"),
    codes.UNUSABLE: ("NOTHING TO JUDGE", "red"),
    codes.UNDECIDED: ("UNDECIDED", "yellow"),
    codes.DISAGREES: ("DISAGREEMENT", "loud"),
}


def verdict_line(report: Report, look: Look) -> str:
    """`FAIL, 3 refuted, 3 proved`."""
    word, _ = _WORDS[outcome.exit_code(report, look.accept_bounded, look.strict_sources)]
    return f"{word}, {tally(report, look)}"


def tally(report: Report, look: Look) -> str:
    """How many instances are refuted, proved...; with `look.strict_sources` how many rest on what nobody verified."""
    resting = outcome.instances(outcome.resting(report)) if look.strict_sources else 0
    return _tally(report) + (f", {count(resting, 'verdict')} on what nobody verified" if resting else "")


_EXCUSED = (("waiver", "waived"), ("baseline", "known from the baseline"))


def _tally(report: Report) -> str:
    errors = [f for f in outcome.counting(report) if f.verdict is not Verdict.NOT_JUDGED and f.severity == "error"]
    vacuous = outcome.instances(f for f in errors if f.vacuous)
    proved = outcome.instances(f for f in errors if f.verdict is Verdict.PROVED and not f.vacuous)
    refuted = outcome.instances(f for f in errors if f.verdict is Verdict.REFUTED)
    unknown = outcome.instances(f for f in errors if f.verdict is Verdict.UNKNOWN)
    every = outcome.instances(errors)
    notes = outcome.instances(f for f in outcome.judged(report) if f.severity != "error")
    if proved == every:
        said = [f"{proved} of {every} proved"] if errors else ["no error-severity finding was judged"]
    else:
        counts = ((refuted, "refuted"), (vacuous, "vacuous"), (unknown, "undecided"), (proved, "proved"))
        said = [f"{number} {word}" for number, word in counts if number]
    if notes:
        said.append(count(notes, "note"))
    how = [one.how for one in report.excused.values()]
    said += [f"{how.count(way)} {word}" for way, word in _EXCUSED if way in how]
    if report.faults:
        said.append(f"{count(len(report.faults), 'waiver')} to look at")
    if report.unmet:
        said.append(f"{count(len(report.unmet), 'expectation')} not met")
    never = sum(one.verdict is Verdict.REFUTED for one in report.taken)
    if never:
        said.append(f"{count(never, 'handoff')} never taken")
    return ", ".join(said)


def _next(report: Report, traces: Mapping[str, str], code: int, laid: str) -> str:
    path = f"{shell(report.path)}{laid}"
    refuted = [f for f in outcome.counting(report) if f.verdict is Verdict.REFUTED]
    refuted.sort(key=lambda f: f.severity != "error")
    for finding in refuted:
        if finding.property.id in traces:
            return f"kexecspec replay {shell(traces[finding.property.id])} --platform {path}"
    if code == codes.DISAGREES:
        return f"kexecspec check {path} --trace-dir traces"
    if refuted:
        return f"kexecspec check {path} --trace-dir traces"
    for finding in report.findings:
        if outcome.open_question(finding, False) and code == codes.UNDECIDED:
            return f"kexecspec check {path} --only {shlex.quote(finding.property.id)} --rlimit 4x"
    if code == codes.UNDECIDED:
        return f"kexecspec check {path} --assumptions"
    command = "list" if laid or code in (codes.REFUTED, codes.UNUSABLE) else "show survives"
    return f"kexecspec {command} {path}"
