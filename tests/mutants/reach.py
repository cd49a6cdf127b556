"""Which tests reach which function, and how long each takes: `python -m tests.mutants.reach FILE` writes it down."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType

import pytest

from tests.mutants.suite import Timed

LEFT_OUT = (
    "test_mutants.py", "test_docs.py", "test_wheel.py", "test_imports.py", "test_bad_input.py", "test_source.py",
    "test_diagnostics.py", "test_schema.py", "test_files.py", "cli", "report", "hostile",
)  # fmt: skip
FOLDERS = ("machine", "solve", "ir", "ground", "platform")
BUDGET, OF_ONE, FEW = 45.0, 15, 4

Reach = Mapping[str, Sequence[Timed]]


class Recorder:
    """A pytest plugin that notes the functions called by each test."""

    def __init__(self, root: Path) -> None:
        self.package = str(root / "kexecspec")
        self.seen: set[CodeType] = set()
        self.found: dict[str, list[Timed]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.seen.clear()
        start = time.process_time()
        sys.settrace(self._called)
        yield
        sys.settrace(None)
        taken = round(time.process_time() - start, 3)
        names = {self._named(code) for code in self.seen if code.co_filename.startswith(self.package)}
        for name in sorted(names):
            self.found.setdefault(name, []).append((item.nodeid, taken))

    def _called(self, frame: FrameType, event: str, argument: object) -> None:
        self.seen.add(frame.f_code)

    def _named(self, code: CodeType) -> str:
        file = os.path.relpath(code.co_filename, Path(self.package).parent)
        return f"{file}: {code.co_qualname.split('.<locals>')[0]}"


def chosen(reach: Reach, path: str, function: str) -> tuple[Timed, ...]:
    """The tests that reach `function` of the file `path`, quick ones first, of one test's cases only some; where
    hardly any do, also those that reach another function of the file."""
    found = list(map(tuple, reach.get(f"{path}: {function}", ())))
    if len(found) < FEW:
        found += [tuple(t) for name, tests in reach.items() if name.startswith(f"{path}: ") for t in tests]
    tests = sorted(dict.fromkeys((str(name), float(taken)) for name, taken in found))
    some = [case for _, cases in groupby(tests, lambda t: t[0].split("[")[0]) for case in _spread(list(cases))]
    kept, spent = list[Timed](), 0.0
    for name, taken in sorted(some, key=lambda test: test[1]):
        spent += taken
        if spent <= BUDGET:
            kept.append((name, taken))
    return tuple(kept)


def _spread(cases: list[Timed]) -> list[Timed]:
    step = max(1, -(-len(cases) // OF_ONE))
    return cases[::step]


def main(target: str) -> None:
    """Runs the suite under a tracer and writes the result to `target`."""
    root = Path.cwd()
    recorder = Recorder(root)
    ignored = [f"--ignore=tests/{name}" for name in LEFT_OUT]
    pytest.main(["-q", "-p", "no:cacheprovider", "--assert=plain", *ignored, "tests"], plugins=[recorder])
    Path(target).write_text(json.dumps(recorder.found))


if __name__ == "__main__":
    main(sys.argv[1])
