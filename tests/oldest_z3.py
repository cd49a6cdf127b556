"""The oldest z3 that pyproject.toml admits gives all stories the verdicts with which they were blessed.

`make oldest-z3` installs that release beside the venv and runs this file with it; by itself pytest does not collect it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator

import pytest

from tests.goldens import ROOT, STORIES, expect_file, golden

TOLD = re.compile(
    r"^exit \d.*"
    r"|^  \S+  KX\d{3}/\S+ +(?:PROVED|REFUTED|UNKNOWN|VACUOUS)\b"
    r"|^  KX\d{3}/\S+ on .*"
    r"|^  Replay: .*"
    r"|^(?:PASS|FAIL|UNDECIDED|DISAGREEMENT)  .*",
    re.MULTILINE,
)
"""What of a report does not depend on which of several shortest runs a solver meets first."""


def lower_bound() -> str:
    """The oldest z3 release that pyproject.toml admits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return next(name.removeprefix("z3-solver>=") for name in project["dependencies"] if name.startswith("z3-solver>="))


def told(text: str) -> list[str]:
    """Exit code, verdicts, handoffs, harms and outcomes of replays in the text of a report."""
    return TOLD.findall(text)


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    yield


def test_this_is_the_oldest_release() -> None:
    import z3

    assert z3.get_version_string() == lower_bound()


@pytest.mark.parametrize("story", STORIES)
def test_the_oldest_release_gives_the_same_verdicts(story: str) -> None:
    expected = told(expect_file(story).read_text())

    assert told(golden(story).text) == expected
    assert len(expected) > 2


if __name__ == "__main__":
    sys.stdout.write(lower_bound())
