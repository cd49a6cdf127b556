"""Wall time and peak memory of every story's `check`, cold, as whole processes; writes README's table.

Times are compared within one run only: the last column is the ratio to `kexecspec --version`, which loads nothing.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RUNS = int(os.environ.get("RUNS", "3"))
MARKS = "<!-- speed: written by make bench -->", "<!-- end of speed -->"


@dataclass(frozen=True)
class Measured:
    """Medians of several runs: seconds of wall time, MiB of peak memory."""

    seconds: float
    mebibytes: float


def measure(arguments: list[str], runs: int = RUNS) -> Measured:
    """Runs `kexecspec ARGUMENTS` `runs` times, each a process of its own with its output thrown away."""
    seconds, peaks = [], []
    for _ in range(runs):
        began = os.times().elapsed
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", "import sys; from kexecspec.cli import main; sys.exit(main())", *arguments],
            dict(os.environ),
            file_actions=[(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)],
        )
        _, _, usage = os.wait4(pid, 0)
        seconds.append(os.times().elapsed - began)
        peaks.append(usage.ru_maxrss / 1024)
    return Measured(statistics.median(seconds), statistics.median(peaks))


def main() -> None:
    """Measures every story and writes the slowest of each folder into README.md."""
    os.chdir(ROOT)
    base = measure(["--version"])
    rows = []
    for folder in sorted(p for p in (ROOT / "examples").iterdir() if p.is_dir()):
        found = []
        for story in sorted(folder.glob("*.yaml")):
            measured = measure(["check", "--no-cache", story.relative_to(ROOT).as_posix()])
            found.append((measured.seconds, story.stem, measured))
            print(f"{folder.name}/{story.stem}: {measured.seconds:.2f} s, {measured.mebibytes:.0f} MiB", flush=True)
        middle = statistics.median(seconds for seconds, _, _ in found)
        slowest = max(found)
        peak = max(measured.mebibytes for _, _, measured in found)
        rows.append(
            f"| {folder.name} | {len(found)} | {middle:.2f} s | {slowest[0]:.2f} s ({slowest[1]}) | {peak:.0f} MiB "
            f"| {slowest[0] / base.seconds:.1f} |"
        )
    head = ["| stories | files | median | slowest | peak memory | slowest / `--version` |", "|---|---|---|---|---|---|"]
    table = "\n".join([*head, *rows])
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    README.write_text(pattern.sub(f"{MARKS[0]}\n{table}\n{MARKS[1]}", README.read_text()))


if __name__ == "__main__":
    main()
