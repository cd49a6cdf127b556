"""The run over all mutants: copies, workers, and what each mutant came to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.mutants.components import components
from tests.mutants.copy import copied, surroundings
from tests.mutants.facts import facts
from tests.mutants.grounded import STORIES
from tests.mutants.mutant import PARTS, Mutant, Outcome, drawn, packed
from tests.mutants.reach import Reach, chosen
from tests.mutants.source import A_FUNCTION, sources

ONE_IN = 3
"""Of the facts and of the rules' expressions one in so many is run, drawn by name."""

Heard = Callable[[Outcome], None]


class Worker:
    """A process that tries mutants in its own copy of the tree."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.worker"], cwd=tree, env=surroundings(tree), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the worker says of one request. Raises RuntimeError where it has died."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended while it tried {asked['name']}")
        said: dict[str, Any] = json.loads(line)
        return said

    def stop(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def listed(root: Path, part: str, one_in: int = ONE_IN, each: int = A_FUNCTION) -> tuple[Mutant, ...]:
    """The mutants of `part` that a run tries, without those of ground rules."""
    match part:
        case "rules":
            found: Iterable[Mutant] = (*drawn(components(root), one_in), *sources(root, part, each))
        case "facts":
            found = drawn(facts(root), one_in)
        case _:
            found = sources(root, part, each)
    return tuple({mutant.name: mutant for mutant in found}.values())


def run(
    root: Path, mutants: Sequence[Mutant], ground_rules: bool, jobs: int, heard: Heard, kept: Path | None = None
) -> tuple[Outcome, ...]:
    """Tries `mutants`, and with `ground_rules` those of the stories' ground rules, with `jobs` workers. Which tests
    reach which function is read from `kept` if that is a file, else found out and written there."""
    with ExitStack() as stack:
        trees = [stack.enter_context(copied(root)) for _ in range(jobs)]
        workers: SimpleQueue[Worker] = SimpleQueue()
        reach = _reach(trees[0], kept) if any(not m.path.startswith("specs/") for m in mutants) else {}
        for tree in trees:
            workers.put(worker := Worker(tree))
            stack.callback(worker.stop)

        def tried(asked: dict[str, Any]) -> list[Outcome]:
            worker = workers.get()
            try:
                said = worker.answer(asked)
            finally:
                workers.put(worker)
            found = [Outcome(asked["part"], name, by, said["seconds"]) for name, by in said["caught"].items()]
            for outcome in found:
                heard(outcome)
            return found

        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        waiting = [pool.submit(_by_story, tried)] if ground_rules else []
        waiting += [pool.submit(tried, asked) for asked in _asked(mutants, reach)]
        return tuple(outcome for future in waiting for outcome in future.result())


def _by_story(tried: Callable[[dict[str, Any]], list[Outcome]]) -> list[Outcome]:
    """The kinds of mutants of the ground rules, story by story; a kind is noticed if one story notices it."""
    found: dict[str, Outcome] = {}
    for name in STORIES:
        known = [kind for kind, outcome in found.items() if outcome.caught]
        asked = {"part": "rules", "path": "", "name": name, "known": known}
        found.update({outcome.name: outcome for outcome in tried(asked)})
    return list(found.values())


def _asked(mutants: Sequence[Mutant], reach: Reach) -> Iterator[dict[str, Any]]:
    for mutant in mutants:
        tests = () if mutant.path.startswith("specs/") else chosen(reach, mutant.path, mutant.function)
        yield {**packed(mutant), "tests": tests}


def _reach(tree: Path, kept: Path | None) -> Reach:
    target = kept or tree.parent / "reach.json"
    if not target.is_file():
        command = [sys.executable, "-m", "tests.mutants.reach", str(target.resolve())]
        subprocess.run(command, cwd=tree, env=surroundings(tree), stdout=subprocess.DEVNULL, check=True)
    found: Reach = json.loads(target.read_text())
    return found


__all__ = ["PARTS", "listed", "run"]
