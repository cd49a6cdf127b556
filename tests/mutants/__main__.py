"""`python -m tests.mutants`: runs the mutants, names the survivors, and fails where nobody has explained one."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tests.mutants.mutant import PARTS, Outcome
from tests.mutants.run import ONE_IN, listed, run
from tests.mutants.source import A_FUNCTION
from tests.mutants.survivors import compared, reason, reasons, summary

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "CONTRIBUTING.md"
MARKS = "<!-- mutants: written by make mutants -->", "<!-- end of mutants -->"


def main(arguments: list[str]) -> int:
    """The exit code: 0 where every mutant is noticed or explained."""
    asked = _arguments(arguments)
    parts = asked.only or list(PARTS)
    mutants = [
        m for part in parts for m in listed(ROOT, part, asked.one_in, asked.each) if re.search(asked.match, m.name)
    ]
    print(f"{len(mutants)} mutants of {', '.join(parts)}", flush=True)
    outcomes = run(ROOT, mutants, "rules" in parts and not asked.match, asked.jobs, _heard, asked.reach)
    table = reasons()
    said = compared(outcomes, table)
    for outcome in said.explained:
        print(f"explained: {outcome.name}\n    {reason(outcome.name, table)}")
    for outcome in said.caught:
        print(f"explained, but noticed by {outcome.caught}: {outcome.name}")
    for outcome in said.unexplained:
        print(f"survives: {outcome.name}")
    print(summary(outcomes, table))
    if asked.write:
        _write(summary(outcomes, table))
    return 1 if said.unexplained else 0


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be given more than once")
    parser.add_argument("--jobs", type=int, default=1, help="processes that try mutants (1)")
    parser.add_argument("--match", default="", help="only mutants whose name has this regular expression")
    parser.add_argument("--one-in", type=int, default=ONE_IN, help=f"sample of facts and rules ({ONE_IN}); 1 is all")
    parser.add_argument("--each", type=int, default=A_FUNCTION, help=f"mutants of each function ({A_FUNCTION})")
    parser.add_argument("--reach", type=Path, help="keep in this file which tests reach which function")
    parser.add_argument("--write", action="store_true", help="write the table into CONTRIBUTING.md")
    return parser.parse_args(arguments)


def _heard(outcome: Outcome) -> None:
    mark = "." if outcome.caught else "S"
    print(f"{mark} {outcome.seconds:6.1f} s  {outcome.name}  <- {outcome.caught or 'nothing'}", flush=True)


def _write(table: str) -> None:
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(pattern.sub(f"{MARKS[0]}\n{table}\n{MARKS[1]}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
