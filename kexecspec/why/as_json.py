"""The reasons of proofs as JSON: schemas/why.schema.json says what each key means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kexecspec.ir.system import Place
from kexecspec.why.explained import Explained, Why
from kexecspec.why.origins import Origin
from kexecspec.why.reasons import Need, unneeded
from kexecspec.why.words import fact

SCHEMA = "kexecspec/why/1"
Json = dict[str, Any]


def as_json(found: Sequence[Why]) -> str:
    """One object, or a list for a platform whose unknown facts may be in several ways; ASCII."""
    made = [_why(why) for why in found]
    return json.dumps(made[0] if len(made) == 1 else made, indent=2, ensure_ascii=True) + "\n"


def _why(why: Why) -> Json:
    proofs = [one.reasons for one in why.explained if one.reasons is not None]
    needed = {need.fact.name for one in proofs for need in one.needs}
    return {
        "schema": SCHEMA,
        "platform": why.platform,
        "path": why.path,
        "filled": dict(why.filled),
        "findings": [_explained(why, one) for one in why.explained],
        "unneeded": list(unneeded(proofs)),
        "lines": [_origin(origin, needed) for origin in why.lines],
        "features": [_origin(origin, needed) for origin in why.features],
        "numbers": dict(why.numbers),
    }


def _explained(why: Why, one: Explained) -> Json:
    return {
        "id": one.about.id,
        "verdict": one.verdict.value,
        "vacuous": one.vacuous,
        "minimal": None if one.reasons is None else one.reasons.minimal,
        "of": None if one.reasons is None else len(one.reasons.of),
        "needs": None if one.reasons is None else [_need(why, need) for need in one.reasons.needs],
        "tried": [
            {"name": t.name, "value": t.value, "other": t.other, "verdict": t.verdict.value, "handoffs": t.handoffs}
            for t in one.tried
        ],
    }


def _need(why: Why, need: Need) -> Json:
    wrong = need.wrong
    return {
        "fact": need.fact.name,
        "value": need.fact.value,
        "says": fact(need.fact),
        "at": _at(why.items.get(need.fact.name)),
        "without": None
        if wrong is None
        else {
            "otherwise": dict(wrong.otherwise),
            "handoffs": wrong.handoffs,
            "steps": [step.rule for step in wrong.trace.steps],
        },
    }


def _origin(origin: Origin, needed: set[str]) -> Json:
    return {
        "what": origin.what,
        "at": _at(origin.place),
        "decides": sorted(origin.facts),
        "needed": bool(origin.facts & needed),
    }


def _at(place: Place | None) -> Mapping[str, object] | None:
    return None if place is None else {"path": place.path, "line": place.line}
