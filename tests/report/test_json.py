"""The JSON format against its shipped schema."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from made_reports import disagreeing, leak, not_judged, proved, refuted, report, unknown, unmet, vacuous

from kexecspec.diagnostics import Diagnostic, Span
from kexecspec.findings import Excused, Fault, Waiver
from kexecspec.ir.system import Place
from kexecspec.ir.verdict import Lap
from kexecspec.report import Look, Outcome
from kexecspec.report.as_json import as_json
from kexecspec.resources import schema_path

SCHEMA = json.loads(schema_path("report").read_text(encoding="utf-8"))
WAIVER = Waiver("KX106/bnxt", "so", "A. Person", date(2026, 1, 1), None, Place("boards/acme.yaml", 40, 5))
EVERYTHING = report(
    proved(),
    refuted(lap=Lap(3, 2, 2, "tee.stale", 96)),
    leak(),
    unknown(),
    vacuous(),
    not_judged(),
    disagreeing(),
    refuted("KX302", handoffs_range=(3, 7), decided_by=(("eth0.bus_master", True),)),
    unmet=(unmet(),),
    met=1,
    objections=("something",),
    excused={"a": Excused("KX102/bnxt@kexec", "waiver", "so", "A. Person", date(2027, 1, 1), WAIVER.place)},
    faults=(Fault("expired", WAIVER, "it was good until 2026-01-01"),),
    gone=("KX105/bnxt@kexec",),
)
WRONG = Outcome("x.yaml", None, (Diagnostic("KX001", "not YAML", Span("x.yaml", 3, 2), ("a note",), "help"),))


def valid(text: str) -> Any:
    content = json.loads(text)
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(content)
    return content


def test_every_kind_of_finding_is_valid() -> None:
    content = valid(as_json([Outcome("a", EVERYTHING)], Look()))
    assert content["schema"] == "kexecspec/report/1" and content["verdict"] == "REFUTED"
    assert len(content["findings"]) == len(EVERYTHING.findings)


def test_the_keys_that_were_promised() -> None:
    content = valid(as_json([Outcome("a", report(refuted(), leak()), (), (("KX103/bnxt@kexec", "t.json"),))], Look()))
    first, second = content["findings"]
    assert (first["code"], first["instance"], first["handoff"], first["verdict"]) == (
        "KX103",
        "bnxt",
        "kexec",
        "REFUTED",
    )
    assert first["trace"]["handoffs"] == 4 and first["trace"]["file"] == "t.json"
    step = first["trace"]["steps"][0]
    assert step["at"] == {"path": "specs/drivers/tee_bnxt_fw.yaml", "line": 17}
    assert step["changed"] == {"bnxt.held": {"from": False, "to": True}}
    assert first["replay"]["outcome"] == "CONFIRMED" and "error -22" in first["replay"]["log"][0]
    assert second["becomes"] == {"code": "KX103", "handoffs": 4} and first["becomes"] is None


def test_several_files_are_a_list_and_a_wrong_one_stands_in_it() -> None:
    content = valid(as_json([Outcome("a", report(proved())), WRONG], Look()))
    assert [one["verdict"] for one in content] == ["PROVED", "INPUT_ERROR"]
    assert content[1]["errors"][0]["line"] == 3
    assert valid(as_json([WRONG], Look()))["findings"] == []


def test_the_text_is_ascii() -> None:
    assert as_json([Outcome("a", report(proved(), platform="caf\u00e9\u202e"))], Look()).isascii()


@pytest.mark.parametrize("key", ["findings", "verdict", "hashes"])
def test_the_schema_misses_a_key(key: str) -> None:
    content = json.loads(as_json([Outcome("a", report(proved()))], Look()))
    del content[key]
    assert not Draft202012Validator(SCHEMA).is_valid(content)
