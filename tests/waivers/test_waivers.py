"""Waivers: what they excuse, when they are faults, and that every format agrees on it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kexecspec.findings import Fault, Finding, Report, Waiver
from kexecspec.ir.system import Place
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.report.entries import Level, entries
from kexecspec.report.outcome import counting, exit_code
from kexecspec.waivers.excuse import excuse
from tests.conftest import Run
from tests.report.made_reports import disagreeing, leak, proved, refuted, report, unknown, vacuous

TODAY = date(2026, 11, 21)
STORY = """\
schema: kexecspec/platform/1
platform: acme
secure_world: {optee: 3.13.0, abi: smc, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices: {bnxt: {driver: tee_bnxt_fw}}
kernels: {prod: {version: 5.10.19}}
handoffs: [prod -systemctl kexec-> prod]
"""


def waiver(finding: str, until: date | None = date(2027, 1, 1), **more: object) -> Waiver:
    made = Waiver(finding, "the board reboots weekly", "A. Person", until, None, Place("boards/acme.yaml", 40, 5))
    return replace(made, **more)


def excused(found: Report, *waivers: Waiver, **more: object) -> Report:
    return excuse(replace(found, waivers=waivers), (), TODAY, **more)


def kinds(found: Report) -> list[str]:
    return [fault.kind for fault in found.faults]


def test_a_waived_finding_does_not_count() -> None:
    found = excused(report(proved(), leak()), waiver("KX102/bnxt@kexec"))
    assert exit_code(report(proved(), leak())) == 1 and exit_code(found) == 0
    assert kinds(found) == [] and list(found.excused) == ["KX102/bnxt@kexec"]


@pytest.mark.parametrize("finding", [refuted(), unknown(), vacuous()], ids=["refuted", "unknown", "vacuous"])
def test_what_can_be_waived(finding: Finding) -> None:
    assert exit_code(excused(report(proved(), finding), waiver(finding.property.id))) == 0


def test_the_last_day_is_the_last_day() -> None:
    for until, code in ((TODAY, 0), (date(2026, 11, 20), 1)):
        assert exit_code(excused(report(leak()), waiver("KX102/bnxt@kexec", until))) == code


FAULTS = {
    "expired": (report(leak()), waiver("KX102/bnxt@kexec", date(2026, 1, 1))),
    "unused": (report(proved("KX102")), waiver("KX102/bnxt@kexec")),
    "too broad": (report(leak(), replace(leak(), property=replace(leak().property, instance="eth0"))), waiver("KX102")),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_waiver_that_is_wrong_is_a_finding_and_hides_nothing(kind: str) -> None:
    found = excused(FAULTS[kind][0], FAULTS[kind][1])
    assert kinds(found) == [kind] and not found.excused and exit_code(found) == 1
    entry = next(one for one in entries([Outcome("a", found)], Look()) if one.rule == "waiver")
    assert entry.level is Level.ERROR and entry.place.line == 40


def test_a_note_and_a_name_that_is_not_there_leave_a_waiver_unused() -> None:
    assert kinds(excused(report(refuted("KX302", severity="note")), waiver("KX302/bnxt@kexec"))) == ["unused"]
    assert kinds(excused(report(leak()), waiver("KX102/eth9@kexec"))) == ["unused"]


def test_what_was_not_asked_says_nothing_about_a_waiver() -> None:
    found = report(leak())
    assert kinds(excused(found, waiver("KX301/bnxt@kexec"), only=("KX102",))) == []
    assert kinds(excused(found, waiver("KX301/bnxt@kexec"))) == ["unused"]


def test_a_waiver_ends_when_every_kernel_has_the_fix() -> None:
    mended = waiver("KX102/bnxt@kexec", None, fixed_by="tee-bnxt-shutdown")
    for old, code in ((frozenset[str](), 0), (frozenset(["tee-bnxt-shutdown"]), 1)):
        features = {"prod": frozenset(["tee-bnxt-shutdown"]), "kdump": old}
        found = excused(replace(report(leak()), features=features), mended)
        assert exit_code(found) == code and kinds(found) == ["expired"] * code


def test_a_finding_that_stands_for_many_is_waived_one_by_one() -> None:
    many = replace(leak(), alike=("eth0", "eth1"))
    names = ("KX102/bnxt@kexec", "KX102/eth0@kexec", "KX102/eth1@kexec")
    some = excused(report(many), *map(waiver, names[:2]))
    assert exit_code(some) == 1 and kinds(some) == [] and counting(some) == (many,)
    assert "for 2 of 3: waived by A. Person" in REPORTERS["text"]([Outcome("a", some)], Look()).replace("\n     ", "")
    assert exit_code(excused(report(many), *map(waiver, names))) == 0
    assert kinds(excused(report(many), waiver("KX102@kexec"))) == ["too broad"]


def test_what_the_tool_itself_doubts_cannot_be_waived() -> None:
    found = report(disagreeing())
    assert exit_code(excused(found, waiver("KX104/bnxt@kexec"))) == 4


@pytest.mark.parametrize("form", sorted(set(REPORTERS) - {"itf", "svg", "mermaid"}))
def test_every_format_says_who_waived_what(form: str) -> None:
    found = excused(report(proved(), leak()), waiver("KX102/bnxt@kexec"))
    text = REPORTERS[form]([Outcome("a", found)], Look())
    if form == "lore":
        assert text.startswith("Subject: [kexecspec] acme-r1: PASS, 1 of 1 proved, 1 waived\n")
    else:
        assert "A. Person" in text.replace("A\\. Person", "A. Person")
    if form == "sarif":
        result = json.loads(text)["runs"][0]["results"][1]
        assert (result["kind"], result["level"]) == ("fail", "error")
        assert result["suppressions"][0]["status"] == "accepted"


def test_in_a_platform_file(run: Run, tmp_path: Path) -> None:
    own = "waivers:\n  - {finding: KX102/bnxt, reason: so, by: A. Person, until: 2027-01-01}\n"
    (tmp_path / "a.yaml").write_text(STORY + own)
    late = run("check", "a.yaml", "--only", "KX102", "--today", "2027-01-02")
    assert late.code == 1 and "a.yaml:8:15: expired waiver of KX102/bnxt (by A. Person)" in late.out


def test_in_a_file_of_their_own_for_several_platforms(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(STORY)
    (tmp_path / "b.yaml").write_text(STORY.replace("platform: acme", "platform: other"))
    (tmp_path / "w.yaml").write_text(
        "schema: kexecspec/waivers/1\nwaivers:\n"
        "  - {platform: acme, finding: KX102/bnxt, reason: so, by: A. Person, fixed_by: commit dc7019b7d0e1}\n"
        "  - {platform: third, finding: KX102/bnxt, reason: so, by: A. Person, until: 2001-01-01}\n"
    )
    done = run("check", "a.yaml", "b.yaml", "--only", "KX102", "--waivers", "w.yaml")
    assert done.code == 1 and "PASS  acme: no error-severity" in done.out and "FAIL  other: 1 refuted" in done.out


WRONG = {
    "{finding: KX999/x, reason: a, by: b, until: 2027-01-01}": "unknown property 'KX999'",
    "{finding: KX102/x, reason: a, by: b, until: 2027-02-30}": "there has to be such a day",
    "{finding: KX102/x, reason: a, by: b}": "'until' is missing",
    "{finding: KX102/x, reason: a, until: 2027-01-01}": "'by' is missing",
    "{finding: KX102/x, by: b, until: 2027-01-01}": "'reason' is missing",
    "{finding: KX102/x, reason: a, by: b, fixed_by: tee-bnxt-shutdwn}": "unknown kernel feature 'tee-bnxt-shutdwn'",
    "{finding: KX102/x, reason: a, by: b, fixed_by: commit 000000000000}": "nobody would notice",
    "{finding: 102, reason: a, by: b, until: 2027-01-01}": "in quotes it is text",
}  # fmt: skip


@pytest.mark.parametrize("entry", WRONG)
def test_what_is_wrong_with_a_waiver_is_said_at_its_place(run: Run, tmp_path: Path, entry: str) -> None:
    (tmp_path / "a.yaml").write_text(STORY)
    named = entry.replace("{", "{platform: acme, ", 1)
    (tmp_path / "w.yaml").write_text(f"schema: kexecspec/waivers/1\nwaivers:\n  - {named}\n")
    done = run("check", "a.yaml", "--waivers", "w.yaml")
    assert done.code == 2 and WRONG[entry] in done.err and "w.yaml:3:" in done.err and done.out == ""
    (tmp_path / "p.yaml").write_text(f"{STORY}waivers:\n  - {entry}\n")
    done = run("check", "p.yaml")
    assert done.code == 2 and WRONG[entry] in done.err and "p.yaml:8:" in done.err


def test_today_is_a_day(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(STORY)
    assert "write a day such as 2027-03-31" in run("check", "a.yaml", "--today", "tomorrow").err


def test_a_fault_has_a_kind_of_three() -> None:
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text())
    kinds = schema["$defs"]["report"]["properties"]["faults"]["items"]["properties"]["kind"]["enum"]
    assert kinds == ["expired", "unused", "too broad"] and Fault.__annotations__["kind"] == "str"
