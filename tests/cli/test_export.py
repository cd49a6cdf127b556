"""`kexecspec export`: one file about one property, or a complaint and nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Run

ONE = ("--only", "KX102/bnxt@kexec")


@pytest.mark.parametrize("form", ["smtlib", "btor2", "smv", "promela", "murphi"])
def test_a_format_on_stdout_and_in_a_file(run: Run, story: Path, tmp_path: Path, form: str) -> None:
    ran = run("export", "acme.yaml", *ONE, "--format", form)
    assert ran.code == 0 and ran.err == "" and ran.out.isascii()
    assert "KX102/bnxt@kexec of acme: the whole system" in ran.out.splitlines()[0]
    written = run("export", "acme.yaml", *ONE, "--format", form, "-o", "out")
    assert (written.code, written.out, written.err) == (0, "", "")
    assert (tmp_path / "out").read_text() == ran.out, "what a terminal is spared is not in the file either"
    sliced = run("export", "acme.yaml", *ONE, "--format", form, "--slice").out
    assert "what bears on it" in sliced.splitlines()[0] and len(sliced) < len(ran.out)


def test_aiger_goes_to_a_file(run: Run, story: Path, tmp_path: Path) -> None:
    assert "name a file" in run("export", "acme.yaml", *ONE, "--format", "aiger").err
    assert run("export", "acme.yaml", *ONE, "--format", "aiger", "-o", "out.aig").code == 0
    assert re.match(rb"aig \d+ \d+ \d+ 0 \d+ 1\n", (tmp_path / "out.aig").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "smv"), "a file is about one property; "),
        (("--only", "KX999", "--format", "smv"), "no property fits --only KX999"),
        (("--only", "all", "--format", "smv"), "write CODE[/INSTANCE][@HANDOFF]"),
        ((*ONE, "--format", "nusmv"), "nusmv"),
        (ONE, "--format"),
        ((*ONE, "--format", "smv", "--way", "2"), "--way 2: there is 1"),
        ((*ONE, "--format", "smv", "-o", "missing/out"), "missing/out: No such file or directory; nothing was written"),
    ],
)
def test_what_cannot_be_written(run: Run, story: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = run("export", "acme.yaml", *arguments)
    assert ran.code == 2 and ran.out == "" and said in ran.err
    assert [file.name for file in tmp_path.iterdir()] == ["acme.yaml"]


def test_unknown_facts_that_change_the_shape_are_chosen(run: Run, story: Path) -> None:
    story.write_text(story.read_text().replace("abi: smc,", "abi: smc, prealloc_cache: unknown,"))
    ran = run("export", "acme.yaml", *ONE, "--format", "smv")
    assert ran.code == 2 and "can be in 2 ways" in ran.err and "--way 2: with" in ran.err
    texts = [run("export", "acme.yaml", *ONE, "--format", "smv", "--way", way).out for way in (1, 2)]
    assert all(texts) and texts[0] != texts[1]
