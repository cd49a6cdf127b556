"""The mutants that nothing notices, and why that is right: `survivors.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tests.mutants.mutant import PARTS, Outcome

FILE = Path(__file__).with_name("survivors.yaml")


@dataclass(frozen=True)
class Verdict:
    """Outcomes against the table of reasons: survivors without one, and names with one that are caught by now."""

    unexplained: tuple[Outcome, ...]
    explained: tuple[Outcome, ...]
    caught: tuple[Outcome, ...]


def reasons(path: Path = FILE) -> Mapping[str, str]:
    """Name -> reason; a name may hold `*`."""
    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {pattern: entry["why"] for entry in found for pattern in entry["mutants"]}


def reason(name: str, table: Mapping[str, str]) -> str:
    """Why the mutant `name` is not noticed; empty where nobody has said."""
    if name in table:
        return table[name]
    return next((why for pattern, why in table.items() if fnmatchcase(name, _literal(pattern))), "")


def compared(outcomes: Iterable[Outcome], table: Mapping[str, str]) -> Verdict:
    """`outcomes` against the reasons."""
    listed = tuple(outcomes)
    alive = tuple(o for o in listed if not o.caught)
    return Verdict(
        tuple(o for o in alive if not reason(o.name, table)),
        tuple(o for o in alive if reason(o.name, table)),
        tuple(o for o in listed if o.caught and o.name in table),
    )


def summary(outcomes: Iterable[Outcome], table: Mapping[str, str]) -> str:
    """The table of parts that CONTRIBUTING.md shows."""
    listed = tuple(outcomes)
    lines = ["| part | mutants | noticed | explained | neither |", "|---|---|---|---|---|"]
    for part in PARTS:
        some = [o for o in listed if o.part == part]
        if some:
            said = compared(some, table)
            noticed = len(some) - len(said.explained) - len(said.unexplained)
            share = f"{noticed} ({100 * noticed // len(some)} %)"
            lines.append(f"| {part} | {len(some)} | {share} | {len(said.explained)} | {len(said.unexplained)} |")
    return "\n".join(lines)


def _literal(pattern: str) -> str:
    """`pattern` with brackets taken as they stand; only `*` means anything."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
