"""Nothing that the rules speak of is left out: each operation can be performed, each variable is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kexecspec.library import library
from kexecspec.replay.observe import OBSERVED, UNOBSERVED
from kexecspec.replay.perform import PERFORMED
from kexecspec.replay.suffered import MEANS

COMPONENTS = tuple(spec.content for spec in library().all("components"))
HANDOFFS = ("begin", "jump", "reset", "crash", "bound", "deferred")


def operations() -> Iterator[str]:
    for component in COMPONENTS:
        yield from component.get("operations", {})
        for rule in component.get("rules", {}).values():
            if "does" in rule:
                yield str(rule["does"][1])
    yield from HANDOFFS


def variables() -> Iterator[tuple[str, str]]:
    for component in COMPONENTS:
        for name in component.get("variables", {}):
            yield str(component["for"]), str(name)
    yield "machine", "taken"


@pytest.mark.parametrize("operation", sorted(set(operations())))
def test_every_operation_of_the_rules_can_be_performed(operation: str) -> None:
    assert operation in PERFORMED


@pytest.mark.parametrize(("kind", "name"), sorted(set(variables())))
def test_every_variable_of_the_rules_is_looked_at_or_the_reason_is_given(kind: str, name: str) -> None:
    assert name in OBSERVED[kind] or f"{kind}.{name}" in UNOBSERVED


def test_nothing_is_performed_or_looked_at_that_no_rule_speaks_of() -> None:
    known = set(operations())
    stated = set(variables())

    assert set(PERFORMED) <= known
    assert {(kind, name) for kind, names in OBSERVED.items() for name in names} <= stated


def test_every_rule_with_an_effect_says_what_the_machine_does() -> None:
    rules: list[tuple[str, Any]] = [item for c in COMPONENTS for item in c.get("rules", {}).items()]

    assert [name for name, rule in rules if "does" not in rule] == []


def test_every_property_has_a_harm_that_confirms_it() -> None:
    assert set(MEANS) == {str(spec.content["property"]) for spec in library().all("properties")}
