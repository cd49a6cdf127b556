"""A diagnosis as JSON: schemas/diagnosis.schema.json says what each key means."""

from __future__ import annotations

import json
from typing import Any

from kexecspec.diagnose.apart import apart
from kexecspec.diagnose.causes import Cause, Diagnosis, Explained
from kexecspec.diagnose.symptoms import Sight
from kexecspec.report.as_json import finding_json

SCHEMA = "kexecspec/diagnosis/1"
Json = dict[str, Any]


def as_json(found: Diagnosis) -> str:
    """One object; ASCII, keys in a fixed order."""
    made = {
        "schema": SCHEMA,
        "log": found.log,
        "lines": found.lines,
        "platform": found.report.platform,
        "exit": found.code,
        "releases": list(found.releases),
        "explained": [_explained(one) for one in found.explained],
        "silent": [f.property.id for f in found.silent],
    }
    return json.dumps(made, indent=2, ensure_ascii=True) + "\n"


def _explained(one: Explained) -> Json:
    after = (*one.causes[1:], None)
    return {
        "seen": [_sight(sight) for sight in one.sights],
        "causes": [_cause(cause, other) for cause, other in zip(one.causes, after, strict=False)],
        "nearly": [_cause(cause, None) for cause in one.nearly],
        "undecided": list(one.open),
    }


def _sight(sight: Sight) -> Json:
    return {
        "line": sight.first.number,
        "last": sight.last.number,
        "count": sight.count,
        "text": sight.first.text,
        "symptoms": [
            {
                "code": m.symptom.code, "name": m.symptom.name, "means": m.symptom.means,
                "source": m.symptom.source, "partial": m.partial, "told": dict(m.told),
            }
            for m in sight.matches
        ],
    }  # fmt: skip


def _cause(cause: Cause, after: Cause | None) -> Json:
    return {
        "id": cause.finding.property.id,
        "handoffs": cause.length[0],
        "steps": cause.length[1],
        "differs": [{"what": what, "log": log, "machine": mine} for what, log, mine in cause.differs],
        "unseen": list(cause.unseen),
        "told_from_next": [] if after is None else list(apart(cause, after)),
        "finding": finding_json(cause.finding, None),
    }
