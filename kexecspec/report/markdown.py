"""Markdown, for the comment on a change: CommonMark with GitHub's tables, and no HTML in it.

Names stand in code spans, and so does whatever might call somebody: there neither `@` nor `#` means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kexecspec.diagnostics import escape
from kexecspec.findings import Finding, Report, StepShown
from kexecspec.report import ending
from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.look import Look, count
from kexecspec.report.outcome import Outcome, instances
from kexecspec.report.steps import changes
from kexecspec.report.visible import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&:=$^])")
_CALLS = re.compile(r"[@#]|www\.|://")
LISTED = 200
"""No more rows than this in the table of a file; a line below says how many are left out. Failures come first."""
SHOWN = 20
"""So many traces of a file are shown."""
_ASIDE = {Level.NOTE: " (note)", Level.EXCUSED: " (excused)"}
_UNDRAWN = (Level.EXCUSED, Level.PASSED)
_ORDER = (Level.BROKEN, Level.ERROR, Level.OPEN, Level.NOTE, Level.EXCUSED, Level.PASSED)


def as_markdown(outcomes: Sequence[Outcome], look: Look) -> str:
    """One section for each file."""
    lines: list[str] = []
    for outcome in outcomes:
        found = entries([outcome], look)
        lines += _file(outcome, found, look) if outcome.report else _wrong(outcome, found)
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    shown = " ".join(escape(text).split())
    return code(shown) if _CALLS.search(shown) else _SPECIAL.sub(r"\\\1", shown)


def code(text: str) -> str:
    """`text` as a code span that fits into the cell of a table."""
    shown = " ".join(escape(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
    space = " " if "`" in shown else ""
    return f"{fence}{space}{shown.replace('|', chr(92) + '|')}{space}{fence}" if shown else ""


def block(lines: Sequence[str]) -> list[str]:
    """Lines as a code block that none of them can end."""
    shown = [escape(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown, fence, ""]


def _wrong(outcome: Outcome, found: Sequence[Entry]) -> Iterator[str]:
    yield from [f"## {code(outcome.path)}: not judged", ""]
    for entry in found:
        place = entry.place
        yield f"- {code(f'{entry.file}:{place.line}:{place.column}')} **{entry.rule}** {plain(entry.says)}"
    yield ""


def _file(outcome: Outcome, found: Sequence[Entry], look: Look) -> Iterator[str]:
    report = outcome.report
    if report is None:
        return
    yield from [f"## {code(report.platform)}: {ending.verdict_line(report, look)}", ""]
    rows = sorted((e for e in found if e.level in _ORDER), key=lambda entry: _ORDER.index(entry.level))
    yield from ["| verdict | finding | what | where |", "|---|---|---|---|"]
    for entry in rows[:LISTED]:
        where = code(f"{entry.file}:{entry.place.line}")
        yield f"| {_verdict(entry)} | {code(entry.name)} | {plain(entry.says)} | {where} |"
    yield ""
    if len(rows) > LISTED:
        yield from [f"{len(rows) - LISTED} more are left out.", ""]
    silent = instances(e.finding for e in found if e.level is Level.SKIPPED and e.finding)
    if silent:
        yield from [f"{silent} not judged: the platform lacks what they are about.", ""]
    traces = [entry for entry in rows if entry.finding and entry.finding.steps and entry.level not in _UNDRAWN]
    for entry in traces[:SHOWN]:
        if entry.finding is not None:
            yield from _trace(report, entry, entry.finding, look)
    if len(traces) > SHOWN:
        yield from [f"The traces of {len(traces) - SHOWN} more are left out.", ""]
    yield from _stands_on(report)


def _verdict(entry: Entry) -> str:
    word = entry.word.replace("_", " ")
    return f"**{word}**" if entry.failed else f"{word}{_ASIDE.get(entry.level, '')}"


def _trace(report: Report, entry: Entry, finding: Finding, look: Look) -> Iterator[str]:
    yield from [f"### {code(entry.name)}", "", plain(entry.says), ""]
    known = look.explain(entry.rule)
    if known is not None and known.fix:
        yield from [f"What usually helps: {plain(known.fix)}", ""]
    jumps = frozenset(rule.name for rule in report.rules if rule.handoff)
    yield from ["| step | kernel | actor | what happens | what changes |", "|---|---|---|---|---|"]
    for step in visible(finding):
        if isinstance(step, str):
            yield f"| | | | {plain(step)} | |"
        else:
            yield _step(report, step, step.rule in jumps)
    yield ""
    replay = finding.replay
    if replay is not None:
        harm = f" {replay.harm}" if replay.harm else ""
        where = f" in {plain(replay.where)}" if replay.where else ""
        why = f" {plain(replay.why)}." if replay.why else ""
        yield from [f"On the executable model: **{replay.outcome}**{harm}{where}.{why}", ""]
        yield from block(replay.log) if replay.log else ()


def _step(report: Report, step: StepShown, handoff: bool) -> str:
    what = ", ".join(code(change) for change in changes(report, step, handoff))
    return f"| {step.number} | {step.generation} | {plain(step.actor)} | {plain(step.says or step.rule)} | {what} |"


def _stands_on(report: Report) -> Iterator[str]:
    """What the verdicts take for granted: as loud here as in the text."""
    for assumption in report.assumptions:
        yield f"- Assumed: {plain(assumption.what)}"
    if report.not_modelled:
        yield f"- Not modelled: {plain('; '.join(report.not_modelled))}"
    yield f"- {count(len(report.reliances), 'fact')} of the library that nobody has verified; see `--assumptions`"
    yield ""
