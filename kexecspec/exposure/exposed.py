"""Every master and TEE client of a platform with its bars, what can reach most first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kexecspec.exposure.asked import Chart, Reach, charts, questions
from kexecspec.exposure.bars import Bar, Cell, bar, worst
from kexecspec.exposure.decided import decided
from kexecspec.exposure.states import States
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.platform.facts import Link, Platform
from kexecspec.platform.part import Part, part_about, parts

MOST = 20_000
"""States of one part that are looked at."""
IN_FULL = 4_000
"""States that are looked at of a client together with the secure world."""


@dataclass(frozen=True)
class Exposed:
    """A master or client and its bars. `alike`: others that differ in names only. `smmu`: the one in front of it.
    `objections`: what the tool itself objects to."""

    name: str
    alike: tuple[str, ...]
    driver: str
    smmu: str
    chart: Chart
    bars: tuple[Bar, ...]
    objections: tuple[str, ...] = ()

    @property
    def gravest(self) -> Reach | None:
        """The gravest that it can reach in any phase of any handoff."""
        found = [cell.reach for one in self.bars for cell in one.cells if cell.reach is not None]
        return min(found, key=lambda reach: reach.rank, default=None)

    @property
    def order(self) -> tuple[int, int, str]:
        """What it is ranked by: what it can reach, in how many phases, its name."""
        gravest = self.gravest
        unsafe = sum(len(one.unsafe) for one in self.bars)
        return gravest.rank if gravest else 100, -unsafe, self.name


def exposed(platforms: Sequence[Platform], library: Library, options: Options) -> tuple[Exposed, ...]:
    """All masters and clients of a platform, `platforms` being the ways in which its unknown facts may be. `options`
    are for what has to be judged, because it has too many states."""
    kinds = {chart.kind: chart for chart in charts(library)}
    found = [
        _exposed(name, ways, chart, library, options)
        for name, ways in _apart(platforms)
        for kind, chart in kinds.items()
        if kind in platforms[0].entities[name].kinds
    ]
    return tuple(sorted(found, key=lambda one: one.order))


def _apart(platforms: Sequence[Platform]) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """Each master and client, of those that are alike one, with the parts about it, one for each way."""
    taken_apart = parts(platforms, (), 0)
    for ways in zip(*taken_apart, strict=True):
        about = ways[0].platform.about or frozenset()
        if not ways[0].rest and len(about) == 1:
            yield next(iter(about)), ways
        elif "tee" in about:
            yield "tee", ways
    for entity in platforms[0].of_kind("tee_driver"):
        if "client" in entity.kinds:
            yield entity.name, tuple(part_about(platform, entity.name) for platform in platforms)


def _exposed(name: str, ways: Sequence[Part], chart: Chart, library: Library, options: Options) -> Exposed:
    by_way = [_bars(name, part, chart, library, options) for part in ways]
    entity = ways[0].platform.entities[name]
    behind = entity.facts.get("smmu")
    there = isinstance(behind, Link) and "smmu" in ways[0].platform.entities[behind.name].kinds
    smmu = behind.name if there and isinstance(behind, Link) else ""
    bars = tuple(worst(bars) for bars in zip(*(bars for bars, _ in by_way), strict=True))
    alike = tuple(other for other in ways[0].alike if other != name)
    objections = tuple(dict.fromkeys(said for _, objections in by_way for said in objections))
    return Exposed(name, alike, entity.driver, smmu, chart, bars, objections)


def _bars(
    name: str, part: Part, chart: Chart, library: Library, options: Options
) -> tuple[tuple[Bar, ...], tuple[str, ...]]:
    platform, objections = part.bare or part.platform, tuple[str, ...]()
    states = States(questions(platform, library, chart, name), MOST)
    found = tuple(bar(states, edge) for edge in platform.edges)
    if not states.complete:
        found, objections = decided(found, platform.edges, states, library, options)
    if part.bare is not None and any(cell.reach for one in found for cell in one.cells):
        full = States(questions(part.platform, library, chart, name), IN_FULL)
        found = tuple(_shown(one, bar(full, edge)) for one, edge in zip(found, platform.edges, strict=True))
    return found, objections


def _shown(one: Bar, full: Bar) -> Bar:
    """`one`, seen without the secure world's state, with what was also seen with it marked."""
    seen = {cell.phase.name: cell for cell in full.cells}
    cells = (replace(cell, shown=_is_shown(cell, seen.get(cell.phase.name))) for cell in one.cells)
    return replace(one, cells=tuple(cells))


def _is_shown(cell: Cell, full: Cell | None) -> bool:
    return cell.reach is None or full is not None and full.reach is not None and full.reach.rank <= cell.reach.rank
