"""Processor time, wall time and outcome of `fix` on every story, cold, each a process of its own.

Names of stories (tee-bnxt-fourth-kexec/hook-only...) may be given, and are printed; else all are measured, and those
that have something to mend are written into README's table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MARKS = "<!-- fix: written by make bench-fix -->", "<!-- end of fix -->"
HEAD = ("| story | processor | wall | outcome |", "|---|---|---|---|")
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
    """Measures the stories and prints a row for each; all of them go into README.md."""
    found = sorted((ROOT / "examples").glob("*/*.yaml"))
    print(*HEAD, sep="\n")
    rows = []
    for story in stories or [file.relative_to(ROOT / "examples").with_suffix("").as_posix() for file in found]:
        rows.append(measure(story))
        print(rows[-1], flush=True)
    if not stories:
        README.write_text(written(rows, README.read_text()))


def written(rows: list[str], text: str) -> str:
    """README's text with a table of the rows that have something to mend."""
    table = "\n".join([MARKS[0], *HEAD, *(row for row in rows if "nothing is refuted" not in row), MARKS[1]])
    return re.sub(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}", lambda _: table, text, flags=re.DOTALL)


if __name__ == "__main__":
    main(sys.argv[1:])
