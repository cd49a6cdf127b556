"""How a fact that nobody knows can be measured: `specs/measure`."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from kexecspec.library import Library


@dataclass(frozen=True)
class Measure:
    """How facts of one kind are measured; `sources` as (ref, says)."""

    name: str
    title: str
    how: str
    facts: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]


def measures(library: Library) -> tuple[Measure, ...]:
    """All ways to measure that the library knows."""
    return tuple(
        Measure(
            str(name), str(entry["title"]), " ".join(str(entry["how"]).split()), tuple(map(str, entry["facts"])),
            tuple((str(source["ref"]), str(source.get("says", ""))) for source in entry["sources"]),
        )
        for spec in library.all("measure")
        for name, entry in spec.content["measure"].items()
    )  # fmt: skip


def measure_of(fact: str, known: tuple[Measure, ...]) -> Measure | None:
    """How `fact` is measured, which is a place of a platform file or PART.FACT."""
    fits = ((len(pattern), one) for one in known for pattern in one.facts if fnmatchcase(fact, pattern))
    return max(fits, key=lambda pair: pair[0], default=(0, None))[1]
