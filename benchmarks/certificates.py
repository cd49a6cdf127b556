"""A certificate of every story, verified by z3 and by cvc5; prints a row for each and writes README's table.

Seconds are those of the solvers, all obligations together; `derived` is the time to derive everything anew.
Ends with status 1 if anything that was proved is not verified by both.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from kexecspec.certificate.examine import Examined, examine
from kexecspec.certificate.folder import write_folder
from kexecspec.certificate.made import certificate
from kexecspec.certificate.verify import Answer, answers, conclusion
from kexecspec.check import checked
from kexecspec.ir.verdict import Verdict
from kexecspec.options import Options
from kexecspec.solve.solvers import solver

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SOLVERS = ("z3", "cvc5")
MARKS = "<!-- certificates: written by make certificates -->", "<!-- end of certificates -->"


@dataclass(frozen=True)
class Row:
    """One story: its verdict, that of its certificate, and what it took."""

    story: str
    verdict: str
    outcome: str
    proved: int
    obligations: int
    size: int
    derived: float
    seconds: tuple[float, ...]


def measured(story: str, folder: Path) -> Row:
    """Checks a story, writes its certificate and verifies it with every solver."""
    found = checked(story, Options(certified=True))
    made = certificate(found)
    verdict = found.report.verdict.value
    if made is None:
        return Row(story, verdict, "none", 0, 0, 0, 0.0, tuple(0.0 for _ in SOLVERS))
    write_folder(folder, made.files)
    began = time.monotonic()
    examined = examine(str(folder), story)
    derived = time.monotonic() - began
    given = tuple(answers(examined, [solver(name) for name in SOLVERS], 300))
    end = conclusion(examined, given)
    proved = sum(f.verdict is Verdict.PROVED and not f.vacuous for f in found.report.findings)
    outcome = end.verdict if len(end.proved) == proved else "REJECTED"
    return Row(story, verdict, outcome, proved, _number(examined), examined.size, derived, _seconds(given))


def _number(examined: Examined) -> int:
    return sum(len(system.each) for system in examined.systems)


def _seconds(given: tuple[Answer, ...]) -> tuple[float, ...]:
    return tuple(sum(a.said.seconds for a in given if a.solver == name) for name in SOLVERS)


def row_of(row: Row) -> str:
    """One line for the terminal."""
    name = row.story.removeprefix("examples/").removesuffix(".yaml")
    times = "  ".join(
        f"{solver} {seconds:6.2f} s" for solver, seconds in zip(SOLVERS, row.seconds, strict=True)
    )
    return (
        f"{name:44} {row.verdict:10} {row.outcome:16} {row.proved:3} proved {row.obligations:3} obligations "
        f"{row.size // 1024:4} KiB  derived {row.derived:5.2f} s  {times}"
    )


def table(rows: list[Row]) -> str:
    """README's table: what the largest certificate of each folder of stories took."""
    head = [
        "| stories | certificates | proofs | largest | derived anew | z3 | cvc5 |",
        "|---|---|---|---|---|---|---|",
    ]
    for folder in sorted({row.story.split("/")[1] for row in rows}):
        own = [row for row in rows if row.story.split("/")[1] == folder and row.proved]
        if own:
            worst = [max(values) for values in zip(*((row.derived, *row.seconds) for row in own), strict=True)]
            times = " | ".join(f"{seconds:.2f} s" for seconds in worst)
            size = max(row.size for row in own) // 1024
            head.append(f"| {folder} | {len(own)} | {sum(row.proved for row in own)} | {size} KiB | {times} |")
    return "\n".join(head)


def main() -> int:
    """Measures every story; 1 if a certificate does not hold."""
    os.chdir(ROOT)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for story in sorted((ROOT / "examples").glob("*/*.yaml")):
            rows.append(measured(story.relative_to(ROOT).as_posix(), Path(folder) / "cert"))
            print(row_of(rows[-1]), flush=True)
    bad = [row for row in rows if row.outcome not in ("VERIFIED", "VERIFIED IN PART", "none")]
    bad += [row for row in rows if row.verdict == "PROVED" and row.outcome != "VERIFIED"]
    print(f"{len(rows)} stories, {sum(row.proved for row in rows)} proofs, {len(bad)} certificates do not hold")
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    README.write_text(pattern.sub(f"{MARKS[0]}\n{table(rows)}\n{MARKS[1]}", README.read_text()))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
