"""Unknown facts are ordered by the verdicts that they would change, and each says how it is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kexecspec.exposure.measure import measure_of, measures
from kexecspec.library import library
from kexecspec.resources import schemas_root, specs_root
from kexecspec.schema import validate
from kexecspec.source import load
from tests.conftest import Run
from tests.goldens import ROOT

OPEN = """\
schema: kexecspec/platform/1
extends: {base}
platform: open
devices:
  nic: {{iova: unknown, quiesced_by: unknown}}
"""


def open_platform() -> str:
    base = (ROOT / "examples/smmu-shutdown-modes/v2-bypass-linux-running.yaml").read_text()
    Path("base.yaml").write_text(base.partition("expect:")[0])
    Path("open.yaml").write_text(OPEN.format(base="base.yaml"))
    return "open.yaml"


def test_facts_come_by_how_many_verdicts_they_change(run: Run) -> None:
    ran = run("exposure", open_platform(), "--format", "json")

    told = json.loads(ran.out)
    assert ran.code == 0, ran.err
    flips = [(one["measure"]["name"], len(one["flips"])) for one in told["unknown"]]
    assert flips == sorted(flips, key=lambda pair: -pair[1]) and len(flips) == 2
    by_fact = {fact["name"]: fact["values"] for one in told["unknown"] for fact in one["facts"]}
    still = [c["after"] for v in by_fact["devices.nic.quiesced_by"] if v["value"] == "core" for c in v["changes"]]
    assert still and set(still) == {"PROVED"}
    hits = {v["value"]: {c["id"]: c["after"] for c in v["changes"]} for v in by_fact["nic.iova_hits_ram"]}
    assert hits[True]["KX301/nic@kexec"] == "REFUTED" and hits[False]["KX301/nic@kexec"] == "PROVED"


def test_a_flip_is_what_a_check_says_with_the_fact_known(run: Run) -> None:
    told = json.loads(run("exposure", open_platform(), "--format", "json").out)
    changed = next(
        value for one in told["unknown"] for fact in one["facts"] if fact["name"] == "devices.nic.quiesced_by"
        for value in fact["values"] if value["value"] == "core"
    )  # fmt: skip
    text = Path("open.yaml").read_text().replace("quiesced_by: unknown", "quiesced_by: core")
    Path("known.yaml").write_text(text)

    report = json.loads(run("check", "known.yaml", "--format", "json").out)

    verdicts = {f"{f['code']}/{f['instance']}@{f['handoff']}": f["verdict"] for f in report["findings"]}
    for change in changed["changes"]:
        assert verdicts[change["id"]] == change["after"], change


def test_what_the_budget_leaves_out_is_said(run: Run) -> None:
    ran = run("exposure", open_platform(), "--budget", "0")

    assert ran.code == 3
    assert "not tried, the budget was spent (--budget): nic.iova_hits" in ran.out


def test_every_fact_that_may_be_unknown_says_how_it_is_measured() -> None:
    known = measures(library())
    silent = ("confidence", "from")
    places = sorted(place for place in _open_places() if not any(word in place.split(".") for word in silent))

    assert len(places) > 40
    assert [place for place in places if measure_of(place.replace("#", "0"), known) is None] == []


def test_facts_that_no_place_says_are_measured_too(run: Run) -> None:
    ran = run("exposure", ROOT / "examples/shared-span/streams-unknown.yaml", "--format", "json", "--budget", "0")

    facts = {fact["name"]: one["measure"] for one in json.loads(ran.out)["unknown"] for fact in one["facts"]}
    assert facts and None not in facts.values()
    assert facts["mmu.spans_shared"]["name"] == "streams"


def test_the_measurements_fit_their_schema() -> None:
    for path in sorted((specs_root() / "measure").glob("*.yaml")):
        assert list(validate(load(str(path)), "measure")) == []


def _open_places() -> set[str]:
    """The places of a platform file that may say `unknown`, as its schema has it."""
    documents = {path.name: json.loads(path.read_text()) for path in schemas_root().glob("*.json")}
    return set(_walk(documents, "platform.schema.json", documents["platform.schema.json"], "", 0))


def _walk(documents: dict[str, Any], name: str, node: Any, path: str, depth: int) -> Iterator[str]:
    if depth > 14 or not isinstance(node, dict):
        return
    said = [node.get("const"), *node.get("enum", ()), *str(node.get("format", "")).split("-or-")[1:]]
    if "unknown" in said or str(node.get("pattern", "")).startswith("^(unknown"):
        yield path
    if "$ref" in node:
        file, _, place = node["$ref"].partition("#")
        file = file or name
        found = documents[file]
        for key in filter(None, place.split("/")):
            found = found[key]
        yield from _walk(documents, file, found, path, depth + 1)
    for key in ("if", "then", "else", "allOf", "anyOf"):
        for each in node[key] if isinstance(node.get(key), list) else [node.get(key)]:
            yield from _walk(documents, name, each, path, depth + 1)
    for key, each in node.get("properties", {}).items():
        yield from _walk(documents, name, each, f"{path}.{key}".strip("."), depth + 1)
    yield from _walk(documents, name, node.get("additionalProperties"), f"{path}.*", depth + 1)
    yield from _walk(documents, name, node.get("items"), f"{path}.#", depth + 1)
