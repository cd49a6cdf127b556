"""specs/calls: its form, that no function stands in two tables, and that each says where it was read."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from kexecspec.importers.source.tables import usual_tables
from kexecspec.library import library

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = [json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text()) for name in ("calls", "driver")]
FILES = sorted((ROOT / "specs/calls").glob("*.yaml"))


def load(name: str) -> dict[str, Any]:
    content = yaml.safe_load((ROOT / f"specs/calls/{name}.yaml").read_text())
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_the_form(path: Path) -> None:
    registry: Any = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in SCHEMAS)
    validator = Draft202012Validator(SCHEMAS[0], registry=registry)
    assert [e.message for e in validator.iter_errors(load(path.stem))] == []


def test_no_function_is_said_to_stop_and_to_keep() -> None:
    stops = load("stops")
    named = [*chain.from_iterable(e["calls"] for e in stops["stops"]), *stops["writes"]["calls"]]
    assert len(named) == len(set(named))
    kept = [str(name) for e in load("keeps")["keeps"] for name in e["like"]]
    assert len(kept) == len(set(kept))
    assert not set(named) & {name.rstrip("*") for name in kept}


def test_a_call_shows_one_kind_and_features_are_those_of_the_library() -> None:
    kinds = load("kinds")["kinds"]
    named = [*chain.from_iterable(e["calls"] for e in kinds)]
    assert len(named) == len(set(named))
    assert {e["core"]["feature"] for e in kinds if "feature" in e.get("core", {})} <= set(library().features)


@pytest.mark.parametrize(
    ("name", "word"),
    [("pci_clear_master", "stops"), ("writel", "writes"), ("acme_core_writel", "writes"), ("dev_err_probe", "keeps"),
     ("mutex_lock", "keeps"), ("clk_disable_unprepare", "perhaps"), ("pm_runtime_force_suspend", "follows"),
     ("acme_stop", None), ("stream_stop", None), ("update_hw", None), ("maximum", None)],
)  # fmt: skip
def test_what_is_declared_of_a_function(name: str, word: str | None) -> None:
    said = usual_tables().said(name)
    assert (said.word if said else None) == word
