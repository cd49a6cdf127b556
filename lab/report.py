"""Prediction and observation side by side, of runs that are in `out/`: `python -m lab.report TREE... [NAME...]`.

The trees are Debian's kernel sources. A run is told where there is the tree of the kernel that it begins with.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lab import console, memory, phases, table, trace
from lab.machine import imported, platform
from lab.predict import Expected, expected, verdicts
from lab.run import OUT
from lab.scenario import SCENARIOS, Scenario, telling
from lab.settled import SETTLED


@dataclass(frozen=True)
class Row:
    """One phase of one kernel: what may happen there, what did, and what is to be said of it."""

    kernel: int
    phase: str
    predicted: tuple[str, ...]
    seen: tuple[str, ...]
    said: str
    unexpected: frozenset[str] = frozenset()
    standing: str = "registers not read"


def judged(kernel: int, cell: phases.Cell, predicted: Expected | None, came: bool) -> Row:
    """Agreement is that nothing was seen which was not predicted; where no frame `came` that is little. Where something
    was predicted and nothing was seen, the cell says nothing, and tells why."""
    seen = {outcome for outcome, _ in cell.outcomes}
    expected = predicted.outcomes if predicted else set()
    if seen - expected:
        said = "DIFFERS"
    elif seen or (not expected and came):
        said = "agrees"
    elif not expected:
        said = "agrees: nothing came"
    elif cell.full:
        said = "not seen: the ring was spent"
    else:
        said = "not seen: nothing came"
    counts = tuple(f"{outcome} {count}" for outcome, count in cell.outcomes)
    unexpected = frozenset(seen - expected)
    return Row(kernel, cell.span.phase, tuple(sorted(expected)), counts, said, unexpected, standing(cell, predicted))


def standing(cell: phases.Cell, predicted: Expected | None) -> str:
    """What was read of the SMMU's registers in a phase, against where the model has it stand."""
    read = {(one.enabled, one.aborts) for one in cell.read}
    if not read:
        return "registers not read"
    if read <= (predicted.standings if predicted else set()):
        return "registers agree"
    told = ", ".join(f"CR0.SMMUEN={on:d} GBPA.ABORT={aborts:d}" for on, aborts in sorted(read))
    return f"registers DIFFER: {told}"


def rows(scenario: Scenario, made: Path) -> tuple[Row, ...]:
    """The cells of a run."""
    folder = OUT / scenario.name
    lines = told(folder / "console.txt")
    events = (*trace.read(told(folder / "trace.txt")), *trace.registers(told(folder / "registers.txt")))
    end = max((float(lines[-1].split()[0]), *(event.time for event in events)))
    cells = phases.cells(tuple(console.marks(lines)), events, end + 1)
    predicted = expected(made, scenario)
    return tuple(
        judged(one.span.kernel, one, predicted.get((one.span.kernel, one.span.phase)), came(scenario, one))
        for one in cells
    )


def told(file: Path) -> list[str]:
    """The lines of what a run left."""
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def came(scenario: Scenario, cell: phases.Cell) -> bool:
    """Whether a frame came in a phase: QEMU traces that of an e1000e, of other cards the sender's rate tells."""
    if scenario.card == "e1000e":
        return cell.frames > 0
    return scenario.rate * (cell.span.end - cell.span.begin) >= 2


def reached(scenario: Scenario) -> int:
    """How many of a scenario's kernels came up."""
    lines = told(OUT / scenario.name / "console.txt")
    return sum(mark.kind == "up" for mark in console.marks(lines))


def show(scenario: Scenario, base: Path) -> tuple[str, ...]:
    """Print one scenario; its line of the table."""
    made, ended = platform(scenario, base), (OUT / scenario.name / "ended.txt").read_text().strip()
    print(f"\n{scenario.name}: {scenario.about} ({ended})")
    up = reached(scenario)
    found = verdicts(made)
    for one in found:
        if one.verdict != "PROVED":
            print(f"  {one.instance} {one.verdict}")
    print(f"  {sum(one.verdict == 'PROVED' for one in found)} properties PROVED")
    print(f"  {up} of {len(scenario.plan)} kernels came up")
    counted: Counter[str] = Counter()
    for row in rows(scenario, made):
        counted[row.said] += 1
        counted[row.standing.partition(":")[0]] += 1
        why = ", ".join(SETTLED.get((row.phase, one), "not settled") for one in sorted(row.unexpected))
        cells = (", ".join(row.predicted) or "-", ", ".join(row.seen) or "-")
        print(f"  k{row.kernel} {row.phase:26}{cells[0]:34}{cells[1]:34}{row.said}{f' [{why}]' if why else ''}")
        if "DIFFER" in row.standing:
            print(f"     {row.standing}")
    read = trace.read(told(OUT / scenario.name / "trace.txt"))
    seen = tuple(one for one in read if isinstance(one, trace.Transaction))
    for said in memory.told(scenario, OUT / scenario.name, seen):
        print(f"  {said}")
    if strange := memory.elsewhere(seen):
        pages = ", ".join(hex(page) for page in sorted(strange)[:8])
        print(f"  I/O addresses DIFFER from those of the platform file: {pages}")
    lines = told(OUT / scenario.name / "console.txt")
    for (kernel, said), count in Counter(console.worth(lines)).items():
        print(f"  k{kernel} log{f' x{count}' if count > 1 else ''}: {said[:110]}")
    return table.line(scenario, ended, up, counted, [one.instance for one in found if one.verdict == "REFUTED"])


def release(tree: Path) -> str:
    """The release of a kernel tree, such as 6.1, as its Makefile has it."""
    said = (tree / "Makefile").read_text(encoding="utf-8")
    return ".".join(re.findall(r"^(?:VERSION|PATCHLEVEL) = (\d+)$", said, re.MULTILINE))


def main() -> None:
    """All runs that are there, or those named, as far as there is the tree of their first kernel."""
    trees = {release(Path(word)): Path(word) for word in sys.argv[1:] if Path(word, "Makefile").exists()}
    wanted = {word for word in sys.argv[1:] if not Path(word, "Makefile").exists()}
    bases: dict[tuple[str, bool], Path] = {}
    lines: list[tuple[str, ...]] = []
    for scenario in SCENARIOS:
        there = scenario.first in trees and (OUT / scenario.name / "ended.txt").exists()
        if there and (not wanted or scenario.name in wanted):
            kind = (telling(scenario).name, scenario.its)
            bases[kind] = bases.get(kind) or imported(trees[scenario.first], scenario)
            lines.append(show(scenario, bases[kind]))
    print(f"\n{table.table(lines)}")


if __name__ == "__main__":
    main()
