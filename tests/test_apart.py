"""A platform with many masters is judged part by part, and the report is about all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import kexecspec.judged
from kexecspec.check import check
from kexecspec.findings import Finding, Report, ids
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.verdict import Verdict
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.platform.facts import Platform
from kexecspec.report import REPORTERS, Look, Outcome
from kexecspec.solve.aside import Died
from tests.conftest import Run

HEAD = """schema: kexecspec/platform/1
platform: farm
memory: {ram: [0x8000_0000 + 2GiB, 0x8_8000_0000 + 6GiB], crashkernel: 0xc000_0000 + 256MiB}
smmus:
  one: {variant: "arm,smmu-v3"}
  two: {variant: "arm,smmu-v3"}
kernels:
  prod: {version: 6.12}
  kdump: {version: 6.12, kdump: true}
first: prod
handoffs: [prod -systemctl kexec-> prod, prod -crash-> kdump, kdump -reboot-> prod]
"""
DRIVERS = ("bnxt_en", "generic-platform")


def farm(tmp_path: Path, masters: int, more: str = "") -> str:
    file = tmp_path / "farm.yaml"
    lines = [
        f"  d{n}: {{driver: {DRIVERS[n % 2]}, smmu: {('one', 'two')[n % 4 // 2]}, streams: [{n}],"
        f" iova: {0xFFF00000 - n * 0x10000:#x} + 64KiB}}"
        for n in range(masters)
    ]
    file.write_text(HEAD + more + "\n".join(("devices:", *lines, "")))
    return str(file)


def told(report: Report) -> dict[str, tuple[object, ...]]:
    return {name: _told(finding) for finding in report.findings for name in ids(finding)}


def _told(finding: Finding) -> tuple[object, ...]:
    replay = finding.replay.outcome if finding.replay is not None else ""
    return (finding.verdict, finding.severity, finding.handoffs, finding.vacuous, replay, finding.becomes)


def test_parts_say_what_the_whole_says(tmp_path: Path) -> None:
    path = farm(tmp_path, 4)
    whole, apart = (check(path, Options(apart=many)) for many in (None, 1))
    assert (whole.parts, apart.parts) == (1, 2)
    assert told(apart) == told(whole) and Verdict.REFUTED in {f.verdict for f in whole.findings}
    assert [one.verdict for one in apart.taken] == [one.verdict for one in whole.taken]
    assert apart.summary == whole.summary and apart.hashes == whole.hashes and not apart.objections


def test_who_is_not_asked_about_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One master of many is asked about, by name: nobody grounds the parts of the others."""
    looked = list[str]()
    real = kexecspec.judged.folded

    def folded(platform: Platform, specs: Library) -> TransitionSystem:
        looked.extend(platform.about or ())
        return real(platform, specs)

    monkeypatch.setattr(kexecspec.judged, "folded", folded)
    path = farm(tmp_path, 30)
    said = told(check(path, Options(only=("KX301/d3@kexec",), inside=True)))
    assert set(looked) == {"d3"} and list(said) == ["KX301/d3@kexec"]
    assert said.items() <= told(check(path, Options(inside=True))).items()
    assert len(told(check(path, Options(only=("KX301",), inside=True)))) == 60


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return check(farm(tmp_path_factory.mktemp("farm"), 30, EXPECT), Options())


EXPECT = """expect:
  KX301/d29@kexec: REFUTED
  KX301/d28@kexec: PROVED
  KX302: PROVED
"""


def test_what_is_alike_is_judged_once(judged: Report) -> None:
    assert judged.parts == 2
    (found,) = (f for f in judged.findings if f.property.id == "KX301/d1@kexec")
    assert found.alike == tuple(f"d{n}" for n in range(3, 30, 2))
    assert len(told(judged)) == sum(1 + len(f.alike) for f in judged.findings) == 30 * 13


def test_expectations_about_one_of_many(judged: Report) -> None:
    assert judged.met == 2
    (unmet,) = judged.unmet
    assert unmet.expectation.finding == "KX302"


def test_the_text_counts_all_and_names_a_few(judged: Report) -> None:
    said, everything = (
        REPORTERS["text"]([Outcome(judged.path, judged)], Look(verbose=verbose)) for verbose in (False, True)
    )
    assert "the same of d3, d5, d7 and 11 more" in " ".join(said.split())
    assert "3 more runs, of parts of other shapes (-v shows them)" in said and "more runs" not in everything
    assert "d27, d29" in " ".join(everything.split()) and "Judged in 2 parts" in said


def test_json_names_every_instance(judged: Report) -> None:
    made = json.loads(REPORTERS["json"]([Outcome(judged.path, judged)], Look()))
    assert made["parts"] == 2
    assert {name for f in made["findings"] for name in f["alike"]} >= {"d29", "d28"}


def test_one_of_many_by_name(tmp_path: Path) -> None:
    report = check(farm(tmp_path, 30), Options(only=("KX301/d17@kexec",)))
    (found,) = report.findings
    assert (found.property.instance, found.alike, found.verdict) == ("d17", (), Verdict.REFUTED)


def test_the_commands_that_judge_nothing_know_all_of_them(tmp_path: Path, run: Run) -> None:
    path, folder = farm(tmp_path, 30), tmp_path / "traces"
    listed = run("list", path)
    assert listed.code == 0 and "farm: 390 properties" in listed.out and "KX307/d29@kexec" in listed.out
    assert "the part about d0 and 14 that are like it" in run("show", "survives", path).out
    assert run("check", path, "--only", "KX301/d5@kexec", "--trace-dir", folder, "-q").code == 1
    (trace,) = folder.iterdir()
    replayed = run("replay", trace, "--platform", path)
    assert replayed.code == 0 and "CONFIRMED CORRUPTION in d5" in replayed.out


def test_parts_in_one_process_and_in_two(tmp_path: Path) -> None:
    path = farm(tmp_path, 30)
    one, two, inside = (check(path, options) for options in (Options(jobs=1), Options(jobs=2), Options(inside=True)))
    assert one == two == inside


def test_an_interrupt_says_how_many_parts_have_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kexecspec import apart

    def interrupted(*_: object, **__: object) -> Iterator[object]:
        yield 0, (0, None)
        raise KeyboardInterrupt

    monkeypatch.setattr(apart, "answers", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        check(farm(tmp_path, 30), Options())
    assert caught.value.__notes__ == ["no answer yet about 1 of 2 parts of the platform"]


def test_a_part_whose_process_dies_is_judged_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kexecspec import apart

    path = farm(tmp_path, 30)
    expected = check(path, Options(inside=True))
    monkeypatch.setattr(apart, "answers", lambda *_, **__: iter(((0, Died("killed")), (1, Died("killed")))))
    assert check(path, Options()) == expected


def test_a_part_that_the_rest_keeps_from_going_on_is_not_refuted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kexecspec import apart

    real = apart.confirm

    def confirm(platform, system, prop, trace, specs=None):  # type: ignore[no-untyped-def]
        found = real(platform, system, prop, trace, specs)
        return replace(found, outcome="DIVERGED", why="it waits") if prop.code == "KX301" else found

    monkeypatch.setattr(apart, "confirm", confirm)
    report = check(farm(tmp_path, 30), Options(only=("KX301", "KX307")))
    verdicts = {f.property.code: f.verdict for f in report.findings if f.property.instance == "d1" and f.trace}
    assert verdicts["KX301"] is Verdict.UNKNOWN and verdicts.get("KX307", Verdict.REFUTED) is Verdict.REFUTED
    assert "it waits" in next(f.why for f in report.findings if f.verdict is Verdict.UNKNOWN)


CROWD = """schema: kexecspec/platform/1
platform: crowd
secure_world: {optee: 3.13.0, threads: 2, heap: {size: 64KiB, base_use: 20000}, supplicant: {present: false}}
kernels:
  prod: {version: 6.12}
handoffs: [prod -systemctl kexec-> prod]
"""


def crowd(tmp_path: Path, clients: int, leaking: int) -> str:
    file = tmp_path / "crowd.yaml"
    ends = ("" if number == leaking else "-shutdown" for number in range(clients))
    lines = (f"  tee{number}: {{driver: generic-tee-client{end}}}" for number, end in enumerate(ends))
    file.write_text(CROWD + "\n".join(("devices:", *lines, "")))
    return str(file)


def test_clients_say_alone_what_they_say_together(tmp_path: Path) -> None:
    path = crowd(tmp_path, 3, 1)
    whole, apart = (check(path, Options(apart=many)) for many in (None, 1))
    assert told(apart) == told(whole) and apart.objections == ()
    assert {f.verdict for f in whole.findings} >= {Verdict.PROVED, Verdict.REFUTED}


def test_a_part_about_a_client_is_called_so(tmp_path: Path, run: Run) -> None:
    shown = run("show", "survives", crowd(tmp_path, 9, 4)).out
    assert "the part about tee0 and 7 that are like it" in shown and "the part about tee4:" in shown
    assert shown.count(": the rest:") == 1


@pytest.mark.parametrize(("leaking", "verdict"), [(-1, Verdict.PROVED), (5, Verdict.REFUTED)])
def test_one_client_of_many_is_judged_alone(tmp_path: Path, leaking: int, verdict: Verdict) -> None:
    report = check(crowd(tmp_path, 30, leaking), Options(only=("KX102/tee5@kexec",)))
    (found,) = report.findings
    assert (found.verdict, found.vacuous) == (verdict, False)
    assert verdict is Verdict.PROVED or (found.handoffs, found.replay and found.replay.outcome) == (1, "CONFIRMED")
    assert not any(name.startswith("tee6") for name in report.variables)
    assert [one.verdict for one in report.taken] == [Verdict.PROVED]


def test_a_slice_of_a_large_platform_is_of_the_part_that_is_asked_about(tmp_path: Path, run: Run) -> None:
    path = farm(tmp_path, 30)
    out = run("export", path, "--slice", "--only", "KX301/d9@kexec", "--format", "smtlib", "-o", "one.smt2")
    text = (tmp_path / "one.smt2").read_text()
    assert out.code == 0 and "the part about d9: what bears on it" in text.splitlines()[0]
    assert "d9.engine" in text and not re.search(r"\bd(?!9\b)\d+\.", text)


def test_a_slice_of_what_all_share_is_of_the_whole(tmp_path: Path, run: Run) -> None:
    path = farm(tmp_path, 30, "secure_world: {optee: 3.13.0, abi: smc}\n")
    out = run("export", path, "--slice", "--only", "KX105/optee@any", "--format", "smtlib", "-o", "one.smt2")
    assert out.code == 0
    assert "KX105/optee@any of farm: what bears on it" in (tmp_path / "one.smt2").read_text().splitlines()[0]
