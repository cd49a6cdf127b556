"""What masters and clients can reach as JSON: schemas/exposure.schema.json says what each key means."""

from __future__ import annotations

import json
from typing import Any

from kexecspec.exposure.bars import Bar, Cell, Turn
from kexecspec.exposure.durations import Lengths
from kexecspec.exposure.exposed import Exposed
from kexecspec.exposure.flips import Open
from kexecspec.exposure.told import Told, Unclear

SCHEMA = "kexecspec/exposure/1"
Json = dict[str, Any]


def as_json(told: Told) -> str:
    """One object; ASCII, keys in a fixed order."""
    made = {
        "schema": SCHEMA,
        "path": told.path,
        "platform": told.platform,
        "exit": told.code,
        "log": told.log,
        "stamped": told.stamped,
        "exposed": [_exposed(one, told.lengths.get(one.name)) for one in told.exposed],
        "judged": told.flips.judged,
        "unknown": [_unclear(one) for one in told.unclear],
    }
    return json.dumps(made, indent=2, ensure_ascii=True) + "\n"


def _exposed(one: Exposed, lengths: Lengths | None) -> Json:
    return {
        "name": one.name,
        "alike": list(one.alike),
        "kind": one.chart.name,
        "driver": one.driver,
        "smmu": one.smmu or None,
        "in_log": lengths.device if lengths else None,
        "reaches": one.gravest.name if one.gravest else None,
        "bars": [_bar(bar, lengths) for bar in one.bars],
    }


def _bar(bar: Bar, lengths: Lengths | None) -> Json:
    return {
        "handoff": bar.handoff,
        "kind": bar.kind,
        "phases": [_cell(cell, lengths) for cell in bar.cells],
        "begins": [_turn(turn) for turn in bar.begins],
        "ends": [_turn(turn) for turn in bar.ends],
        "lasts": bar.lasts,
        "left": bar.left.name if bar.left else None,
    }


def _cell(cell: Cell, lengths: Lengths | None) -> Json:
    return {
        "phase": cell.phase.name,
        "met": cell.met,
        "reaches": cell.reach.name if cell.reach else None,
        "unsafe": cell.unsafe,
        "sure": cell.sure if cell.reach is None else cell.shown,
        "usecs": lengths.phases.get(cell.phase.name) if lengths else None,
    }


def _turn(turn: Turn) -> Json:
    return {"phase": turn[1], "says": turn[0]}


def _unclear(one: Unclear) -> Json:
    return {
        "part": one.part,
        "flips": list(one.flips),
        "tried": one.tried,
        "measure": None if one.measure is None else {
            "name": one.measure.name, "title": one.measure.title, "how": one.measure.how,
            "sources": [{"ref": ref, "says": says} for ref, says in one.measure.sources],
        },
        "facts": [_fact(fact) for fact in one.facts],
    }  # fmt: skip


def _fact(fact: Open) -> Json:
    return {
        "name": fact.name,
        "tried": fact.tried,
        "ends_only": fact.ends,
        "values": [
            {"value": of, "changes": [{"id": c.id, "before": c.before, "after": c.after} for c in changes]}
            for of, changes in fact.changes
        ],
    }
