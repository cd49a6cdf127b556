"""`check --report FORMAT=FILE`: several files beside the text, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kexecspec.report import REPORTERS
from tests.conftest import Run


def test_all_formats_in_one_run(run: Run, story: Path) -> None:
    wanted = [option for form in REPORTERS for option in ("--report", f"{form}=out.{form}")]
    done = run("check", "acme.yaml", "--only", "KX102", *wanted)
    alone = run("check", "acme.yaml", "--only", "KX102")
    assert (done.code, done.out) == (alone.code, alone.out) and done.err == ""
    assert {path.name for path in story.parent.glob("out.*")} == {f"out.{form}" for form in REPORTERS}
    for form in REPORTERS:
        text = (story.parent / f"out.{form}").read_text()
        assert "KX102" in text and text.endswith("\n") and str(story.parent) not in text
    assert run("replay", "out.itf").code == 0


def test_stdout_says_the_same_and_has_commands_in_their_own_format_only(run: Run, story: Path) -> None:
    done = run("check", "acme.yaml", "--format", "github", "--report", "github=out", "--only", "KX102")
    assert done.code == 1 and done.out == (story.parent / "out").read_text()
    assert done.out.startswith("::error file=acme.yaml,")


def test_an_absolute_path_becomes_relative(run: Run, story: Path) -> None:
    run("check", story, "--report", "sarif=out.sarif", "--report", "gitlab=out.json", "--only", "KX102")
    assert json.loads((story.parent / "out.json").read_text())[0]["location"]["path"] == "acme.yaml"
    assert str(story.parent) not in (story.parent / "out.sarif").read_text()


def test_an_input_that_is_wrong_is_in_the_reports(run: Run, story: Path) -> None:
    (story.parent / "wrong.yaml").write_text("platform: [")
    done = run("check", "wrong.yaml", "acme.yaml", "--report", "gitlab=out.json", "--only", "KX102")
    found = [issue["check_name"] for issue in json.loads((story.parent / "out.json").read_text())]
    assert done.code == 2 and found == ["KX001", "KX102"]


def test_no_trace_no_file(run: Run, story: Path) -> None:
    done = run("check", "acme.yaml", "--report", "itf=out.itf.json", "--only", "KX105")
    assert done.code == 0 and not (story.parent / "out.itf.json").exists()
    assert done.err == "note: nothing is refuted, so there is no trace; out.itf.json was not written\n"


WRONG = [
    ("sarf=x", "unknown format 'sarf': did you mean 'sarif'?"), 
    ("x", "write FORMAT=FILE, such as sarif=kexecspec.sarif"),
    ("json=", "write FORMAT=FILE"), ("csv=acme.yaml", "that is a file to be checked"), ("csv=.", "that is a folder"),
    ("csv=no/x", "there is no folder 'no'"), ("=x", "unknown format ''"),
    ("json=pipe", "that is no plain file; --format writes to stdout"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[given for given, _ in WRONG])
def test_what_cannot_be_meant_is_refused_before_anything_is_judged(
    run: Run, story: Path, given: str, said: str
) -> None:
    os.mkfifo(story.parent / "pipe")
    before = sorted(os.listdir(story.parent)), story.read_text()
    done = run("check", "acme.yaml", "--report", "json=ok.json", "--report", given)
    assert done.code == 2 and said in done.err and done.out == ""
    assert (sorted(os.listdir(story.parent)), story.read_text()) == before


def test_all_that_is_wrong_is_said_at_once(run: Run, story: Path) -> None:
    done = run("check", "acme.yaml", "--report", "sarf=x", "--report", "json=a", "--report", "csv=./a")
    assert "did you mean 'sarif'?" in done.err and "another report goes there" in done.err


def test_what_cannot_be_written_is_told_and_the_rest_is_there(run: Run, story: Path) -> None:
    """A name that is too long is refused by the system only when the file is made."""
    done = run("check", "acme.yaml", "--report", f"json={'x' * 300}", "--report", "csv=out.csv", "--only", "KX102")
    assert done.code == 2 and "it was not written" in done.err and "FAIL  acme" in done.out
    assert sorted(os.listdir(story.parent)) == ["acme.yaml", "out.csv"]
