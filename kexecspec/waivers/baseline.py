"""An earlier report: what failed in it already does not count, what is new or worse does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.findings import Excused, Finding, Report, ids
from kexecspec.ir.verdict import Verdict
from kexecspec.textfile import read_text

SCHEMA = "kexecspec/report/1"
LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True)
class Known:
    """How an instance failed before: its verdict, whether that was empty, and after how many handoffs."""

    verdict: str
    vacuous: bool
    handoffs: int | None


Baseline = Mapping[str, Mapping[str, Known]]
"""What failed before, by platform and id."""


def read_baseline(path: str) -> Baseline:
    """The failing instances of a JSON report of `kexecspec check`. Raises InputError for a file that is none."""
    try:
        content = json.loads(read_text(path, LARGEST))
    except (ValueError, RecursionError):
        raise _no_report(path, "it is no JSON") from None
    found: dict[str, dict[str, Known]] = {}
    for report in content if isinstance(content, list) else [content]:
        if not isinstance(report, dict) or report.get("schema") != SCHEMA:
            said = quote(report.get("schema")) if isinstance(report, dict) else "none"
            raise _no_report(path, f"its schema is {said}, not {quote(SCHEMA)}")
        if report.get("platform") is not None:
            try:
                found.setdefault(str(report["platform"]), {}).update(_failing(report))
            except (KeyError, TypeError, AttributeError):
                raise _no_report(path, "a finding in it lacks what every finding has") from None
    return found


def compare(report: Report, baseline: Baseline) -> Report:
    """`report` with what failed in `baseline` already excused, and what fails no more as `gone`.

    Worse than before, and so not excused: refuted where it was unknown, or after fewer handoffs, or empty where it was
    not. What is excused by a waiver stays so.
    """
    before = baseline.get(report.platform, {})
    excused, failing, present = dict(report.excused), set[str](), set[str]()
    for finding in report.findings:
        present.update(ids(finding))
        if not _fails(finding):
            continue
        for name in ids(finding):
            failing.add(name)
            known = before.get(name)
            if known is not None and name not in report.excused and not _worse(finding, known):
                excused[name] = Excused(name, "baseline", "it was so in the baseline")
    gone = tuple(name for name in before if name not in failing and name in present)
    return replace(report, excused=excused, gone=gone)


def _failing(report: Mapping[str, Any]) -> Iterator[tuple[str, Known]]:
    for one in report["findings"]:
        if one["severity"] != "error" or not (one["vacuous"] or one["verdict"] in ("REFUTED", "UNKNOWN")):
            continue
        handoffs = (one.get("trace") or {}).get("handoffs")
        known = Known(one["verdict"], one["vacuous"] is True, handoffs if type(handoffs) is int else None)
        for instance in (one["instance"], *one["alike"]):
            yield f"{one['code']}/{instance}@{one['handoff']}", known


def _fails(finding: Finding) -> bool:
    return finding.severity == "error" and (finding.vacuous or finding.verdict in (Verdict.REFUTED, Verdict.UNKNOWN))


def _worse(finding: Finding, known: Known) -> bool:
    if finding.vacuous:
        return not known.vacuous
    if finding.verdict is not Verdict.REFUTED:
        return known.vacuous
    if known.verdict != "REFUTED":
        return True
    return None not in (finding.handoffs, known.handoffs) and (finding.handoffs or 0) < (known.handoffs or 0)


def _no_report(path: str, why: str) -> InputError:
    help_text = "a baseline is what `kexecspec check --report json=FILE` wrote"
    return InputError([Diagnostic("KX035", f"it is no report of a check: {why}", Span(path), (), help_text)])
