"""The page: a head that allows nothing but what is in the file, for each platform a table, and its traces.

The policy names the sums of the one style and the one script that the page has; a text that managed to become an
element could not run, load or send anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from kexecspec import __version__
from kexecspec.report import ending
from kexecspec.report.entries import Entry, Level, entries
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome, instances
from kexecspec.report.page.markup import element, text
from kexecspec.report.page.script import SCRIPT
from kexecspec.report.page.style import STYLE
from kexecspec.report.page.trace import trace

SHOWN = 60
"""So many traces of a file are drawn, those that fail first; of the others there is the line of the table."""
_ASIDE = {Level.NOTE: " (note)", Level.EXCUSED: " (excused)"}
_UNDRAWN = (Level.EXCUSED, Level.PASSED)
_ORDER = (Level.BROKEN, Level.ERROR, Level.OPEN, Level.NOTE, Level.EXCUSED, Level.PASSED)
_HELP = (
    "Keys: <kbd>&rarr;</kbd> <kbd>&larr;</kbd> step by step, <kbd>Home</kbd> <kbd>End</kbd> first and last, "
    "<kbd>Esc</kbd> all, <kbd>n</kbd> <kbd>p</kbd> next and previous trace."
)


def as_html(outcomes: Sequence[Outcome], look: Look) -> str:
    """All files as one page; ASCII."""
    body: list[str] = []
    for number, outcome in enumerate(outcomes, 1):
        body += _file(number, outcome, look)
    title = ", ".join(o.report.platform if o.report else o.path for o in outcomes[:3])
    head = [
        '<meta charset="utf-8">', f'<meta http-equiv="Content-Security-Policy" content="{text(_policy())}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">', element("title", f"kexecspec: {text(title)}"),
        f"<style>{STYLE}</style>",
    ]  # fmt: skip
    foot = element("p", f"kexecspec {__version__}. These are findings on a model, not on hardware.", class_="dim")
    page = [
        "<!DOCTYPE html>", '<html lang="en">', "<head>", *head, "</head>", "<body>", "<main>", *body, "</main>",
        element("footer", foot), f"<script>{SCRIPT}</script>", "</body>", "</html>",
    ]  # fmt: skip
    return "\n".join(page).encode("ascii", "xmlcharrefreplace").decode("ascii") + "\n"


def _policy() -> str:
    style, script = (f"'sha256-{_sum(content)}'" for content in (STYLE, SCRIPT))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )


def _sum(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


def _file(number: int, outcome: Outcome, look: Look) -> Iterator[str]:
    found = entries([outcome], look)
    report = outcome.report
    if report is None:
        yield element("h1", text(f"{outcome.path}: not judged"))
        yield _table(found, {})
        return
    yield element("h1", text(report.platform))
    word = "proved" if not any(entry.failed for entry in found) else "refuted"
    line = element("span", text(ending.verdict_line(report, look)), class_=f"verdict {word}")
    yield element("p", line, " ", element("span", text(report.path), class_="dim mono"))
    rows = sorted((e for e in found if e.level in _ORDER), key=lambda entry: _ORDER.index(entry.level))
    drawn = [entry for entry in rows if entry.finding and entry.finding.steps and entry.level not in _UNDRAWN]
    anchors = {entry.key: f"t{number}-{place}" for place, entry in enumerate(drawn[:SHOWN], 1)}
    yield _table(rows, anchors)
    yield from _silent([entry for entry in found if entry.level is Level.SKIPPED])
    if anchors:
        yield element("h2", "What goes wrong")
        yield element("p", _HELP, class_="keys dim")
    for entry in drawn[:SHOWN]:
        if entry.finding is not None:
            yield trace(report, entry, entry.finding, look, anchors[entry.key])
    if len(drawn) > SHOWN:
        yield element("p", f"{len(drawn) - SHOWN} more traces are not drawn.")
    yield from _stands_on(outcome, look)


def _table(rows: Sequence[Entry], anchors: dict[str, str]) -> str:
    head = element("thead", element("tr", *(element("th", one) for one in ("verdict", "finding", "what", "where"))))
    return element("table", head, element("tbody", *(_row(row, anchors) for row in rows)), class_="findings")


def _row(entry: Entry, anchors: dict[str, str]) -> str:
    name = element("code", text(entry.name))
    if entry.key in anchors:
        name = element("a", name, href=f"#{anchors[entry.key]}")
    word = entry.word.replace("_", " ") + _ASIDE.get(entry.level, "")
    style = "waived" if entry.level is Level.EXCUSED else entry.word.lower().replace("_", " ").split()[0]
    return element(
        "tr", element("td", text(word), class_=f"verdict {style}"), element("td", name),
        element("td", text(entry.says)),
        element("td", text(f"{entry.file}:{entry.place.line}"), class_="place mono dim"),
    )  # fmt: skip


def _silent(found: Sequence[Entry]) -> Iterator[str]:
    if found:
        number = instances(entry.finding for entry in found if entry.finding)
        summary = element("summary", f"{number} not judged: the platform lacks what they are about")
        yield element("details", summary, _table(found, {}))


def _stands_on(outcome: Outcome, look: Look) -> Iterator[str]:
    report = outcome.report
    if report is None:
        return
    items = [f"Assumed: {one.what}" for one in report.assumptions]
    items += [f"Unverified: {one.what}{f' ({one.why})' if one.why else ''}" for one in report.reliances]
    items += [f"Not modelled: {topic}" for topic in report.not_modelled]
    hashes = report.hashes
    sums = f"platform {hashes.platform[:12]}, rules {hashes.specs[:12]}"
    items.append(f"Made by kexecspec {__version__} with z3 {hashes.z3}; {sums}")
    yield element("h2", "What the verdicts stand on")
    yield element("ul", *(element("li", text(item)) for item in items), class_="sources")
