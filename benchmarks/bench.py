"""`make bench`: time and memory of every example's check, as whole processes, and the table that README.md shows.

    python benchmarks/bench.py [RUNS]    median of RUNS runs each (default 5), after one that is thrown away

A line of the table is a folder of examples: its slowest median and its largest peak memory.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MARKS = "<!-- bench: written by make bench -->", "<!-- end of bench -->"


@dataclass(frozen=True)
class Measured:
    """One example: seconds of wall time (median) and MiB of resident memory (peak)."""

    story: str
    seconds: float
    memory: float


def measured(story: Path, runs: int) -> Measured:
    """`kexecspec check STORY`, cold each time."""
    once(story)
    found = [once(story) for _ in range(runs)]
    return Measured(
        story.relative_to(ROOT / "examples").as_posix(),
        statistics.median(seconds for seconds, _ in found),
        max(memory for _, memory in found),
    )


def once(story: Path) -> tuple[float, float]:
    """Wall time and peak memory of one process. Raises RuntimeError where it did not come to a verdict."""
    command = [sys.executable, "-m", "kexecspec", "check", str(story), "-q"]
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 3):
        raise RuntimeError(f"{story}: exit code {child.returncode}")
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss / unit


def table(found: Iterable[Measured]) -> str:
    """One line a folder."""
    folders: dict[str, list[Measured]] = {}
    for one in found:
        folders.setdefault(one.story.split("/")[0], []).append(one)
    lines = ["| examples | files | slowest check | peak memory |", "|---|---|---|---|"]
    for folder, ones in sorted(folders.items()):
        slowest, largest = max(one.seconds for one in ones), max(one.memory for one in ones)
        lines.append(f"| {folder} | {len(ones)} | {slowest:.2f} s | {largest:.0f} MiB |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints every example, and puts the table into README.md where that has a place for it."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found = []
    for story in sorted((ROOT / "examples").glob("*/*.yaml")):
        found.append(measured(story, runs))
        print(f"{found[-1].seconds:6.2f} s {found[-1].memory:6.0f} MiB  {found[-1].story}", flush=True)
    text = README.read_text(encoding="utf-8")
    begin, end = map(re.escape, MARKS)
    shown = f"{MARKS[0]}\n{table(found)}\n{MARKS[1]}"
    README.write_text(re.sub(f"{begin}.*?{end}", lambda _: shown, text, flags=re.DOTALL), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
