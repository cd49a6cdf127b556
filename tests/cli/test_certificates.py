"""`check --certificate` and `verify-cert` as commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kexecspec.resources import schema_path
from tests.conftest import Run
from tests.goldens import ROOT

GOOD = ROOT / "examples/pool-alloc-leak/after.yaml"
BAD = ROOT / "examples/pool-alloc-leak/before.yaml"


def test_a_certificate_is_written_and_verified(run: Run, tmp_path: Path) -> None:
    ran = run("check", GOOD, "--certificate", "cert")
    assert ran.code == 0 and "  Certificate: kexecspec verify-cert cert\n" in ran.out
    again = run("verify-cert", "cert", "--platform", GOOD, "--solver", "cvc5", "--solver", "z3")
    assert again.code == 0 and again.err == ""
    lines = again.out.splitlines()
    assert lines[-1].startswith("VERIFIED  ") and lines[-1].endswith("4 of 4 properties proved (asked: cvc5, z3)")
    assert all(len(line) <= 78 for line in lines)
    rows = [line.split()[0::2][:2] for line in lines if line.startswith("  z3 ")]
    assert [group for _, group in rows] == ["initial", "consecution", "ranges", "safety"]
    assert run("check", GOOD, "--certificate", "cert", "-q").code == 0, "an older certificate is replaced"
    quiet = run("verify-cert", "cert", "-q")
    assert quiet.out.count("\n") == 1 and quiet.out.startswith("VERIFIED")


def test_the_json_of_both_commands_fits_its_schema(run: Run) -> None:
    ran = run("check", BAD, "--certificate", "cert", "--format", "json")
    said = json.loads(ran.out)
    Draft202012Validator(json.loads(schema_path("report").read_text())).validate(said)
    assert ran.code == 1 and said["certificate"] == "cert"
    again = run("verify-cert", "cert", "--format", "json")
    said = json.loads(again.out)
    schema = json.loads(schema_path("verification").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(said)
    assert again.code == 1 and said["verdict"] == "VERIFIED IN PART" and len(said["proved"]) == 3
    assert said["unproved"] == {"KX106/bnxt@any": "REFUTED"}
    assert {a["answer"] for a in said["answers"]} == {"unsat"} and len(said["answers"]) == 6


def test_what_is_rejected_is_said_and_exits_4(run: Run) -> None:
    run("check", GOOD, "--certificate", "cert", "-q")
    with open("cert/system.smt2", "a") as file:
        file.write("(assert false)\n")
    Path("cert/more\x1b").write_text("")
    ran = run("verify-cert", "cert")
    assert ran.code == 4 and "  ! system.smt2: it has " in ran.out and "\x1b" not in ran.out
    assert ran.out.splitlines()[-1].endswith("2 objections; believe none of its claims")
    said = run("verify-cert", "cert", "--format", "json")
    assert said.code == 4 and json.loads(said.out)["verdict"] == "REJECTED"


def test_a_solver_without_an_answer_exits_3(run: Run) -> None:
    run("check", GOOD, "--certificate", "cert", "-q")
    ran = run("verify-cert", "cert", "--solver", "true")
    assert ran.code == 3 and "obligations/ranges.smt2: true: it said nothing" in ran.out
    assert ran.out.splitlines()[-1].startswith("UNDECIDED")


def test_wrong_use(run: Run) -> None:
    Path("full").mkdir()
    Path("full/mine").write_text("")
    cases: list[tuple[list[object], str]] = [
        (["verify-cert", "nowhere"], "error[KX013]"),
        (["verify-cert", "full"], "error[KX028]"),
        (["verify-cert", "full", "--solver", "no-such-solver"], "there is no command no-such-solver"),
        (["verify-cert", "full", "--timeout", "0"], "timeout"),
        (["check", GOOD, "--certificate", "full"], "error[KX028]"),
        (["check", GOOD, BAD, "--certificate", "new"], "--certificate is about one FILE"),
        (["check", "none.yaml", "--certificate", "new"], "error[KX013]"),
    ]
    for arguments, message in cases:
        ran = run(*arguments)
        assert ran.code == 2 and message in ran.err, arguments
    assert not Path("new").exists()


def test_nothing_proved_is_no_certificate(run: Run) -> None:
    ran = run("check", ROOT / "examples/shm-flags/priv-flag-not-accepted.yaml", "--certificate", "cert", "-q")
    assert ran.code == 1 and "no certificate: nothing is proved" in ran.err and not Path("cert").exists()


def test_what_was_not_asked_is_not_claimed(run: Run) -> None:
    assert run("check", GOOD, "--only", "KX105", "--certificate", "cert", "-q").code == 0
    ran = run("verify-cert", "cert")
    assert ran.code == 1 and "NOT_ASKED, nothing is claimed of it" in ran.out
    assert ran.out.splitlines()[-1].startswith("VERIFIED IN PART")


@pytest.fixture
def heeding_interruptions() -> Iterator[None]:
    """Whoever runs the tests in the background ignores SIGINT, and so would what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("number", "word", "code"), [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143)]
)
def test_a_signal_ends_the_solver_too(
    number: int, word: str, code: int, run: Run, tmp_path: Path, heeding_interruptions: None
) -> None:
    run("check", GOOD, "--certificate", "cert", "-q")
    words = ["verify-cert", "cert", "--solver", f"sh -c 'echo $$ > {tmp_path}/number; exec sleep 99'"]
    process = subprocess.Popen([sys.executable, "-m", "kexecspec", *words], stderr=subprocess.PIPE, text=True)
    note = tmp_path / "number"
    while not (note.exists() and note.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1].strip().splitlines()
    assert said == [word, "  cert is not verified: 7 of 7 answers are missing"] and process.returncode == code
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
