"""Components, properties and policies: well-formed, complete, and agreeing with each other."""

from __future__ import annotations

import pytest

from kexecspec.ir.language import parse
from kexecspec.library import Spec, library
from kexecspec.schema import validate

FOLDERS = {"components": "component", "properties": "property", "policies": "policy"}
SPECS = [(schema, spec) for folder, schema in FOLDERS.items() for spec in library().all(folder)]


@pytest.mark.parametrize(("schema", "spec"), SPECS, ids=[spec.path for _, spec in SPECS])
def test_a_specification_fits_its_schema(schema: str, spec: Spec) -> None:
    assert validate(spec.node, schema) == ()


def test_every_expression_is_in_the_rule_language() -> None:
    texts = []
    for component in library().all("components"):
        content = component.content
        parts = ("initial", "at_handoff", "at_begin")
        texts += [v[k] for v in content.get("variables", {}).values() for k in parts if k in v]
        texts += [r["when"] for r in content.get("rules", {}).values()]
        texts += [e for r in content.get("rules", {}).values() for e in r["then"].values()]
        texts += list(content.get("invariants", {}).values())
    for prop in library().all("properties"):
        texts += [i[k] for i in prop.content["instances"] for k in ("violated", "premise")]

    assert len(texts) > 100
    for text in texts:
        parse(str(text))


def test_a_property_is_named_like_its_file_and_the_policy_knows_it() -> None:
    policy = library().spec("policies", "default")
    assert policy is not None

    names = [spec.name for spec in library().all("properties")]

    assert [spec.content["property"] for spec in library().all("properties")] == names
    assert sorted(policy.content["severity"]) == names


def test_every_hook_operation_has_a_meaning_or_is_known_to_have_none() -> None:
    given = {name for c in library().all("components") for name in c.content.get("operations", {})}
    silent = {"tee_client_open_context", "tee_client_close_context", "dma_map"}

    used = {
        item if isinstance(item, str) else item["do"]
        for driver in library().all("drivers")
        for hook in ("probe", "shutdown")
        for item in driver.content.get("hooks", {}).get(hook, ())
    }

    assert used - given == silent & used


def test_every_step_of_an_operation_and_of_a_rule_is_told_in_words_of_its_own() -> None:
    """A step without words would show people the rule's raw name; one text for two ways would be false of one."""
    told: dict[str, str] = {}
    for component in library().all("components"):
        for name, operation in component.content.get("operations", {}).items():
            told |= {f"{name}.{way}": str(v.get("says", "")) for way, v in operation.items() if way != "sources"}
        told |= {name: str(rule.get("says", "")) for name, rule in component.content.get("rules", {}).items()}

    assert len(told) > 60
    assert [name for name, says in told.items() if not says] == []
    for component in library().all("components"):
        for name, operation in component.content.get("operations", {}).items():
            ways = [told[f"{name}.{way}"] for way in operation if way != "sources"]
            assert len(set(ways)) == len(ways), name
