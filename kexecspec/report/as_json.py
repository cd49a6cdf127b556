"""A report as JSON: schemas/report.schema.json says what each key means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kexecspec import __version__
from kexecspec.diagnostics import Diagnostic
from kexecspec.findings import Excused, Fault, Finding, Harmed, Missing, Recalled, Report, StepShown, Taken, harm_of
from kexecspec.ir.verdict import Counterexample, Exhausted, Proof, Verdict
from kexecspec.platform.facts import Reliance
from kexecspec.report.look import Look
from kexecspec.report.outcome import Outcome

SCHEMA = "kexecspec/report/1"

Json = dict[str, Any]


def as_json(outcomes: Sequence[Outcome], look: Look) -> str:
    """One object for one file, a list for several; ASCII, keys in a fixed order."""
    made = [outcome_json(outcome) for outcome in outcomes]
    return json.dumps(made[0] if len(made) == 1 else made, indent=2, ensure_ascii=True) + "\n"


def outcome_json(outcome: Outcome) -> Json:
    """One file; a file that could not be judged has the verdict INPUT_ERROR, no findings, and `errors`."""
    if outcome.report is not None:
        return {**report_json(outcome.report, dict(outcome.traces)), "certificate": outcome.certificate}
    return {
        "schema": SCHEMA, "platform": None, "path": outcome.path, "verdict": "INPUT_ERROR", "findings": [],
        "errors": [_error(diagnostic) for diagnostic in outcome.errors],
    }  # fmt: skip


def report_json(report: Report, traces: Mapping[str, str]) -> Json:
    """A report; `traces` names the trace file written for a finding's id."""
    return {
        "schema": SCHEMA,
        "platform": report.platform,
        "path": report.path,
        "verdict": report.verdict.value,
        "summary": dict(report.summary),
        "parts": report.parts,
        "findings": [finding_json(f, traces.get(f.property.id)) for f in report.findings],
        "handoffs": [_handoff(one) for one in report.taken],
        "expect": {
            "met": report.met,
            "unmet": [
                {"finding": u.expectation.finding, "expected": u.expectation.verdict, "found": u.found}
                for u in report.unmet
            ],
        },
        "assumptions": _reliances(report.assumptions),
        "reliances": _reliances(report.reliances),
        "not_modelled": list(report.not_modelled),
        "objections": list(report.objections),
        "errors": [],
        "hashes": {"platform": report.hashes.platform, "specs": report.hashes.specs},
        "excused": [_excused(one) for one in report.excused.values()],
        "faults": [_fault(one) for one in report.faults],
        "gone": list(report.gone),
        "cache": _recalled(report.recalled),
        "versions": {"kexecspec": __version__, "sha256": report.hashes.tool, "z3": report.hashes.z3},
    }


def finding_json(finding: Finding, file: str | None) -> Json:
    """One property instance."""
    wanted = finding.property
    return {
        "code": wanted.code,
        "instance": wanted.instance,
        "handoff": wanted.handoff,
        "verdict": finding.verdict.value,
        "severity": finding.severity,
        "vacuous": finding.vacuous,
        "alike": list(finding.alike),
        "missing": [_missing(link) for link in finding.missing],
        "bound": finding.bound,
        "becomes": _becomes(finding),
        "says": wanted.says,
        "harm": harm_of(finding),
        "why": finding.why,
        "method": _method(finding),
        "at": _at(wanted.place.path, wanted.place.line) if wanted.place else None,
        "decided_by": dict(finding.decided_by),
        "rests_on": _reliances(finding.rests_on),
        "trace": _trace(finding, file),
        "replay": None if finding.replay is None else _replay(finding.replay),
    }


def _excused(one: Excused) -> Json:
    return {
        "finding": one.finding, "how": one.how, "why": one.why, "by": one.by,
        "until": one.until.isoformat() if one.until else None,
        "at": _at(one.place.path, one.place.line) if one.place else None,
    }  # fmt: skip


def _fault(one: Fault) -> Json:
    place = one.waiver.place
    return {"kind": one.kind, "finding": one.waiver.finding, "says": one.says, "at": _at(place.path, place.line)}


def _recalled(recalled: Recalled | None) -> Json | None:
    return None if recalled is None else {"hits": recalled.known, "misses": recalled.judged}


def _handoff(one: Taken) -> Json:
    at = _at(one.place.path, one.place.line) if one.place else None
    return {
        "name": one.name, "kind": one.kind, "taken": one.verdict.value, "steps": one.steps, "at": at,
        "missing": [_missing(link) for link in one.missing],
    }  # fmt: skip


def _missing(link: Missing) -> Json:
    lines = [{"what": name, "at": _at(place.path, place.line)} for name, place in link.lines]
    return {"never": list(link.never), "step": link.step, "rule": link.rule, "facts": list(link.facts), "lines": lines}


def _becomes(finding: Finding) -> Json | None:
    found = finding.becomes
    return None if found is None else {"code": found.code, "handoffs": found.handoffs}


def _method(finding: Finding) -> str | None:
    match finding.evidence:
        case Proof(method=method) if finding.verdict is Verdict.PROVED:
            return method
        case Exhausted(reason=reason):
            return reason
        case _:
            return None


def _trace(finding: Finding, file: str | None) -> Json | None:
    if not finding.steps and finding.trace is None:
        return None
    evidence = finding.evidence if isinstance(finding.evidence, Counterexample) else None
    lap = evidence.lap if evidence else None
    return {
        "handoffs": finding.handoffs,
        "handoffs_range": list(finding.handoffs_range) if finding.handoffs_range else None,
        "shortest": evidence.shortest if evidence else False,
        "steps": [_step(step) for step in finding.steps],
        "lap": None if lap is None else asdict(lap),
        "file": file,
    }


def _step(step: StepShown) -> Json:
    return {
        "number": step.number,
        "generation": step.generation,
        "actor": step.actor,
        "rule": step.rule,
        "says": step.says,
        "changed": {name: {"from": old, "to": new} for name, (old, new) in step.changed.items()},
        "at": _at(step.path, step.line) if step.path is not None else None,
    }


def _at(path: str | None, line: int | None) -> Json:
    return {"path": path, "line": line}


def _replay(replay: Harmed) -> Json:
    return {
        "outcome": replay.outcome, "harm": replay.harm, "where": replay.where, "log": list(replay.log),
        "why": replay.why,
    }  # fmt: skip


def _reliances(reliances: Iterable[Reliance]) -> list[Json]:
    return [{"what": r.what, "why": r.why, "subject": r.subject} for r in reliances]


def _error(diagnostic: Diagnostic) -> Json:
    span = diagnostic.span
    return {
        "code": diagnostic.code, "message": diagnostic.message, "path": span.path, "line": span.line,
        "column": span.column, "help": diagnostic.help, "notes": list(diagnostic.notes),
    }  # fmt: skip
