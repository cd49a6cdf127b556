"""Repairs as JSON: schemas/fix.schema.json says what each key means."""

from __future__ import annotations

import json
from typing import Any

from kexecspec.review.fix_text import code
from kexecspec.review.mend import Fixes
from kexecspec.review.repairs import Repair

SCHEMA = "kexecspec/fix/1"
Json = dict[str, Any]


def as_json(fixes: Fixes, backports: Json | None = None) -> str:
    """One object, with the commits of one set where they are asked for; ASCII, keys in a fixed order."""
    made = {
        "schema": SCHEMA,
        "path": fixes.path,
        "exit": code(fixes),
        "wanted": list(fixes.wanted),
        "stuck": list(fixes.stuck),
        "sets": [
            {"cost": one.cost, "repairs": [_repair(r) for r in one.repairs], "gone": list(one.gone)}
            for one in fixes.sets
        ],
        "needs": [{"id": name, "one_of": [r.name for r in by]} for name, by in fixes.needs],
        "undecided": [[r.name for r in one] for one in fixes.undecided],
        "untried": fixes.untried,
        "size": fixes.size,
        "repairs": [r.name for r in fixes.repairs],
        "judged": fixes.judged,
        "backports": backports,
    }
    return json.dumps(made, indent=2, ensure_ascii=True) + "\n"


def _repair(repair: Repair) -> Json:
    return {
        "name": repair.name,
        "title": repair.title,
        "cost": repair.cost,
        "features": list(repair.features),
        "edits": [{"at": ".".join(map(str, e.path)), "value": e.value} for e in repair.edits],
    }
