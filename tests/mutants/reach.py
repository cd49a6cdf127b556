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

from tests.mutants.suite import Timed, undivided

ASKED = (
    "tests/machine", "tests/ir", "tests/ground", "tests/solve", "tests/replay", "tests/test_explore.py",
    "tests/test_textbook.py", "tests/test_unknown_facts.py", "tests/test_runs.py", "tests/test_turns.py", "tests/why",
    "tests/test_vacuity.py", "tests/test_contradictions.py", "tests/certificate/test_meaning.py",
    "tests/certificate/test_folder.py", "tests/certificate/test_solvers.py", "tests/test_examples.py",
)
"""The tests of what is mutated. What the others notice they notice less directly: a run of a command that a fault test
ends at its time limit says more of the load than of the mutant."""
LEFT_OUT = ("whole-platform", "test_aside")
"""What takes long, and what kills solver processes, of which there are none here."""
BUDGET, OF_ONE, FEW = 12.0, 8, 4

Reach = Mapping[str, Sequence[Timed]]


class Recorder:
    """A pytest plugin that notes the functions called by each test that passes: one that needs solvers in processes of
    their own fails here without any mutant, and would seem to notice all."""

    def __init__(self, root: Path) -> None:
        self.package = str(root / "kexecspec")
        self.seen: set[CodeType] = set()
        self.found: dict[str, list[Timed]] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.seen.clear()
        start = time.process_time()
        sys.settrace(self._called)
        yield
        sys.settrace(None)
        taken = round(time.process_time() - start, 3)
        if item.nodeid in self.failed:
            return
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
    undivided()
    asked = [name for name in ASKED if Path(name).exists()]
    unasked = ["-k", " and ".join(f"not {word}" for word in LEFT_OUT)]
    pytest.main(["-q", "-p", "no:cacheprovider", "--assert=plain", *unasked, *asked], plugins=[recorder])
    Path(target).write_text(json.dumps(recorder.found))


if __name__ == "__main__":
    main(sys.argv[1])
