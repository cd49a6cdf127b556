"""How far a soak has come: counts a kind, what disagreed, what was covered, kept in one small file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kexecspec.files import write_whole

KEPT = 1000
"""Disagreements that are kept by name; all are counted."""


@dataclass
class Progress:
    """`done` holds seeds at or above `next` that are done already: workers do not end in order."""

    next: int = 0
    done: set[int] = field(default_factory=set)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    covered: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, seed: int, report: dict[str, Any]) -> None:
        """The report of one seed; a seed is counted once, however often it is reported."""
        if seed < self.next or seed in self.done:
            return
        for kind, found in report["counts"].items():
            self.counts.setdefault(kind, Counter()).update(found)
        self.covered.update(report["covered"])
        self.wrong.update(list(report["wrong"].items())[: KEPT - len(self.wrong)])
        self.done.add(seed)
        while self.next in self.done:
            self.done.remove(self.next)
            self.next += 1

    @property
    def cases(self) -> int:
        """All cases that had an answer."""
        return sum(count["cases"] for count in self.counts.values())

    @property
    def disagreements(self) -> int:
        return sum(count["wrong"] for count in self.counts.values())


def load(file: Path) -> Progress:
    """What `file` says; nothing done yet where there is none."""
    if not file.exists():
        return Progress()
    kept = json.loads(file.read_text())
    counts = {kind: Counter(count) for kind, count in kept["counts"].items()}
    covered = Counter(kept["covered"])
    return Progress(kept["next"], set(kept["done"]), counts, covered, kept["wrong"], kept["seconds"])


def save(progress: Progress, file: Path) -> None:
    """Writes `file` whole."""
    kept = {
        "next": progress.next,
        "done": sorted(progress.done),
        "counts": progress.counts,
        "covered": dict(sorted(progress.covered.items())),
        "wrong": progress.wrong,
        "seconds": round(progress.seconds, 1),
    }
    write_whole(file, json.dumps(kept, indent=1) + "\n")


def table(progress: Progress) -> str:
    """Counts a kind, as text."""
    rows = [f"{'kind':<12}{'cases':>9}{'open':>8}{'wrong':>8}"]
    for kind, count in sorted(progress.counts.items()):
        rows.append(f"{kind:<12}{count['cases']:>9}{count['open']:>8}{count['wrong']:>8}")
    rows.append(f"{'all':<12}{progress.cases:>9}{'':>8}{progress.disagreements:>8}")
    return "\n".join(rows)
