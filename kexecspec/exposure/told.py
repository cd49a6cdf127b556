"""Everything that `exposure` found of one platform file, in one value, and its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kexecspec.exit_codes import DISAGREES, PROVED, UNDECIDED
from kexecspec.exposure.durations import Lengths
from kexecspec.exposure.exposed import Exposed
from kexecspec.exposure.flips import Flips, Open
from kexecspec.exposure.measure import Measure, measure_of


@dataclass(frozen=True)
class Unclear:
    """Unknown facts of one part that one measurement settles; `flips` are the property instances that some value of
    some of them flips."""

    part: str
    measure: Measure | None
    facts: tuple[Open, ...]

    @property
    def flips(self) -> tuple[str, ...]:
        """All that is flipped."""
        return tuple(sorted({name for fact in self.facts for name in fact.flips}))

    @property
    def tried(self) -> bool:
        """Whether every value of every fact was tried, or its ends."""
        return all(fact.tried for fact in self.facts)


@dataclass(frozen=True)
class Told:
    """The bars of all masters and clients, the lengths of phases where there is a log, and the unknown facts."""

    path: str
    platform: str
    handoffs: int
    exposed: tuple[Exposed, ...]
    lengths: Mapping[str, Lengths]
    log: str | None
    stamped: bool
    unclear: tuple[Unclear, ...]
    flips: Flips

    @property
    def objections(self) -> tuple[str, ...]:
        """What the tool itself objects to."""
        report = self.flips.report
        said = (said for one in self.exposed for said in one.objections)
        return tuple(dict.fromkeys((*said, *(report.objections if report is not None else ()))))

    @property
    def code(self) -> int:
        """0 where everything was looked at; 3 where states or facts were left out; 4 where the tool doubts itself."""
        if self.objections:
            return DISAGREES
        cells = (cell for one in self.exposed for bar in one.bars for cell in bar.cells)
        left = any(not cell.sure for cell in cells) or any(not one.tried for one in self.unclear)
        return UNDECIDED if left else PROVED


def unclear(flips: Flips, known: tuple[Measure, ...]) -> tuple[Unclear, ...]:
    """The unknown facts by what settles them, those that flip most first and those that were not tried last."""
    groups: dict[tuple[str, str], list[Open]] = {}
    for fact in flips.facts:
        measure = measure_of(fact.name, known)
        groups.setdefault((part_of(fact.name), measure.name if measure else fact.name), []).append(fact)
    found = [Unclear(part, measure_of(facts[0].name, known), tuple(facts)) for (part, _), facts in groups.items()]
    return tuple(sorted(found, key=_order))


def part_of(fact: str) -> str:
    """The part that a fact is about, by its name: a place of the file, or PART.FACT."""
    words = fact.split(".")
    return words[1] if words[0] in ("devices", "drivers", "smmus", "kernels") and len(words) > 2 else words[0]


def flipped(facts: Iterable[Unclear]) -> int:
    """How many property instances some fact flips."""
    return len({name for one in facts for name in one.flips})


def _order(one: Unclear) -> tuple[bool, int, str, str]:
    return not one.tried, -len(one.flips), one.part, one.measure.name if one.measure else ""
