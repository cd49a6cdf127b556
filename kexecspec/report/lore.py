"""A plain mail to a list: at most 72 columns, everything that is needed inside, nothing to click."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kexecspec import __version__
from kexecspec.diagnostics import Span, escape
from kexecspec.findings import Finding, Report, StepShown, harm_of
from kexecspec.ir.verdict import Verdict
from kexecspec.report import ending, entries
from kexecspec.report.look import Look, Shorter, count, shell, wrapped
from kexecspec.report.outcome import Outcome, counting
from kexecspec.report.refuted import after
from kexecspec.report.steps import changes
from kexecspec.report.visible import visible

WIDTH = 72
_INPUT = 80
"""A platform file of more lines than this is not put into the mail."""
_OTHERS = 12
"""So many other findings are named in a mail."""
_TITLE = 11


def as_lore(outcomes: Sequence[Outcome], look: Look) -> str:
    """One mail for each file, with a line of its own between two."""
    mails = ["\n".join(_mail(o.report, look) if o.report else _wrong(o, look)) for o in outcomes]
    return f"\n\n{'=' * WIDTH}\n\n".join(mails) + "\n"


def _wrong(outcome: Outcome, look: Look) -> Iterator[str]:
    yield from _said(f"Subject: [kexecspec] {outcome.path}: not judged")
    yield ""
    for entry in entries.entries([outcome], look):
        yield from _said(f"{entry.file}:{entry.place.line}: {entry.rule}: {entry.says}")


def _mail(report: Report, look: Look) -> Iterator[str]:
    found = [f for f in counting(report) if f.verdict is Verdict.REFUTED]
    found.sort(key=lambda f: f.severity != "error")
    if not found:
        yield _subject(f"{report.platform}: {ending.verdict_line(report, look)}")
        yield ""
        yield from _said(f"A check of a model of {report.platform} says: {ending.verdict_line(report, look)}.")
        yield ""
        yield from _stands_on(report)
        yield from _input(report, look)
        return
    shorter = look.shorter(report, found[0])
    told = None if shorter is None else next((f for f in shorter.report.findings if _same(f, found[0])), None)
    if shorter is None or told is None:
        yield from _finding(report, found[0], look)
    else:
        yield from _finding(replace(shorter.report, platform=report.platform), told, look)
    yield from _others(found[1:])
    yield ""
    yield from _stands_on(report if shorter is None or told is None else shorter.report)
    yield from _input(report, look) if shorter is None or told is None else _small_input(report, shorter, look)


def _same(finding: Finding, other: Finding) -> bool:
    return finding.property.id == other.property.id and finding.verdict is other.verdict


def _subject(text: str) -> str:
    return textwrap.shorten(f"Subject: [kexecspec] {escape(text)}", WIDTH, placeholder=" ...")


def _finding(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    prop, says = finding.property, finding.property.says or finding.why
    yield _subject(f"{report.platform}: {says}")
    yield ""
    yield from _said(
        f"A model of {report.platform} finds that {says}. "
        "This is a finding on a model of the platform, not on hardware."
    )
    yield ""
    yield from _named("finding:", f"{prop.id}, harm {harm_of(finding)}, {after(finding)}")
    yield from _where(report, finding, look)
    if finding.alike:
        yield from _named("also of:", entries.alike(finding).removeprefix("the same of "))
    yield from _named("model:", f"kexecspec {__version__}, rules {report.hashes.specs[:12]}, z3 {report.hashes.z3}")
    yield from ["sequence:", *_steps(report, finding)]
    yield from _replay(finding)
    known = look.explain(prop.code)
    if known is not None:
        yield from _named("why:", known.why) if known.why else ()
        yield from _named("usual fix:", known.fix) if known.fix else ()


def _where(report: Report, finding: Finding, look: Look) -> Iterator[str]:
    place = finding.property.place
    if place is None:
        return
    yield from _named("where:", f"{entries.relative(place.path, look.root)}:{place.line}")
    line = look.line_of(Span(place.path, place.line, place.column))
    if line is not None:
        yield f"{' ' * _TITLE}{escape(line.strip())}"


def _steps(report: Report, finding: Finding) -> Iterator[str]:
    jumps = frozenset(rule.name for rule in report.rules if rule.handoff)
    generation = None
    for step in visible(finding):
        if isinstance(step, str):
            yield from _said(step, "      ", "      ")
            continue
        if step.generation != generation:
            generation = step.generation
            yield f"  kernel {generation}"
        says = step.says or step.rule
        actor = "" if says.startswith(f"{step.actor} ") else f"{step.actor}: "
        yield from _said(f"{step.number:>4}. {actor}{says}", "", "      ")
        yield from _changed(report, step, step.rule in jumps)


def _changed(report: Report, step: StepShown, handoff: bool) -> Iterator[str]:
    what = "; ".join(changes(report, step, handoff))
    if what:
        yield from _said(f"[{what}]", "        ", "        ")


def _replay(finding: Finding) -> Iterator[str]:
    replay = finding.replay
    if replay is None:
        return
    where = f" in {replay.where}" if replay.where else ""
    yield from _named("replay:", f"on the executable model: {replay.outcome} {replay.harm or ''}{where}")
    yield from (f"{' ' * _TITLE}{escape(line)}" for line in replay.log[-12:])


def _others(found: Sequence[Finding]) -> Iterator[str]:
    if found:
        yield "also found:"
    for finding in found[:_OTHERS]:
        yield from _said(f"- {finding.property.id} {after(finding)}: {finding.property.says}", "  ", "    ")
    if len(found) > _OTHERS:
        yield f"  and {len(found) - _OTHERS} more"


def _stands_on(report: Report) -> Iterator[str]:
    for assumption in report.assumptions:
        yield from _named("assumed:", assumption.what)
    if report.not_modelled:
        yield from _named("left out:", "; ".join(report.not_modelled))
    doubts = {doubt for finding in report.findings for doubt in finding.rests_on}
    if doubts:
        yield from _named("unverified:", "; ".join(sorted(doubt.what for doubt in doubts)))


def _input(report: Report, look: Look) -> Iterator[str]:
    yield f"reproduce: kexecspec check {shell(entries.relative(report.path, look.root))}"
    lines: list[str] = []
    while len(lines) <= _INPUT and (line := look.line_of(Span(report.path, len(lines) + 1))) is not None:
        lines.append(escape(line.rstrip()))
    if 0 < len(lines) <= _INPUT:
        yield from ["", "complete input:", "", *(f"  {line}".rstrip() for line in lines)]
    elif lines:
        yield from _said(f"The platform file has more than {count(_INPUT, 'line')} and is not part of this mail.")


def _small_input(report: Report, shorter: Shorter, look: Look) -> Iterator[str]:
    yield f"reproduce: kexecspec check {shell(entries.relative(report.path, look.root))}"
    yield ""
    known = f"{shorter.after} of {count(shorter.before, 'fact')}"
    end = "none of them can go alone" if shorter.whole else "it was not tried to the end whether more can go"
    yield from _said(f"input without what the finding does not need ({known}; {end}):")
    yield ""
    yield from (f"  {escape(line)}".rstrip() for line in shorter.text.splitlines())


def _named(title: str, text: str) -> list[str]:
    return _said(f"{title.ljust(_TITLE - 1)} {text}", "", " " * _TITLE)


def _said(text: str, indent: str = "", hanging: str = "") -> list[str]:
    return wrapped(text, indent, hanging, WIDTH)
