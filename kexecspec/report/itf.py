"""Traces in the Informal Trace Format: JSON with all states, and under `#meta` what made them.

An integer is a JSON number; only one beyond 2^53, which JavaScript could not hold, is {"#bigint": "..."}.
A state stands on one line, so that two traces can be compared with diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kexecspec import __version__
from kexecspec.findings import Finding, Report, harm_of
from kexecspec.ir.system import Rule
from kexecspec.ir.trace import Trace
from kexecspec.ir.values import State, Value
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.report.entries import relative
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome, counting

SCHEMA = "kexecspec/trace/1"
LARGEST_NUMBER = 2**53


def itf_text(report: Report, finding: Finding, platform_path: str) -> str:
    """The trace of a refuted finding as a file's text; `platform_path` is relative to its folder.

    Raises ValueError if the finding has no trace.
    """
    if finding.trace is None:
        raise ValueError(f"{finding.property.id} has no trace")
    meta = json.dumps(_meta(report, finding, platform_path), indent=1)
    names = json.dumps(list(finding.trace.initial))
    states = ",\n".join(json.dumps(s, separators=(",", ":")) for s in _states(finding.trace, report.rules))
    return f'{{"#meta": {meta},\n"params": [],\n"vars": {names},\n"states": [\n{states}\n]}}\n'


def first_trace(outcomes: Sequence[Outcome]) -> tuple[Report, Finding] | None:
    """The finding whose trace is written where there is room for one: the first that is refuted, errors first."""
    found = [
        (outcome.report, finding)
        for outcome in outcomes
        if outcome.report is not None
        for finding in counting(outcome.report)
        if finding.trace is not None and finding.verdict is Verdict.REFUTED
    ]
    return min(found, key=lambda one: one[1].severity != "error", default=None)


def as_itf(outcomes: Sequence[Outcome], look: Look) -> str:
    """The trace of `first_trace`, its platform file as seen from `look.root`; nothing where nothing is refuted."""
    found = first_trace(outcomes)
    return "" if found is None else itf_text(*found, relative(found[0].path, look.root))


def encoded(value: Value) -> Any:
    """A value as ITF writes it."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= LARGEST_NUMBER:
        return {"#bigint": str(value)}
    return value


def _meta(report: Report, finding: Finding, platform_path: str) -> dict[str, Any]:
    prop, evidence = finding.property, finding.evidence
    place = {"path": prop.place.path, "line": prop.place.line} if prop.place else None
    return {
        "format": "ITF",
        "schema": SCHEMA,
        "description": f"{prop.id} on {report.platform}: {prop.says}",
        "tool": {"name": "kexecspec", "version": __version__, "sha256": report.hashes.tool},
        "z3": report.hashes.z3,
        "platform": {"name": report.platform, "path": platform_path, "sha256": report.hashes.platform},
        "specs": {"sha256": report.hashes.specs},
        "property": {
            "code": prop.code,
            "instance": prop.instance,
            "handoff": prop.handoff,
            "harm": harm_of(finding),
        },
        "location": place,
        "handoffs": finding.handoffs,
        "shortest": isinstance(evidence, Counterexample) and evidence.shortest,
    }


def _states(trace: Trace, rules: tuple[Rule, ...]) -> Iterator[dict[str, Any]]:
    known = {rule.name: rule for rule in rules}
    yield _state({"index": 0, "action": "init", "actor": "", "parameters": []}, trace.initial)
    for number, step in enumerate(trace.steps, 1):
        yield _state(_labels(number, step.rule, known), step.state)


def _labels(number: int, name: str, rules: Mapping[str, Rule]) -> dict[str, Any]:
    rule = rules.get(name)
    actor, parameters = (rule.actor, list(rule.operation)) if rule else ("", [])
    return {"index": number, "action": name, "actor": actor, "parameters": parameters}


def _state(labels: dict[str, Any], state: State) -> dict[str, Any]:
    return {"#meta": labels, **{name: encoded(value) for name, value in state.items()}}
