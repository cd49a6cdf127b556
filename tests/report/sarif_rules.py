"""What SARIF 2.1.0 (OASIS, errata 01) says of the objects that we write, in a JSON schema of our own words.

Closed everywhere: a key that is not named here is one that nobody looked up. `make consumers` has Microsoft's validator
look at the same files.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def _object(required: str, optional: str = "", **keys: Json) -> Json:
    assert set(required.split()) | set(optional.split()) == set(keys)
    return {"type": "object", "properties": keys, "required": required.split(), "additionalProperties": False}


def _list(items: Json, least: int = 0) -> Json:
    return {"type": "array", "items": items, "minItems": least}


TEXT: Json = {"type": "string", "minLength": 1}
MESSAGE = _object("text", text=TEXT)
COUNT: Json = {"type": "integer", "minimum": 0}
ONE_BASED: Json = {"type": "integer", "minimum": 1}
URI: Json = {"type": "string", "pattern": r"^[A-Za-z0-9._~/%!$&'()*+,;=@-]+$"}
LEVEL: Json = {"enum": ["none", "note", "warning", "error"]}
PHYSICAL = _object(
    "artifactLocation region",
    artifactLocation=_object("uri", "uriBaseId", uri=URI, uriBaseId={"const": "%SRCROOT%"}),
    region=_object("startLine startColumn", startLine=ONE_BASED, startColumn=ONE_BASED),
)
LOGICAL = _object("fullyQualifiedName kind", fullyQualifiedName=TEXT, kind=TEXT)
LOCATION = _object(
    "physicalLocation", "message logicalLocations",
    physicalLocation=PHYSICAL, message=MESSAGE, logicalLocations=_list(LOGICAL),
)  # fmt: skip
STEP = _object(
    "location", "executionOrder nestingLevel importance",
    location=LOCATION, executionOrder=COUNT, nestingLevel=COUNT,
    importance={"enum": ["important", "essential", "unimportant"]},
)  # fmt: skip
RESULT = _object(
    "ruleId ruleIndex kind level message locations partialFingerprints",
    "codeFlows properties suppressions",
    ruleId=TEXT, ruleIndex=COUNT, kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
    level=LEVEL, message=MESSAGE, locations=_list(LOCATION, 1),
    partialFingerprints={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
    codeFlows={**_list(_object("threadFlows", threadFlows={**_list(_object("locations", locations=_list(STEP, 1)), 1),
                                                           "maxItems": 1}), 1), "maxItems": 1},
    properties={"type": "object"},
    suppressions=_list(_object("kind", "status justification", kind={"enum": ["inSource", "external"]},
                               status={"enum": ["accepted", "underReview", "rejected"]}, justification=TEXT), 1),
)  # fmt: skip
RESULT["allOf"] = [
    {"if": {"properties": {"level": {"enum": ["note", "warning", "error"]}}}, "then": {
        "properties": {"kind": {"const": "fail"}}}},
]  # fmt: skip
"""A level other than none goes with the kind `fail` only (3.27.10)."""
RULE = _object(
    "id shortDescription", "name fullDescription help properties",
    id=TEXT, name={"type": "string", "pattern": "^([A-Z][a-z0-9]*)+$"}, shortDescription=MESSAGE,
    fullDescription=MESSAGE, help=MESSAGE,
    properties=_object("tags", tags=_list(TEXT)),
)  # fmt: skip
NOTIFICATION = _object("level message", "locations", level=LEVEL, message=MESSAGE, locations=_list(LOCATION))
SCHEMA = _object(
    "$schema version runs",
    **{
        "$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"},
        "version": {"const": "2.1.0"},
        "runs": _list(
            _object(
                "tool columnKind invocations results",
                tool=_object("driver", driver=_object("name semanticVersion rules", name=TEXT, rules=_list(RULE),
                             semanticVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+"})),
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                invocations=_list(_object("executionSuccessful", "toolExecutionNotifications",
                                  executionSuccessful={"type": "boolean"},
                                  toolExecutionNotifications=_list(NOTIFICATION)), 1),
                results=_list(RESULT),
            ), 1),
    },
)  # fmt: skip
