"""A comparison as JSON: schemas/diff.schema.json says what each key means."""

from __future__ import annotations

import json
from typing import Any

from kexecspec.findings import ids
from kexecspec.report.as_json import finding_json
from kexecspec.review.changes import Change
from kexecspec.review.compare import NEW, Diff, Differs
from kexecspec.review.diff_text import code
from kexecspec.review.judge import State

SCHEMA = "kexecspec/diff/1"
Json = dict[str, Any]


def as_json(diff: Diff) -> str:
    """One object; ASCII, keys in a fixed order."""
    made = {
        "schema": SCHEMA,
        "old": diff.old,
        "new": diff.new,
        "exit": code(diff),
        "findings": [_finding(diff, one) for one in diff.findings],
        "changes": [change_json(change) for change in diff.changes],
        "no_effect": [change.what for change in diff.idle],
        "judged": diff.judged,
    }
    return json.dumps(made, indent=2, ensure_ascii=True) + "\n"


def change_json(change: Change) -> Json:
    """One changed fact."""
    at = {"path": change.place.path, "line": change.place.line}
    return {"what": change.what, "from": change.old, "to": change.new, "at": at}


def state_json(state: State | None) -> Json | None:
    """A state."""
    if state is None:
        return None
    return {"verdict": state.verdict, "severity": state.severity, "handoffs": state.handoffs}


def _finding(diff: Diff, one: Differs) -> Json:
    report = diff.after.report
    found = next((f for f in report.findings if one.name in ids(f)), None) if report and one.kind == NEW else None
    return {
        "id": one.name,
        "kind": one.kind,
        "old": state_json(one.old),
        "new": state_json(one.new),
        "by": [change.what for change in one.by],
        "each_alone": one.each,
        "finding": None if found is None else finding_json(found, None),
    }
