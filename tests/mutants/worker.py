"""A worker: it stands in a copy of the tree, is told mutants line by line, and says of each what noticed it.

Third parties are loaded once; every mutant is tried in a process of its own. A mutant of a source file is met by the
tests that reach the changed function, one of a specification by the stories whose platform or rules it changes.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
import yaml
import z3

from tests.mutants.suite import Timed, failing
from tests.mutants.trial import attempt

WARM = (hypothesis, jsonschema, pytest, yaml, z3)


def main() -> None:
    """Answers each line of the standard input with one on the standard output."""
    for line in sys.stdin:
        asked = json.loads(line)
        start = time.perf_counter()
        said = _grounded(asked) if asked["path"] == "" else _tried(asked)
        print(json.dumps({**said, "seconds": round(time.perf_counter() - start, 1)}), flush=True)


def _tried(asked: dict[str, Any]) -> dict[str, Any]:
    file = Path(asked["path"])
    if asked["path"].startswith("specs/"):
        from tests.mutants.stories import all_told, noticed

        all_told()
    kept = file.read_text(encoding="utf-8")
    file.write_text(asked["text"], encoding="utf-8")
    try:
        if asked["path"].startswith("specs/"):
            caught = attempt(lambda: noticed(asked["path"], asked["part"] == "rules"))
        else:
            caught = attempt(lambda: _failing([(name, taken) for name, taken in asked["tests"]]))
    finally:
        file.write_text(kept, encoding="utf-8")
    return {"caught": {asked["name"]: caught}}


def _failing(tests: list[Timed]) -> str:
    """As `failing`, with the sources loaded as they are now."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("kexecspec", "tests")]:
        del sys.modules[name]
    return failing(tests)


def _grounded(asked: dict[str, Any]) -> dict[str, Any]:
    """The mutants of one story's ground rules, but for the kinds that are known to be noticed."""
    from tests.mutants.grounded import kinds_noticed

    return {"caught": kinds_noticed(asked["name"], frozenset(asked["known"]))}


if __name__ == "__main__":
    main()
