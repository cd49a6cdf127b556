"""A question's answer, as it is judged and as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kexecspec.audit.questions import Question
from kexecspec.audit.rows import Verdict, fact_name
from kexecspec.check import Way, checked_tree
from kexecspec.diagnostics import InputError, Span
from kexecspec.findings import Finding
from kexecspec.ir.verdict import Verdict as Answered
from kexecspec.options import Options
from kexecspec.tree import Entry, Items, Node, Scalar, Table

_MOST_SAID = 400


@dataclass(frozen=True)
class Answer:
    """All verdicts on a question, or why there are none."""

    key: str
    verdicts: tuple[Verdict, ...]
    trouble: str = ""


def answer(question: Question, rlimit: int) -> Answer:
    """The answer, found in this process."""
    options = Options(question.only, rlimit, inside=True, apart=0)
    try:
        checked = checked_tree(tree_of(question.content), "one.yaml", options)
    except InputError as error:
        return Answer(question.key, (), f"nothing can be judged of it: {error.diagnostics[0].message}"[:_MOST_SAID])
    except Exception as error:
        said = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"
        return Answer(question.key, (), said[:_MOST_SAID])
    report = checked.report
    if report.objections:
        return Answer(question.key, (), f"the tool disagrees with itself: {report.objections[0]}"[:_MOST_SAID])
    found = [(_verdict(finding), elsewhere(finding, checked.ways)) for finding in _told(report.findings, question)]
    return Answer(question.key, tuple(_together(replace(one, open=(*one.open, *more)) for one, more in found)))


def elsewhere(finding: Finding, ways: Sequence[Way]) -> tuple[str, ...]:
    """The unknown facts by which it is decided whether there is such a property at all: in some way they may be there
    is nothing that it could be about."""
    without = [way for way in ways if finding.property.id not in {one.property.id for one in way.report.findings}]
    if not without or finding.verdict is not Answered.REFUTED:
        return ()
    values: dict[str, set[str]] = {}
    for way in ways:
        for name, value in way.facts:
            values.setdefault(name, set()).add(str(value))
    return tuple(fact_name(name) for name, several in values.items() if len(several) > 1)


_ASKED_ALONG = "KX105"


def _told(findings: Sequence[Finding], question: Question) -> Iterator[Finding]:
    """The findings about what is asked about, and not about the TEE driver that a client needs."""
    other = "optee" if question.subject.kind == "client" and question.content.get("devices") else ""
    for finding in findings:
        if finding.property.code != _ASKED_ALONG and finding.property.part != (other or None):
            yield finding


def _verdict(finding: Finding) -> Verdict:
    prop = finding.property
    return Verdict(
        prop.code, prop.id.partition("@")[2], finding.verdict.value, finding.severity, finding.why[:_MOST_SAID],
        tuple(dict.fromkeys(fact_name(name) for name, _ in finding.decided_by)), finding.handoffs,
        (finding.replay.harm or "") if finding.replay is not None else "",
        tuple(dict.fromkeys(str(one.what) for one in finding.rests_on)),
    )  # fmt: skip


_GRAVEST = ("REFUTED", "UNKNOWN", "PROVED", "NOT_JUDGED")


def _together(found: Iterable[Verdict]) -> list[Verdict]:
    """One verdict for each property and handoff: of several instances (a client's buffers) the gravest."""
    best: dict[tuple[str, str], Verdict] = {}
    for one in found:
        other = best.get((one.code, one.handoff))
        if other is None or _GRAVEST.index(one.verdict) < _GRAVEST.index(other.verdict):
            best[one.code, one.handoff] = one
    return list(best.values())


def tree_of(content: Any) -> Table:
    """A platform file's content as the tree of a file that nobody wrote."""
    made = _node(content, Span("one.yaml"))
    assert isinstance(made, Table)
    return made


def _node(value: Any, span: Span) -> Node:
    match value:
        case Mapping():
            return Table(tuple(Entry(Scalar(str(k), str(k), span), _node(v, span)) for k, v in value.items()), span)
        case list() | tuple():
            return Items(tuple(_node(one, span) for one in value), span)
    words = {True: "true", False: "false", None: "null"}
    return Scalar(value, words[value] if value is None or isinstance(value, bool) else str(value), span)


def line_of(found: Answer) -> str:
    """An answer as one line, with its end."""
    content = {"key": found.key, "trouble": found.trouble, "verdicts": [asdict(one) for one in found.verdicts]}
    return json.dumps(content, ensure_ascii=True) + "\n"


def read_line(text: str) -> Answer:
    """The answer in a line. Raises ValueError."""
    try:
        content = json.loads(text)
        verdicts = tuple(_read(one) for one in content["verdicts"])
        return Answer(str(content["key"]), verdicts, str(content["trouble"]))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no answer: {error}") from None


def _read(content: Mapping[str, Any]) -> Verdict:
    lists: dict[str, Sequence[str]] = {key: tuple(map(str, content[key])) for key in ("open", "rests_on")}
    made = Verdict(**{**content, **lists})
    if made.verdict not in _GRAVEST or not isinstance(made.code, str):
        raise ValueError("no verdict")
    return made
