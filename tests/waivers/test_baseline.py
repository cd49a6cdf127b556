"""An earlier report as a baseline: only what is new or worse counts, and what is hidden is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.diagnostics import InputError
from kexecspec.findings import Finding, Report
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.report.outcome import exit_code
from kexecspec.waivers.baseline import compare, read_baseline
from tests.conftest import Run
from tests.report.made_reports import leak, proved, refuted, report, unknown, unmet, vacuous


def against(before: Report, now: Report, folder: Path) -> Report:
    file = folder / "before.json"
    file.write_text(REPORTERS["json"]([Outcome("a", before)], Look()))
    return compare(now, read_baseline(str(file)))


def test_what_was_there_does_not_count_and_what_is_new_does(tmp_path: Path) -> None:
    same = against(report(leak(), proved()), report(leak(), proved()), tmp_path)
    assert exit_code(same) == 0 and list(same.excused) == ["KX102/bnxt@kexec"]
    assert exit_code(against(report(leak()), report(leak(), refuted()), tmp_path)) == 1


CHANGES: dict[str, tuple[Finding, Finding, bool]] = {
    "refuted where it was unknown": (replace(unknown(), property=leak().property), leak(), False),
    "unknown where it was refuted": (leak(), replace(unknown(), property=leak().property), True),
    "after fewer handoffs": (refuted(rounds=4), refuted(rounds=2), False),
    "after more handoffs": (refuted(rounds=2), refuted(rounds=4), True),
    "empty where it was refuted": (refuted("KX106"), vacuous(), False),
    "empty as before": (vacuous(), vacuous(), True),
    "an error that was a note": (refuted(severity="note"), refuted(), False),
    "one more that is like it": (leak(), replace(leak(), alike=("eth0",)), False),
    "one that was like another": (replace(refuted(), alike=("bnxt", "x")), refuted(), True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_worse_is_new(change: str, tmp_path: Path) -> None:
    before, now, hidden = CHANGES[change]
    code = exit_code(against(report(proved("KX999"), before), report(proved("KX999"), now), tmp_path))
    assert (code == 0) == hidden


def test_another_platform_hides_nothing(tmp_path: Path) -> None:
    assert exit_code(against(report(leak(), platform="other"), report(leak()), tmp_path)) == 1


def test_what_is_no_finding_is_not_hidden(tmp_path: Path) -> None:
    now = report(leak(), unmet=(unmet(),))
    assert exit_code(against(now, now, tmp_path)) == 1


def test_what_is_gone_is_said(tmp_path: Path) -> None:
    found = against(report(leak(), refuted()), report(leak(), proved("KX103")), tmp_path)
    assert found.gone == ("KX103/bnxt@kexec",)
    text = REPORTERS["text"]([Outcome("a", found)], Look())
    assert "Gone since the baseline: KX103/bnxt@kexec" in text and "known from the baseline" in text
    assert text.splitlines()[-2] == "PASS  acme-r1: 1 of 1 proved, 1 known from the baseline"


def test_a_run_against_itself_is_quiet(run: Run, tmp_path: Path) -> None:
    from tests.waivers.test_waivers import STORY

    (tmp_path / "a.yaml").write_text(STORY)
    wanted = ("check", "a.yaml", "--only", "KX102")
    assert run(*wanted, "--report", "json=b.json").code == 1
    again = run(*wanted, "--baseline", "b.json", "-q")
    assert (again.code, again.out) == (0, "")
    listed = tmp_path / "c.json"
    listed.write_text(json.dumps([json.loads((tmp_path / "b.json").read_text())]))
    assert read_baseline(str(listed)) == read_baseline(str(tmp_path / "b.json"))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "{}", '{"schema": "kexecspec/report/2"}', "[" * 100_000, '{"schema": "kexecspec/report/1", '
     '"platform": "a"}', '{"schema": "kexecspec/report/1", "platform": "a", "findings": [{}]}', '{"schema": '
     '"kexecspec/report/1", "platform": "a", "findings": [{"severity": "error", "vacuous": true, "trace": [1]}]}'],
)  # fmt: skip
def test_what_is_no_report_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(InputError) as refused:
        read_baseline(str(tmp_path / "b.json"))
    assert refused.value.diagnostics[0].code in ("KX035", "KX016")
