"""A tree against one of the schemas: diagnostics at their places. The only importer of jsonschema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from kexecspec.diagnostics import MOST, Diagnostic, in_order
from kexecspec.formats import CHECKS
from kexecspec.resources import schema_path
from kexecspec.schema_says import Complaint, say
from kexecspec.tree import Node, plain

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError


_REFERENCE = re.compile(r"(?:([a-z-]+)\.schema\.json)?#/\$defs/(\w+)")
_MOST_FIT = 10_000
"""So many values are remembered as fit for some part of a schema."""
_SAYS_NOTHING = ("$ref", "$defs", "$id", "$schema", "title", "description")


def validate(node: Node, schema_name: str) -> tuple[Diagnostic, ...]:
    """Everything in which a tree departs from schemas/SCHEMA_NAME.schema.json; empty if nothing does.

    All errors at once, in reading order, at most as many as diagnostics.MOST.
    """
    validator = _validator(schema_name)
    complaints = [_complaint(error) for error in islice(validator.iter_errors(plain(node)), 4 * MOST)]
    mistyped = {complaint.path for complaint in complaints if complaint.keyword == "type"}
    return in_order(islice(_said(complaints, mistyped, node), 4 * MOST))


def _said(
    complaints: list[Complaint], mistyped: set[tuple[str | int, ...]], node: Node
) -> Iterator[Diagnostic]:
    """A value of the wrong type says so once; what else is wrong with it follows from that."""
    for complaint in complaints:
        if complaint.keyword == "type" or complaint.path not in mistyped:
            yield from say(complaint, node)


def _complaint(error: ValidationError) -> Complaint:
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    in_key = "propertyNames" in tuple(error.absolute_schema_path)[-3:-1]
    reason = str(error.cause) if error.cause is not None else ""
    keyword = str(error.validator)
    return Complaint(
        keyword, tuple(error.absolute_path), error.validator_value, error.instance, schema, in_key, reason
    )


@cache
def _validator(schema_name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    checker = FormatChecker(formats=())
    for name, check in CHECKS.items():
        checker.checks(name, raises=ValueError)(check)
    extended: Callable[..., type[Draft202012Validator]] = extend
    known = {"uniqueItems": _unique_items, "pattern": _pattern, "properties": _properties(set())}
    ours = extended(Draft202012Validator, known)
    return ours(_linked(_contents(schema_name), schema_name, {}), format_checker=checker)


def _properties(fit: set[tuple[int, type, object]]) -> Callable[..., Iterator[ValidationError]]:
    """As jsonschema's own, but of a thousand devices with one driver its name is looked at once: `fit` has single
    values of parts of a schema, which all live as long as it."""

    def properties(
        validator: Draft202012Validator, parts: Mapping[str, Any], instance: Any, _: object
    ) -> Iterator[ValidationError]:
        for name, part in parts.items() if isinstance(instance, dict) else ():
            if name not in instance:
                continue
            value = instance[name]
            one = isinstance(value, str | int | float | None)
            key = (id(part), type(value), value)
            if one and key in fit:
                continue
            wrong = list(validator.descend(value, part, path=name, schema_path=name))
            yield from wrong
            if one and not wrong and len(fit) < _MOST_FIT:
                fit.add(key)

    return properties


def _unique_items(_: object, wanted: bool, instance: object, __: object) -> Iterator[ValidationError]:
    """jsonschema's own check compares every item with every other; this one is linear."""
    from jsonschema.exceptions import ValidationError

    if wanted and isinstance(instance, list) and len({repr(item) for item in instance}) < len(instance):
        yield ValidationError("repeated")


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    """As jsonschema's own, but `$` is the very end: Python's lets a line end follow."""
    from jsonschema.exceptions import ValidationError

    strict = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and not re.search(strict, instance):
        yield ValidationError(f"it does not fit {pattern}")


@cache
def _contents(schema_name: str) -> Any:
    return json.loads(_text(schema_name))


@cache
def _text(schema_name: str) -> str:
    return schema_path(schema_name).read_text(encoding="utf-8")


def _linked(part: Any, home: str, known: dict[tuple[str, str], dict[str, Any]]) -> Any:
    """`part` of the schema called `home` with, in place of each reference, what it refers to: jsonschema looks a
    reference up for every value that it checks, which took half of its time. `known` has what was met before, so that
    a schema that refers to itself becomes one that has itself as a part."""
    if isinstance(part, list):
        return [_linked(item, home, known) for item in part]
    if not isinstance(part, dict):
        return part
    found = _REFERENCE.fullmatch(part["$ref"]) if isinstance(part.get("$ref"), str) else None
    if found is None:
        return {key: _linked(value, home, known) for key, value in part.items() if key != "$defs"}
    file, name = found[1] or home, found[2]
    if (file, name) not in known:
        known[file, name] = {}
        known[file, name].update(_linked(_contents(file)["$defs"][name], file, known))
    beside = {key: _linked(value, home, known) for key, value in part.items() if key not in _SAYS_NOTHING}
    return {"allOf": [known[file, name]], **beside} if beside else known[file, name]
