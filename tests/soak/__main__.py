"""python -m tests.soak N: that many random cases in all, going on where the last soak stopped."""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.soak.cases import Ground, case
from tests.soak.peers import EVERY, absent
from tests.soak.progress import Progress, load, save, table
from tests.soak.workers import reports

SAVES = 5.0
"""Seconds between two notes of how far it has come."""


def main(arguments: list[str] | None = None) -> int:
    """0 where nothing disagrees, 1 where something does, 130 where it was interrupted."""
    asked = _parser().parse_args(arguments)
    if asked.only:
        return max(_only(name) for name in asked.only)
    progress = load(asked.state)
    told = len(progress.wrong)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _soak(progress, asked.cases, asked.jobs, asked.seconds, asked.state)
        code = 1 if progress.disagreements else 0
    except KeyboardInterrupt:
        code = 130
    save(progress, asked.state)
    for name, what in list(progress.wrong.items())[told:]:
        print(f"{name}: {what}\n  python -m tests.soak --only {name}")
    print(table(progress))
    for said in absent():
        print(said)
    if asked.coverage:
        print("\n".join(f"{count:>9}  {name}" for name, count in sorted(progress.covered.items())))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=1000, help="how many cases there are to be in all")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--state", type=Path, default=Path(".soak.json"), help="where to keep how far it has come")
    parser.add_argument("--only", action="append", metavar="KIND:SEED.NUMBER", help="this case alone")
    parser.add_argument("--coverage", action="store_true", help="what was met, and how often")
    return parser


def _soak(progress: Progress, cases: int, jobs: int, seconds: float, state: Path) -> None:
    began, before, saved = time.monotonic(), progress.seconds, time.monotonic()
    seeds = (seed for seed in itertools.count(progress.next) if seed not in progress.done)
    running = reports(_while_wanted(seeds, progress, cases), jobs)
    try:
        for seed, report in running:
            progress.add(seed, report)
            progress.seconds = before + time.monotonic() - began
            if time.monotonic() - saved > SAVES:
                save(progress, state)
                saved = time.monotonic()
            if time.monotonic() - began > seconds:
                return
    finally:
        running.close()


def _while_wanted(seeds: Iterator[int], progress: Progress, cases: int) -> Iterator[int]:
    while progress.cases < cases:
        yield next(seeds)


def _only(name: str) -> int:
    """Repeats one case, and says how it came out."""
    kind, _, place = name.partition(":")
    seed, _, number = place.partition(".")
    if kind not in EVERY or not seed.isdigit() or not (number or "0").isdigit():
        print(f"{name!a}: a case is called KIND:SEED.NUMBER, and the kinds are {', '.join(EVERY)}", file=sys.stderr)
        return 2
    outcome = case(Ground(int(seed)), kind, int(number or 0), EVERY)
    print(f"{name}: {'open' if outcome.open else outcome.wrong or 'agrees'}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
