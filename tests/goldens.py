"""What `make bless` writes and the tests compare: an .expect file beside each example, and README's generated parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kexecspec.check import check
from kexecspec.findings import Report
from kexecspec.ir.verdict import Verdict
from kexecspec.options import Options
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.report.outcome import exit_code, instances

ROOT = Path(__file__).resolve().parent.parent
STORIES = tuple(sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "examples").glob("*/*.yaml")))
VACUOUS = tuple(sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "tests" / "vacuous").glob("*.yaml")))
README = ROOT / "README.md"
TABLE_HEAD = ("| story | verdict | refuted (handoffs, harm on replay) | proved |", "|---|---|---|---|")
MARKS = "<!-- stories: written by make bless -->", "<!-- end of stories -->"


@dataclass(frozen=True)
class Golden:
    """What checking one example says, and the report behind it."""

    text: str
    report: Report


def golden(story: str) -> Golden:
    """The text that `kexecspec check STORY` prints off a terminal, after its exit code."""
    report = check(story, Options())
    text = REPORTERS["text"]([Outcome(story, report)], Look(False, False, False, False, False, lambda span: None))
    return Golden(f"exit {exit_code(report, False)}\n{text.rstrip()}\n", report)


def expect_file(story: str) -> Path:
    """Where the golden of `story` is kept."""
    return (ROOT / story).with_suffix(".expect")


def story_row(story: str, report: Report) -> str:
    """A line of README's table of stories."""
    refuted = [f for f in report.findings if f.verdict is Verdict.REFUTED]
    folder, name = story.split("/")[1:]
    said = ", ".join(dict.fromkeys(_short(f.property.code, f.handoffs, f.severity, f.replay) for f in refuted))
    proved = instances(f for f in report.findings if f.verdict is Verdict.PROVED and f.severity == "error")
    return f"| {folder}/{name.removesuffix('.yaml')} | {report.verdict.value} | {said or '-'} | {proved} |"


def story_table(reports: dict[str, Report]) -> str:
    """README's table of all stories."""
    return "\n".join([*TABLE_HEAD, *(story_row(story, reports[story]) for story in STORIES)])


def with_table(readme: str, table: str) -> str:
    """`readme` with the part between the marks of the story table replaced."""
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    return pattern.sub(f"{MARKS[0]}\n{table}\n{MARKS[1]}", readme)


def table_in(readme: str) -> tuple[str, ...]:
    """The lines between the marks of the story table, which stand there once."""
    (between,) = (part.split(MARKS[1])[0] for part in readme.split(MARKS[0])[1:])
    return tuple(between.strip("\n").split("\n"))


def _short(code: str, handoffs: int | None, severity: str, replay: object) -> str:
    harm = getattr(replay, "harm", None)
    note = ", note" if severity == "note" else ""
    return f"{code} ({handoffs}, {harm}{note})"
