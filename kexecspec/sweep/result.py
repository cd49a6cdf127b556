"""What became of one combination: an answer, which equal systems share, and a row with its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.diagnostics import Diagnostic
from kexecspec.exit_codes import UNDECIDED, UNUSABLE
from kexecspec.findings import Finding, Report, ids
from kexecspec.ir.verdict import Verdict
from kexecspec.report.outcome import exit_code, instances
from kexecspec.sweep.matrix import Names

JUDGED, INPUT_ERROR, UNANSWERED = "JUDGED", "INPUT_ERROR", "UNANSWERED"
VERDICTS = tuple(verdict.value for verdict in Verdict)


@dataclass(frozen=True)
class Refuted:
    """A refuted property: after how many handoffs, and the harm that the executable model suffered."""

    finding: str
    handoffs: int | None
    harm: str | None
    severity: str


@dataclass(frozen=True)
class Told:
    """One diagnostic of an input that could not be judged."""

    code: str
    message: str
    path: str
    line: int
    column: int
    help: str | None


@dataclass(frozen=True)
class Answer:
    """JUDGED with a report's verdicts; INPUT_ERROR with what is wrong; or UNANSWERED, `why` saying what happened: the
    solver was stopped or died, or the tool has a defect. Only the first is not asked for again."""

    outcome: str
    exit: int
    verdict: str
    counts: Mapping[str, int]
    refuted: tuple[Refuted, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    vacuous: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    errors: tuple[Told, ...] = ()
    why: str | None = None


@dataclass(frozen=True)
class Row:
    """A combination and its answer. `solved` is false where the answer is that of an equal system."""

    number: int
    names: Names
    id: str
    system: str | None
    answer: Answer
    seconds: float
    solved: bool


def same(one: Row, other: Row) -> bool:
    """Whether two rows say the same, however long it took and whoever was asked."""
    return replace(one, seconds=0.0, solved=True) == replace(other, seconds=0.0, solved=True)


def of_report(report: Report) -> Answer:
    """The answer that a report comes to."""
    found = report.findings
    return Answer(
        JUDGED,
        exit_code(report),
        report.verdict.value,
        {verdict: instances(f for f in found if f.verdict.value == verdict) for verdict in VERDICTS},
        tuple(_refuted(f, name) for f in found if f.verdict is Verdict.REFUTED for name in ids(f)),
        tuple((name, f.why) for f in found if f.verdict is Verdict.UNKNOWN for name in ids(f)),
        tuple(name for f in found if f.vacuous for name in ids(f)),
        tuple(one.name for one in report.taken if one.verdict is not Verdict.PROVED),
        report.objections,
    )


def of_errors(errors: Sequence[Diagnostic]) -> Answer:
    """The answer about an input that cannot be judged."""
    told = tuple(Told(d.code, d.message, d.span.path, d.span.line, d.span.column, d.help) for d in errors)
    return Answer(INPUT_ERROR, UNUSABLE, INPUT_ERROR, dict.fromkeys(VERDICTS, 0), errors=told)


def unanswered(why: str, code: int = UNDECIDED) -> Answer:
    """No answer, and why."""
    return Answer(UNANSWERED, code, Verdict.UNKNOWN.value, dict.fromkeys(VERDICTS, 0), why=why)


def _refuted(finding: Finding, name: str) -> Refuted:
    harm = finding.replay.harm if finding.replay is not None else None
    return Refuted(name, finding.handoffs, harm, finding.severity)
