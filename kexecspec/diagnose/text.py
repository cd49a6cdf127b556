"""A diagnosis as plain text, 78 columns."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.diagnose.apart import apart
from kexecspec.diagnose.causes import Cause, Diagnosis, Explained
from kexecspec.diagnose.symptoms import Sight
from kexecspec.diagnostics import escape
from kexecspec.report import refuted
from kexecspec.report.look import Look, count, shell, wrapped

SHOWN = 8


def as_text(found: Diagnosis, look: Look) -> str:
    """Each known line with its causes, shortest first; with `look.verbose` all causes, and their traces."""
    known = sum(sight.count for one in found.explained for sight in one.sights)
    said = f"{found.log}: {count(known, 'known line')} of {found.lines}, on {found.report.platform}"
    lines = wrapped(said, "", "  ")
    if found.releases:
        lines += wrapped(f"kernels that it names: {', '.join(found.releases)}", "  ", "    ")
    for one in found.explained:
        lines += ["", *_explained(one, found, look)]
    return "\n".join([*lines, "", *_ending(found, look)]) + "\n"


def _explained(one: Explained, found: Diagnosis, look: Look) -> Iterator[str]:
    for sight in one.sights:
        yield from _sight(sight, look)
    causes = one.causes if look.verbose else one.causes[:SHOWN]
    for number, cause in enumerate(causes, 1):
        after = one.causes[number] if number < len(one.causes) else None
        yield from ("", *_cause(number, cause, after, found, look))
    if len(causes) < len(one.causes):
        yield from ("", f"  and {count(len(one.causes) - len(causes), 'longer one')} (-v: all)")
    if not one.causes:
        yield from ("", *wrapped("No run of this platform that was found ends so."))
    if one.nearly:
        yield ""
    for cause in one.nearly if look.verbose else one.nearly[:SHOWN]:
        told = ", ".join(f"{what} {mine}, the log has {log}" for what, log, mine in cause.differs)
        yield from wrapped(f"not {cause.finding.property.id}: {told}", "  ", "    ")
    if one.open:
        yield from wrapped(f"undecided: {', '.join(one.open)}", "  ", "    ")


def _sight(sight: Sight, look: Look) -> Iterator[str]:
    more = f" and {sight.count - 1} more, to line {sight.last.number}" if sight.count > 1 else ""
    yield look.paint(f"line {sight.first.number}{more}:", "bold")
    yield f"  {escape(sight.first.text.strip())}"
    for means in dict.fromkeys((m.symptom.means, m.symptom.source, m.partial) for m in sight.matches):
        cut = "; the rest of the report is not in the log" if means[2] else ""
        yield from wrapped(f"= {means[0]} ({means[1]}){cut}", "  ", "    ")


def _cause(number: int, cause: Cause, after: Cause | None, found: Diagnosis, look: Look) -> Iterator[str]:
    finding = cause.finding
    replay = finding.replay
    suffered = f"; replayed: {replay.harm} in {replay.where}" if replay else ""
    length = f"{refuted.after(finding)}, {count(len(finding.steps), 'step')}"
    note = " (note)" if finding.severity != "error" else ""
    first, *rest = wrapped(f"{number}. {finding.property.id}{note} {length}{suffered}", "  ", "     ")
    yield look.paint(first, "bold", "red")
    yield from rest
    yield from wrapped(finding.property.says, "     ")
    if finding.alike:
        yield from wrapped(f"or, for the same reason: {', '.join(finding.alike[:6])}", "     ")
    for means in cause.unseen:
        yield from wrapped(f"not in the log: {means}", "     ", "       ")
    if after is not None:
        for said in apart(cause, after):
            yield from wrapped(f"told from {after.finding.property.id} by {said}", "     ", "       ")
    if look.verbose:
        yield from ("", *refuted.text(found.report, finding, look))


def _ending(found: Diagnosis, look: Look) -> Iterator[str]:
    if found.silent:
        names = ", ".join(f.property.id for f in found.silent[:SHOWN])
        more = "" if len(found.silent) <= SHOWN else f" and {len(found.silent) - SHOWN} more"
        yield from wrapped(f"Refuted too, and prints nothing: {names}{more}", "", "  ")
    file = shell(found.report.path)
    best = next((one.causes[0] for one in found.explained if one.causes), None)
    without = sum(not one.causes for one in found.explained)
    if not found.explained:
        word, said = "NOTHING KNOWN", f"{found.lines} lines, none that a known hazard prints"
    elif without:
        word, said = "NO CAUSE", f"{without} of {count(len(found.explained), 'symptom')} without a run that ends so"
    else:
        word, said = "FOUND", f"{count(len(found.explained), 'symptom')}, each with a run that ends so"
    if best is not None:
        yield f"Whole trace: kexecspec check {file} --only {shell(best.finding.property.id)}"
    for line in wrapped(f"{word}  {said}", "", "  "):
        yield look.paint(line, "bold")
