"""One refuted finding on the page: its diagram, step by step, beside the log of the machine that replayed it."""

from __future__ import annotations

from collections.abc import Iterator

from kexecspec.findings import Finding, Harmed, Report
from kexecspec.ir.system import Rule
from kexecspec.report.entries import Entry
from kexecspec.report.look import Look, count
from kexecspec.report.page.listing import listing
from kexecspec.report.page.markup import element, source, text
from kexecspec.report.sequence import Message, Sequence, sequence

_KEYS = (("Home", "first"), ("ArrowLeft", "back"), ("ArrowRight", "forward"), ("End", "last"), ("Escape", "all"))


def trace(report: Report, entry: Entry, finding: Finding, look: Look, anchor: str) -> str:
    """The finding as a section called `anchor`."""
    drawn = sequence(report, finding)
    rules = {rule.name: rule for rule in report.rules}
    return element(
        "section",
        element("h3", element("code", text(entry.name)), " ", _verdict(entry)),
        element("p", text(entry.says)),
        _bar(len([one for one in drawn.messages if isinstance(one, Message)])),
        element(
            "div", element("div", _diagram(drawn), class_="drawn"),
            element("div", *_beside(report, entry, finding, rules, look), class_="beside"), class_="both",
        ),
        class_="trace", id=anchor, tabindex="0", aria_label=f"{entry.name} on {report.platform}",
    )  # fmt: skip


def _verdict(entry: Entry) -> str:
    return element("span", text(entry.word), class_=f"verdict {entry.word.lower().split('_')[0]}")


def _bar(steps: int) -> str:
    buttons = [element("button", text(label), type="button", data_key=key) for key, label in _KEYS]
    where = element("span", f"all {count(steps, 'step')}", class_="where dim", aria_live="polite")
    return element("div", *buttons, where, class_="bar", hidden="")


def _log(replay: Harmed, finding: Finding) -> Iterator[str]:
    """The lines of the machine's log, each with the step that it belongs to: what comes when the machine runs on, with
    the last one."""
    last = len(finding.trace.steps) if finding.trace is not None else 0
    for step, line in replay.console or ((last, line) for line in replay.log):
        harm = " harm" if line in replay.log else ""
        yield element("span", text(line), class_=f"line{harm}", data_step=str(min(step, last)))


def _diagram(drawn: Sequence) -> str:
    heads = [element("div", text(title), class_=f"head c{n}") for n, title in enumerate(drawn.lanes, 1)]
    parts = [element("li", element("div", *heads, class_="lanes"), class_="heads", aria_hidden="true")]
    alive = set(range(len(drawn.lanes))) - ({drawn.new} if drawn.old != drawn.new else set())
    for one in drawn.messages:
        if isinstance(one, str):
            parts.append(element("li", text(one), class_="left-out"))
            continue
        parts.append(_step(one, drawn, alive))
        if one.jump and one.end == drawn.new:
            alive = (alive - {drawn.old}) | {drawn.new}
    ending = element("p", element("strong", "VIOLATED: "), text(drawn.ending), class_="ending refuted")
    return element("ol", *parts, class_=f"steps l{len(drawn.lanes)}") + ending


def _step(one: Message, drawn: Sequence, alive: set[int]) -> str:
    step = one.step
    kinds = "".join((" jump" if one.jump else "", " last" if one.last else ""))
    says = text(step.says or step.rule)
    actor = "" if (step.says or "").startswith(step.actor) else f"{text(step.actor)}: "
    path = "" if one.start == one.end else f", to {drawn.lanes[one.end]}"
    where = element("span", text(f" ({drawn.lanes[one.start]}{path})"), class_="path")
    changed = element("ul", *(element("li", text(change)) for change in one.changed), class_="changed mono")
    return element(
        "li",
        element("div", *_lifelines(drawn, alive), class_="lanes lives", aria_hidden="true"),
        element("p", element("span", f"{step.number}.", class_="number"), actor, says, where, class_="what"),
        element("div", _mark(one), class_="lanes marks", aria_hidden="true"),
        changed if one.changed else "",
        class_=f"step{kinds}", data_rule=step.rule, data_number=str(step.number),
    )  # fmt: skip


def _lifelines(drawn: Sequence, alive: set[int]) -> Iterator[str]:
    for number in range(len(drawn.lanes)):
        yield element("span", class_=f"life c{number + 1}{'' if number in alive else ' dead'}")


def _mark(one: Message) -> str:
    if one.start == one.end:
        return element("span", class_=f"dot c{one.start + 1}")
    first, last = sorted((one.start, one.end))
    way = "right" if one.end > one.start else "left"
    return element("span", class_=f"arrow {way} s{first + 1}{last + 1}")


def _beside(report: Report, entry: Entry, finding: Finding, rules: dict[str, Rule], look: Look) -> Iterator[str]:
    replay = finding.replay
    if replay is not None:
        where = f"in {replay.where}" if replay.where else ""
        said = " ".join(filter(None, (replay.outcome, replay.harm, where, replay.why)))
        log = element("pre", *_log(replay, finding)) if replay.log or replay.console else ""
        title = element("h4", "Kernel log of the executable model")
        yield element("div", title, log, element("p", text(said), class_="dim"), class_="log")
    place = finding.property.place
    if place is not None:
        title = element("h4", text(f"{entry.file}:{place.line}"))
        yield element("div", title, listing(place, look))
    known = look.explain(entry.rule)
    if known is not None and (known.why or known.fix):
        fix = element("p", element("strong", "What usually helps: "), text(known.fix)) if known.fix else ""
        yield element("div", element("h4", text(known.title)), element("p", text(known.why)), fix)
    refs = dict(known.sources) if known is not None else {}
    for step in finding.steps:
        refs |= {one.ref: one.says for one in (rules[step.rule].sources if step.rule in rules else ())}
    if refs:
        items = (element("li", source(ref), f": {text(says)}" if says else "") for ref, says in refs.items())
        yield element("details", element("summary", "Sources of these rules"), element("ul", *items, class_="sources"))
