"""A recipe as JSON: schemas/recipe.schema.json says what each key means."""

from __future__ import annotations

import json
from typing import Any

from kexecspec.recipe.made import Doing, Recipe

SCHEMA = "kexecspec/recipe/1"


def as_json(made: Recipe, script: str) -> str:
    """One object; ASCII, keys in a fixed order."""
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "platform": made.platform.name,
        "finding": made.id,
        "says": made.says,
        "tested": False,
        "handoffs": made.handoffs,
        "rounds": [{"times": one.times, "steps": [_doing(doing) for doing in one.doings]} for one in made.rounds],
        "harm": made.harm,
        "expect": made.expect,
        "log": list(made.log),
        "script": script,
    }
    return json.dumps(found, indent=2, ensure_ascii=True) + "\n"


def _doing(doing: Doing) -> dict[str, Any]:
    return {
        "name": doing.name, "title": doing.title, "commands": list(doing.commands), "note": doing.note,
        "trace": list(doing.steps),
    }  # fmt: skip
