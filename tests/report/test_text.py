"""The text format: what is said, what is left out, and how wide it is."""

from __future__ import annotations

from dataclasses import replace

from made_reports import disagreeing, leak, not_judged, prop, proved, refuted, report, unknown, unmet, vacuous

from kexecspec.findings import Report
from kexecspec.ir.verdict import Lap
from kexecspec.platform.facts import Reliance
from kexecspec.report import Look, Outcome
from kexecspec.report.look import marks
from kexecspec.report.text import as_text


def text(made: Report, look: Look | None = None, traces: tuple[tuple[str, str], ...] = ()) -> str:
    return as_text([Outcome(made.path, made, (), traces)], look or Look())


def test_a_proved_report_is_one_line_a_finding_and_a_verdict() -> None:
    lines = text(report(proved("KX101"), proved("KX103"), not_judged())).splitlines()
    assert lines[0] == "boards/acme.yaml: acme-r1: 2 drivers, 1 TEE client, 1 handoff"
    assert "  acme-r1  KX101/bnxt@kexec  PROVED    inductive" in lines
    assert any("1 not judged" in line for line in lines)
    assert lines[-2:] == ["PASS  acme-r1: 2 of 2 proved", "next: kexecspec show survives boards/acme.yaml"]


def test_a_refuted_finding_is_told_in_full() -> None:
    said = text(report(proved(), refuted(), leak()))
    for part in (
        "boards/acme.yaml:7:3: error[KX103]: bnxt cannot do what it needs",
        "KX103/bnxt@kexec on acme-r1: REFUTED after 4 handoffs, harm EXHAUSTION",
        "Trace: 8 steps, 4 handoffs, shortest, replayed on the executable model: same",
        "Replay: CONFIRMED EXHAUSTION in tee_bnxt_fw",
        "    tee_bnxt_fw: probe of optee-clnt0 failed with error -22",
        "becomes KX103 after 4 handoffs",
        "tee.stale: 96 -> 192",
        "-- kernel 4 --",
        "FAIL  acme-r1: 2 refuted, 1 proved",
    ):
        assert part in said, part
    assert said.splitlines()[-1].startswith("next: kexecspec check boards/acme.yaml --trace-dir")


def test_the_next_command_names_a_trace_that_was_written() -> None:
    said = text(report(refuted()), traces=(("KX103/bnxt@kexec", "t/KX103.itf.json"),))
    assert said.splitlines()[-1] == "next: kexecspec replay t/KX103.itf.json --platform boards/acme.yaml"


def test_a_lap_shows_its_first_and_its_last_round() -> None:
    said = text(report(refuted(rounds=400, lap=Lap(3, 2, 398, "tee.stale", 96))))
    assert "... steps 3-4 repeat 398 times, each time tee.stale grows by 96; the last" in said
    assert "-- kernel 2 --" in said and "-- kernel 3 --" not in said and "-- kernel 399 --" in said
    assert "38208" in said and len(said.splitlines()) < 60


def test_the_middle_of_a_long_trace_is_left_out() -> None:
    made = report(refuted(rounds=100))
    brief, whole = text(made), text(made, Look(verbose=True))
    assert "... 80 steps left out (-v shows all) ..." in brief and "tee.stale: 4800 -> 4896" not in brief
    assert "tee.stale: 4800 ->" in whole and "tee.stale: 9504 -> 9600" in brief


def test_what_is_known_of_an_undecided_finding() -> None:
    said = text(report(proved(), unknown()))
    assert "no violation within 12 steps, not a proof; rlimit 40000000" in said.replace("\n      ", " ")
    assert said.splitlines()[-1] == "next: kexecspec check boards/acme.yaml --only KX301/eth0@kexec --rlimit 4x"


def test_a_vacuous_proof_is_no_proof() -> None:
    said = text(report(vacuous()))
    assert "VACUOUS" in said and "FAIL  acme-r1: 1 vacuous" in said


def test_quiet_shows_failures_only() -> None:
    look = Look(quiet=True)
    assert text(report(proved()), look) == ""
    said = text(report(proved(), refuted()), look)
    assert "PROVED" not in said and "error[KX103]" in said and "FAIL" in said
    assert "UNDECIDED" in text(report(unknown()), look)


def test_verbose_lists_what_was_not_judged_and_where_steps_stand() -> None:
    said = text(report(not_judged(), refuted()), Look(verbose=True))
    assert "KX201/optee@kexec  NOT_JUDGED: there is no such part" in said
    assert "bnxt.probe (specs/drivers/tee_bnxt_fw.yaml:17)" in said


def test_the_ledger() -> None:
    resting = replace(proved(), rests_on=report().reliances)
    brief, whole = text(report(resting)), text(report(resting), Look(assumptions=True))
    assert "Assumed: the fabric drains (default)" in brief
    assert "PROVED    inductive [1]" in brief
    assert "Unverified: [1] secure_world: threads: 2 (--assumptions)" in brief.replace("\n    ", " ")
    assert "Not modelled: GIC state and 1 more" in brief
    assert "Unverified [1]: secure_world: threads: 2 (the board is not known)" in whole
    assert "Not modelled: CPU hotplug" in whole


def test_what_no_verdict_rests_on_is_not_told_in_brief() -> None:
    brief, whole = text(report(proved())), text(report(proved()), Look(assumptions=True))
    assert "Unverified" not in brief and "[1]" not in brief
    assert "Unverified, no verdict rests on it: secure_world: threads: 2" in whole


def test_strict_sources_say_why_they_do_not_pass() -> None:
    made = report(replace(proved(), rests_on=report().reliances), not_judged())
    lines = text(made, Look(strict_sources=True)).splitlines()
    assert lines[-2:] == [
        "UNDECIDED  acme-r1: 1 of 1 proved, 1 verdict on what nobody verified",
        "next: kexecspec check boards/acme.yaml --assumptions",
    ]


def test_footnotes() -> None:
    assert [marks(()), marks((3,)), marks((2, 1, 4, 5, 6, 9))] == ["", "[3]", "[1-2 4-6 9]"]


def test_disagreement_comes_first_and_last() -> None:
    lines = text(report(disagreeing(), objections=("KX101: the invariant is not kept",))).splitlines()
    assert lines[0].startswith("THE TOOL DISAGREES WITH ITSELF")
    assert any("KX104/bnxt@kexec: replay DIVERGED: the pages differ" in line for line in lines)
    assert lines[-2].startswith("DISAGREEMENT")


def test_an_unmet_expectation_is_told_with_its_place() -> None:
    said = text(report(proved(), unmet=(unmet(),), met=2)).replace("\n  ", " ")
    assert "boards/acme.yaml:30:3: expect not met: KX103/bnxt: expected REFUTED after 4 handoffs with" in said
    assert "expect: 2 of 3 met" in said


def test_intervals_and_deciding_facts() -> None:
    said = text(report(refuted(handoffs_range=(3, 7), decided_by=(("eth0.bus_master", True),))))
    assert "after 3 to 7 handoffs" in said and "leaves unknown: eth0.bus_master = true" in said


def test_no_line_is_wider_than_78_columns_and_all_is_ascii() -> None:
    long = "a sentence that goes on and on " * 8
    made = report(
        proved(),
        refuted(),
        leak(),
        unknown(),
        vacuous(),
        not_judged(),
        disagreeing(),
        unmet=(unmet(),),
        assumptions=(Reliance(long, long),),
        not_modelled=(long, long),
        objections=(long,),
    )
    for look in (Look(), Look(verbose=True, assumptions=True), Look(quiet=True)):
        said = text(made, look)
        assert max(len(line) for line in said.splitlines() if not line.startswith("next: ")) <= 78
        assert said.isascii()


def test_colour_only_where_asked_for() -> None:
    made = report(proved(), refuted(), disagreeing())
    assert "\x1b" not in text(made)
    assert "\x1b[32mPROVED\x1b[0m" in text(made, Look(colour=True))


def test_names_from_an_input_are_escaped_everywhere() -> None:
    evil = "e\x1b[2Jvil\u202e\n"
    finding = replace(refuted(), property=replace(prop("KX103", evil), says=evil), decided_by=((evil, evil),))
    steps = tuple(replace(s, actor=evil, says=evil, rule=evil, changed={evil: (evil, evil)}) for s in finding.steps)
    assert finding.replay is not None
    replay = replace(finding.replay, where=evil, why=evil, log=(evil,))
    made = report(
        replace(finding, steps=steps, replay=replay),
        replace(not_judged(), why=evil),
        platform=evil,
        path=evil,
        assumptions=(Reliance(evil, evil, evil),),
        not_modelled=(evil,),
        objections=(evil,),
        unmet=(unmet(),),
        summary={evil: 2},
    )
    for look in (Look(), Look(verbose=True, assumptions=True)):
        said = text(made, look, ((finding.property.id, evil),))
        assert "\x1b" not in said and "\u202e" not in said
