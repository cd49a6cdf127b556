"""`run` calls the command line in this process, in a folder of the test's own.

No test reads or fills the cache of whoever runs it: those about the cache name a folder of their own. No property is
wrong because the machine is slow.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from kexecspec.cli import main

os.environ["KEXECSPEC_CACHE"] = "off"
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs commands, whatever the environment says of debugging; none may end in a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KEXECSPEC_DEBUG", raising=False)

    def ran(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Ran(code, said.out, said.err)

    return ran
