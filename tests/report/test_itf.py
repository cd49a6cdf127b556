"""Trace files: written, valid, read back, and refused where anything is wrong with them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from made_reports import leak, not_judged, prop, proved, refuted, report

from kexecspec.diagnostics import InputError
from kexecspec.ir.trace import Step, Trace
from kexecspec.report import itf_read
from kexecspec.report.itf import encoded, itf_text
from kexecspec.report.itf_read import read_trace
from kexecspec.report.trace_files import file_name, write_traces
from kexecspec.resources import schema_path

SCHEMA = json.loads(schema_path("trace").read_text(encoding="utf-8"))


def code_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_trace(str(path))
    return caught.value.diagnostics[0].code


def test_a_trace_comes_back_as_it_was(tmp_path: Path) -> None:
    finding = refuted()
    path = tmp_path / "t.itf.json"
    path.write_text(itf_text(report(finding), finding, "acme.yaml"))
    content = json.loads(path.read_text())
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(content)
    assert content["states"][0]["#meta"]["action"] == "init"
    assert content["states"][1]["#meta"] == {
        "index": 1,
        "action": "bnxt.probe",
        "actor": "bnxt",
        "parameters": ["bnxt", "probe"],
    }
    read = read_trace(str(path))
    assert read.trace == finding.trace and read.property_id == finding.property.id
    assert read.meta["platform"]["path"] == "acme.yaml"


def test_only_numbers_that_javascript_cannot_hold_are_bigints(tmp_path: Path) -> None:
    assert encoded(2**53 - 1) == 2**53 - 1 and encoded(True) is True
    assert encoded(-(2**53)) == {"#bigint": str(-(2**53))}
    big = Trace({"n": 2**60}, (Step("kexec", {"n": -(2**60)}),))
    finding = refuted(trace=big)
    path = tmp_path / "t.json"
    path.write_text(itf_text(report(finding), finding, "x"))
    Draft202012Validator(SCHEMA).validate(json.loads(path.read_text()))
    assert read_trace(str(path)).trace == big


def test_one_file_for_each_refuted_finding(tmp_path: Path) -> None:
    made = report(refuted(), leak(), proved(), not_judged(), path=str(tmp_path / "acme.yaml"))
    written = write_traces(made, tmp_path / "traces" / "deep")
    names = sorted(file.name for file in (tmp_path / "traces" / "deep").iterdir())
    assert names == ["KX102-bnxt-kexec.itf.json", "KX103-bnxt-kexec.itf.json"]
    assert [finding for finding, _ in written] == ["KX103/bnxt@kexec", "KX102/bnxt@kexec"]
    assert read_trace(written[0][1]).meta["platform"]["path"] == "../../acme.yaml"


def test_names_are_plain_and_never_collide(tmp_path: Path) -> None:
    taken: set[str] = set()
    for parts, name in (
        (("KX103", "../../etc", "kexec"), "KX103-.._.._etc-kexec.itf.json"),
        (("KX103", "..\\..%etc", "kexec"), "KX103-.._.._etc-kexec-2.itf.json"),
        (("kx103", ".._.._ETC", "kexec"), "kx103-.._.._ETC-kexec-3.itf.json"),
        (("", "..", ""), "trace.itf.json"),
    ):
        made = file_name(parts, taken)
        taken.add(made.lower())
        assert made == name
    assert len(file_name(("x" * 500,), set())) < 160
    same = [refuted(), refuted()]
    same[1] = refuted(property=prop("KX103", "bn/xt"))
    assert len(write_traces(report(refuted(property=prop("KX103", "bn xt")), same[1]), tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 2


def _changed(change: Callable[[dict[str, Any]], object]) -> str:
    finding = refuted(rounds=1)
    content = json.loads(itf_text(report(finding), finding, "acme.yaml"))
    change(content)
    return json.dumps(content)


WRONG: dict[str, tuple[str, str]] = {
    "empty": ("", "KX025"),
    "no json": ("{", "KX025"),
    "a list": ("[]", "KX025"),
    "too deep": ("[" * 100_000, "KX025"),
    "a huge number": ('{"a": ' + "1" * 5000 + "}", "KX025"),
    "not a number": ('{"a": NaN}', "KX025"),
    "a fraction": ('{"a": 1.5}', "KX025"),
    "a key twice": ('{"a": 1, "a": 2}', "KX025"),
    "no meta": ("{}", "KX025"),
    "another form": (_changed(lambda c: c["#meta"].update(schema="kexecspec/trace/2")), "KX021"),
    "a form that is no text": (_changed(lambda c: c["#meta"].update(schema=[1])), "KX021"),
    "no platform": (_changed(lambda c: c["#meta"].pop("platform")), "KX025"),
    "a platform path that is no text": (_changed(lambda c: c["#meta"]["platform"].update(path=1)), "KX025"),
    "no states": (_changed(lambda c: c.update(states=[])), "KX025"),
    "variables that are no names": (_changed(lambda c: c.update(vars=[1])), "KX025"),
    "a variable twice": (_changed(lambda c: c["vars"].append("phase")), "KX025"),
    "a state that lacks a variable": (_changed(lambda c: c["states"][1].pop("phase")), "KX025"),
    "a state with a stranger": (_changed(lambda c: c["states"][1].update(x=1)), "KX025"),
    "a state that is none": (_changed(lambda c: c["states"].append(3)), "KX025"),
    "no action": (_changed(lambda c: c["states"][1]["#meta"].pop("action")), "KX025"),
    "a wrong index": (_changed(lambda c: c["states"][1]["#meta"].update(index=7)), "KX025"),
    "no init": (_changed(lambda c: c["states"][0]["#meta"].update(action="kexec")), "KX025"),
    "a value of no kind": (_changed(lambda c: c["states"][1].update(phase=[])), "KX025"),
    "a bigint of letters": (_changed(lambda c: c["states"][1].update(phase={"#bigint": "0x1"})), "KX025"),
    "a bigint without end": (_changed(lambda c: c["states"][1].update(phase={"#bigint": "1" * 99})), "KX025"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_trace_is_refused(name: str, tmp_path: Path) -> None:
    text, code = WRONG[name]
    path = tmp_path / "t.json"
    path.write_text(text)
    assert code_of(path) == code


def test_files_that_cannot_be_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert code_of(tmp_path) == "KX014"
    assert code_of(tmp_path / "none") == "KX013"
    many = tmp_path / "many"
    many.write_text("[" + "[]," * 5_000_000 + "0]")
    begun = time.process_time()
    assert code_of(many) == "KX018" and time.process_time() - begun < 2
    monkeypatch.setattr(itf_read, "LARGEST", 10)
    path = tmp_path / "t.json"
    path.write_text(" " * 11)
    assert code_of(path) == "KX018"
