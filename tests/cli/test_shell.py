"""Completion and the manual page: made from the commands themselves, so that they know all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from kexecspec.cli.commands import program
from tests.conftest import Run
from tests.goldens import ROOT


def completed(*words: str) -> list[list[str]]:
    """What is offered for the last of `words`, as click tells bash: kind and text."""
    line = {"COMP_WORDS": " ".join(["kexecspec", *words]), "COMP_CWORD": str(len(words))}
    env = {**os.environ, **line, "_KEXECSPEC_COMPLETE": "bash_complete", "PYTHONPATH": str(ROOT)}
    code = "import sys; from kexecspec.cli import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [item.split(",", 1) for item in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.code == 0 and f"_KEXECSPEC_COMPLETE={shell}_complete" in done.out


def test_what_is_completed() -> None:
    assert ["plain", "check"] in completed("ch")
    assert completed("check", "boards/ac") == [["file", "boards/ac"]]
    assert completed("explain", "kx10") == [["plain", f"KX10{n}"] for n in range(1, 8)]
    assert ["plain", "sarif"] in completed("check", "--format", "s")


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_the_manual_page_has_every_command_and_option(run: Run) -> None:
    page = run("man").out
    plain = page.replace(r"\-", "-").replace(r"\(aq", "'").replace(r"\(ga", "`")
    for path, command in commands(program, "kexecspec"):
        (section,) = re.findall(rf"^\.SS {re.escape(path)} .*?(?=^\.S[SH]|\Z)", plain, re.MULTILINE | re.DOTALL)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert all(name in section for name in parameter.opts), (path, parameter.name)


def test_no_text_of_the_manual_page_is_a_request(run: Run) -> None:
    known = {"TH", "SH", "SS", "PP", "TP", "B", "nf", "fi"}
    for line in run("man").out.splitlines():
        if line.startswith((".", "'")):
            assert line.split()[0].removeprefix(".") in known, line
        assert "\x08" not in line
