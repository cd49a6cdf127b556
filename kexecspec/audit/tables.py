"""Rows counted: by board, by driver, by subsystem, and the drivers that are refuted most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kexecspec.audit.rows import STANDINGS, Row, Standing


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that have something in common: how many stand where, how many masters and boards they are of, and a place
    of each kind. `handoffs` counts those of a standing by kind of handoff."""

    name: str
    counts: tuple[tuple[Standing, int], ...]
    subjects: int
    boards: int
    place: str
    handoffs: tuple[tuple[str, int], ...]

    def count(self, standing: Standing) -> int:
        """How many rows stand there."""
        return dict(self.counts).get(standing, 0)


def grouped(rows: Iterable[Row], by: Callable[[Row], str], of: Standing = "error") -> tuple[Group, ...]:
    """Groups of rows, those with most errors first, then most unknown, then by name. `handoffs` counts rows that
    stand at `of`."""
    known: dict[str, list[Row]] = {}
    for row in rows:
        known.setdefault(by(row), []).append(row)
    made = [_group(name, found, of) for name, found in known.items()]
    return tuple(sorted(made, key=lambda g: (-g.count("error"), -g.count("open"), -g.count("note"), g.name)))


def by_board(rows: Iterable[Row]) -> tuple[Group, ...]:
    """One group a board."""
    return grouped(rows, lambda row: row.subject.board)


def by_driver(rows: Iterable[Row]) -> tuple[Group, ...]:
    """One group a driver; what has none known is by itself."""
    return grouped(rows, lambda row: row.subject.driver or "(none)")


def by_subsystem(rows: Iterable[Row]) -> tuple[Group, ...]:
    """One group a subsystem of the kernel."""
    return grouped(rows, lambda row: row.subject.subsystem)


def worst(rows: Sequence[Row], many: int = 10) -> tuple[Group, ...]:
    """The drivers with most errors."""
    return tuple(g for g in by_driver([r for r in rows if r.standing == "error"]) if g.count("error"))[:many]


def totals(rows: Iterable[Row]) -> dict[str, dict[Standing, int]]:
    """For each property and kind of handoff how many rows stand where."""
    found: dict[str, Counter[Standing]] = {}
    for row in rows:
        name = f"{row.found.code}@{row.found.handoff}" if row.found.code else "-"
        found.setdefault(name, Counter())[row.standing] += 1
    return {name: {s: counts[s] for s in STANDINGS} for name, counts in sorted(found.items())}


def open_facts(rows: Iterable[Row]) -> tuple[tuple[str, int], ...]:
    """The unknown facts that verdicts hang on, and how many hang on each."""
    counts = Counter(fact for row in rows if row.standing == "open" for fact in row.found.open)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def reasons(rows: Iterable[Row]) -> tuple[tuple[str, int], ...]:
    """Why what is not judged is not, and how many."""
    counts = Counter(row.found.why for row in rows if row.standing == "not judged")
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _group(name: str, rows: Sequence[Row], of: Standing) -> Group:
    counts = Counter(row.standing for row in rows)
    handoffs = Counter(row.found.handoff for row in rows if row.standing == of)
    places = [row.subject.driver_place or row.subject.place for row in rows]
    return Group(
        name,
        tuple((s, counts[s]) for s in STANDINGS),
        len({(row.subject.board, row.subject.name) for row in rows}),
        len({row.subject.board for row in rows}),
        next((place for place in places if place), ""),
        tuple(sorted(handoffs.items())),
    )
