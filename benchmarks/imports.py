"""What an import and an audit take: `python benchmarks/imports.py [TREE [DTBS]]`; writes README's table.

TREE and DTBS are what `make audit` fetches, unless others are named. Everything begins with an empty cache. Peak memory
is that of the main process.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import README, ROOT, RUNS, Measured, measure

FETCHED = ROOT / ".audit"
MARKS = "<!-- imports: written by make bench -->", "<!-- end of imports -->"
BOARDS = ("fsl-ls1028a-kontron-kbox-a-230-ls", "sdm845-db845c", "fsl-lx2160a-rdb")


def boards(dtbs: Path) -> list[Path]:
    """The boards of the table, as far as they are there, and the one with the largest blob."""
    every = sorted(dtbs.rglob("*.dtb"))
    named = [path for path in every if path.stem in BOARDS]
    return [*named, *(path for path in sorted(every, key=lambda p: -p.stat().st_size)[:1] if path not in named)]


def rows(tree: Path, dtbs: Path) -> Iterator[tuple[str, Measured]]:
    """What was done, and what it took."""
    first, *others = boards(dtbs)
    number = sum(1 for _ in dtbs.rglob("*.dtb"))
    like = ["import", "--kernel", str(tree), "--dtb"]
    yield f"the tree read for the first time, and {first.stem} imported", measure([*like, str(first)], 1)
    yield f"{first.stem} again", measure([*like, str(first)])
    for board in others:
        yield f"{board.stem}, whose drivers nobody asked for yet", measure([*like, str(board)], 1)
        yield f"{board.stem} again", measure([*like, str(board)])
    answers = Path(os.environ["KEXECSPEC_CACHE"]) / "answers.jsonl"
    audit = ["audit", "--kernel", str(tree), "--dtbs", str(dtbs), "--results", str(answers)]
    yield f"{number} boards audited", measure(audit, 1)
    yield f"{number} boards audited again, no answer kept", measure(audit, 1)
    yield f"{number} boards audited, all answers kept", measure([*audit, "--resume"], 1)


def main() -> int:
    """Measures, where there is something to measure with."""
    given = [Path(name).resolve() for name in sys.argv[1:] if name]
    tree = given[0] if given else FETCHED / "linux-source-6.1"
    dtbs = given[1] if len(given) > 1 else FETCHED / "usr/lib"
    if not boards_there(tree, dtbs):
        print(f"imports are not measured: {tree} and {dtbs} are not both there (make audit fetches them)")
        return 0
    lines = [f"| {RUNS} runs, the median; one where it is the first | time | peak memory |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as cache:
        os.environ["KEXECSPEC_CACHE"] = cache
        for name, found in rows(tree, dtbs):
            print(f"{name}: {found.seconds:.2f} s, {found.mebibytes:.0f} MiB", flush=True)
            lines.append(f"| {name} | {found.seconds:.1f} s | {found.mebibytes:.0f} MiB |")
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    table = "\n".join(lines)
    README.write_text(pattern.sub(f"{MARKS[0]}\n{table}\n{MARKS[1]}", README.read_text()))
    return 0


def boards_there(tree: Path, dtbs: Path) -> bool:
    """Whether there is a tree, and a blob."""
    return (tree / "drivers").is_dir() and dtbs.is_dir() and bool(boards(dtbs))


if __name__ == "__main__":
    sys.exit(main())
