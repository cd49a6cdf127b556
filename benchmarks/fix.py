"""Processor time, wall time and outcome of `fix` on every story, cold, each a process of its own. Prints a table.

Names of stories (tee-bnxt-fourth-kexec/hook-only...) may be given; else all are measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_WORDS = ("PASS", "FAIL", "UNDECIDED")


def measure(story: str) -> str:
    """One row of the table."""
    command = [sys.executable, "-c", "import sys; from kexecspec.cli import main; sys.exit(main())"]
    before = os.times()
    done = subprocess.run(
        [*command, "fix", "--no-cache", f"examples/{story}.yaml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    lines = done.stdout.splitlines()
    ends = (" ".join(lines[number : number + 2]) for number, line in enumerate(lines) if line.startswith(_WORDS))
    said = next(ends, "")
    return f"| {story} | {used:.1f} s | {after.elapsed - before.elapsed:.1f} s | {' '.join(said.split())} |"


def main(stories: list[str]) -> None:
    """Measures the stories and prints a row for each."""
    found = sorted((ROOT / "examples").glob("*/*.yaml"))
    print("| story | processor | wall | outcome |\n|---|---|---|---|")
    for story in stories or [file.relative_to(ROOT / "examples").with_suffix("").as_posix() for file in found]:
        print(measure(story), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
