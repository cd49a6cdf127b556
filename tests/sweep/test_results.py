"""Files of results: what is written is read back, what is half written is not a result, what is neither is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kexecspec.diagnostics import InputError
from kexecspec.report import Look
from kexecspec.resources import schema_path
from kexecspec.sweep.lines import head_line, row_line
from kexecspec.sweep.results import journal, known, read_results, text_of, worth_keeping
from kexecspec.sweep.tables import as_csv, as_text
from tests.sweep.made_rows import HEAD, PROVED, ROWS, row


def refused(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_results(str(path))
    (said,) = raised.value.diagnostics
    return f"{said.span.line}: {said.code} {said.message}"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(text_of(HEAD, ROWS))
    found = read_results(str(tmp_path / "a.jsonl"))
    assert (found.head, found.rows, found.torn) == (HEAD, ROWS, None)


def test_the_schema_says_what_lines_are() -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(schema_path("sweep-result").read_text()))
    for line in text_of(HEAD, ROWS).splitlines():
        assert list(validator.iter_errors(json.loads(line))) == []
    assert list(validator.iter_errors({"kind": "result"})) != []


@pytest.mark.parametrize("cut", [1, 40, len(row_line(ROWS[1]))])
def test_a_last_line_that_is_half_written_is_no_result(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text_of(HEAD, ROWS[:2])[:-cut])
    found = read_results(str(path))
    assert found.rows == ROWS[:1] and found.torn == (3 if cut < len(row_line(ROWS[1])) else None)


def test_results_are_added_whole_and_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.jsonl"
    with journal(path, HEAD, ROWS[:1]) as log:
        log.add(row_line(ROWS[1]))
        assert read_results(str(path)).rows == ROWS[:2]
        with pytest.raises(InputError, match="another sweep"), journal(path, HEAD, ()):
            pass
        program = "import sys; from kexecspec.sweep.results import journal; from tests.sweep.made_rows import HEAD\n"
        program += f"with journal(__import__('pathlib').Path({str(path)!r}), HEAD, ()): pass"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert other.returncode == 1 and "another sweep" in other.stderr
    assert read_results(str(path)).rows == ROWS[:2]
    with journal(path, HEAD, ROWS[2:3]):
        pass
    assert read_results(str(path)).rows == ROWS[2:3]
    assert os.listdir(path.parent) == ["a.jsonl"]


def test_what_an_edit_leaves_out_is_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    kept = worth_keeping(ROWS, ROWS[1:2])
    assert kept == (ROWS[0], ROWS[2], ROWS[5]), "what was judged, and is not there already"
    with journal(path, HEAD, ROWS[1:2], kept):
        pass
    found = read_results(str(path))
    assert (found.rows, found.kept) == (ROWS[1:2], kept)
    assert known(path, HEAD) == (*ROWS[1:2], *kept)
    assert worth_keeping(known(path, HEAD), ROWS[:1]) == (ROWS[1], ROWS[2], ROWS[5])


def test_what_is_known_is_known_of_the_same_shard_only(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert known(path, HEAD) == ()
    path.write_text(text_of(HEAD, ROWS))
    assert known(path, replace(HEAD, matrix="f" * 64, total=9)) == ROWS
    with pytest.raises(InputError, match="it holds results of the whole sweep, not of shard 1/2"):
        known(path, replace(HEAD, shard=(1, 2)))


LINES = head_line(HEAD) + row_line(ROWS[0])
SPOILT = {
    "empty": ("", "1: KX030 no results: its first line is not whole"),
    "half a head": (head_line(HEAD)[:-1], "1: KX030 no results: its first line is not whole"),
    "text": ("hello\n", "1: KX030 no results: not JSON: Expecting value"),
    "another form": ('{"schema": "kexecspec/report/1"}\n', "1: KX030 no results: its first line says no schema"),
    "no shard": (head_line(HEAD).replace("[1, 1]", "[2, 1]"), "1: KX030 no results: 'shard' is no shard"),
    "a broken line": (head_line(HEAD) + "{]\n" + row_line(ROWS[0]), "2: KX030 no result: not JSON"),
    "a list": (head_line(HEAD) + "[]\n", "2: KX030 no result: it is no object"),
    "deep": (head_line(HEAD) + "[" * 100_000 + "\n", "2: KX030 no result: it is nested too deep"),
    "a key twice": (head_line(HEAD) + '{"kind": 1, "kind": 1}\n', "2: KX030 no result: a key stands twice"),
    "not a number": (LINES.replace("0.25", "NaN"), "2: KX030 no result: NaN is no number"),
    "a number too few": (LINES.replace('"exit": 0', '"exit": -1'), "2: KX030 no result"),
    "another code": (LINES.replace('"exit": 0', '"exit": 7'), "2: KX030 no result: no exit code: 7"),
    "a key less": (LINES.replace('"why": null, ', ""), "2: KX030 no result: 'why' is missing"),
    "a key more": (LINES.replace('"why"', '"x": 1, "why"'), "2: KX030 no result: 'x' is not known"),
    "other axes": (LINES.replace('"kernel":', '"k":'), "2: KX030 no result of this sweep"),
    "a strange verdict": (LINES.replace('"PROVED", "exit"', '"FINE", "exit"'), "2: KX030"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_no_file_of_results_is_refused(case: str, tmp_path: Path) -> None:
    text, says = SPOILT[case]
    (tmp_path / "a.jsonl").write_text(text)
    assert says in refused(tmp_path / "a.jsonl")


TABLE = """\
PROVED       board-1.yaml  5.10
REFUTED      board-2.yaml  5.10
               KX103/bnxt@kexec (4, EXHAUSTION), KX106/bnxt@any (0, note),
               KX102/bnxt@kexec unknown: rlimit 9
VACUOUS      board-3.yaml  5.10
               KX101/bnxt@kexec vacuous, a -kexec-> b never taken
INPUT_ERROR  board-4.yaml  5.10  a.yaml:3:4: KX002: unknown driver '\\x1b[2J'
UNANSWERED   board-5.yaml  5.10  stopped after 3 s without an answer
DISAGREES    board-6.yaml  5.10  KX101/x@kexec: replay DIVERGED
"""


def test_the_text_table() -> None:
    counted = """\
6 combinations: 1 proved, 2 refuted or vacuous, 1 with an input error, 1
  undecided, 1 in which the tool disagrees with itself
"""
    last = "FAIL  fleet: 5 of 6 not proved\nnext: kexecspec sweep fleet.yaml --print 2 > platform.yaml\n"
    whole = f"fleet.yaml: fleet: 6 combinations\n\n{TABLE}\n{counted}{last}"
    assert as_text(HEAD, ROWS, Look()) == whole
    failing = TABLE.split("\n", 1)[1] + "\n" + last
    assert as_text(HEAD, ROWS, Look(quiet=True)) == failing
    assert as_text(HEAD, ROWS[:1], Look(quiet=True)) == "PASS  fleet: 1 of 1 proved\n"


def test_a_table_for_spreadsheets_has_no_formulas() -> None:
    lines = as_csv(HEAD, (row(1, PROVED, "=cmd()"), *ROWS[1:]), Look()).splitlines()
    assert lines[0] == "number,platform,kernel,verdict,exit,proved,refuted,unknown,not judged,findings,seconds"
    assert lines[1] == "1,'=cmd(),5.10,PROVED,0,3,0,0,1,,0.250"
    assert lines[2].startswith("2,board-2.yaml,5.10,REFUTED,1,1,2,1,0,")
    assert "\x1b" not in lines[4] and "KX002" in lines[4]
