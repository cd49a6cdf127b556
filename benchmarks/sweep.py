"""Throughput of a sweep: two local processes against one, and two Dask workers against two local processes. Beside them
what the machine gives to two who have nothing to do with each other: a half of the sweep each, at the same time.

`python benchmarks/sweep.py [COMBINATIONS]` (2000). Each run is a whole process, cold, with a new file of results; the
scheduler and the workers are started, and asked once, before the clock is. The four take turns, RUNS (1) times, and
medians count, so that what else a machine does is the same for all.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RUNS = int(os.environ.get("RUNS", "1"))
MARKS = "<!-- sweep: written by make bench-sweep -->", "<!-- end of sweep -->"
BOARDS = (
    "smmu-shutdown-modes/v2-bypass-linux-running", "smmu-shutdown-modes/v3-adopt-linux-quiesced",
    "tee-bnxt-fourth-kexec/after", "pool-alloc-leak/before",
)  # fmt: skip
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "KEXECSPEC_CACHE": "off"}


def matrix(folder: Path, name: str, number: int) -> Path:
    """A matrix of `number` combinations, no two of which come to an equal system."""
    files = ", ".join(str(ROOT / "examples" / f"{board}.yaml") for board in BOARDS)
    banks = (f"0x8000_0000 + {4096 + n}MiB" for n in range(number // len(BOARDS)))
    sizes = (f"{{name: {n}, set: {{memory: {{ram: [{bank}]}}}}}}" for n, bank in enumerate(banks))
    path = folder / f"{name}.yaml"
    path.write_text(f"sweep: {name}\naxes:\n  platform: [{files}]\n  memory: [{', '.join(sizes)}]\n")
    return path


def seconds(path: Path, *crews: tuple[str, ...]) -> float:
    """How long a sweep takes from its start to its end, or several at the same time to the end of the last."""
    with tempfile.TemporaryDirectory() as folder:
        began, running = time.monotonic(), []
        for number, crew in enumerate(crews):
            arguments = ["sweep", str(path), "--results", f"{folder}/r{number}.jsonl", "--exit-zero", "-q", *crew]
            command = [sys.executable, "-c", "import sys; from kexecspec.cli import main; sys.exit(main())", *arguments]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT))
        if any(process.wait() for process in running):
            sys.exit("a sweep failed")
        return time.monotonic() - began


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers."""
    file = folder / "scheduler.json"
    one = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard", "--scheduler-file"]
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    commands = [[*scheduler, "--scheduler-file", str(file)], *([*one, str(file)] for _ in range(workers))]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with contextlib.ExitStack() as stack:
        for command in commands:
            process = subprocess.Popen(command, env=ENVIRONMENT, cwd=folder, **quiet)  # type: ignore[call-overload]
            stack.callback(process.wait)
            stack.callback(process.kill)
        while not (file.exists() and file.read_text().endswith("}")):
            time.sleep(0.1)
        yield json.loads(file.read_text())["address"]


def main() -> None:
    """Measures all three, and writes README's table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, few = matrix(folder, "many", number), matrix(folder, "few", len(BOARDS))
        with cluster(folder, 2) as address:
            alone, pair, halves = ("--jobs", "1"), ("--jobs", "2"), (("--shard", "1/2"), ("--shard", "2/2"))
            crews = ((alone,), (pair,), (("--dask", address),), tuple((*alone, *half) for half in halves))
            seconds(few, ("--dask", address))
            taken = []
            for _ in range(RUNS):
                taken.append([seconds(many, *crew) for crew in crews])
                print(" ".join(f"{one:.1f} s" for one in taken[-1]), flush=True)
    one, two, dask, apart = (statistics.median(times) for times in zip(*taken, strict=True))
    rows = [
        "| who judges | combinations | time | a second | compared |", "|---|---|---|---|---|",
        f"| `--jobs 1` | {number} | {one:.1f} s | {number / one:.1f} | |",
        f"| `--jobs 2` | {number} | {two:.1f} s | {number / two:.1f} | {one / two:.2f} times one |",
        f"| two sweeps of a half, `--jobs 1` each | {number} | {apart:.1f} s | {number / apart:.1f} "
        f"| {one / apart:.2f} times one |",
        f"| two Dask workers | {number} | {dask:.1f} s | {number / dask:.1f} | {two / dask:.2f} times `--jobs 2` |",
    ]  # fmt: skip
    print("\n".join(rows))
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    table = "\n".join((MARKS[0], *rows, MARKS[1]))
    README.write_text(pattern.sub(lambda _: table, README.read_text()))


if __name__ == "__main__":
    main()
