"""Which unknown facts of a platform would change most verdicts, found by judging it with each value of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kexecspec.check import Checked, Known, checked_platforms
from kexecspec.findings import Report
from kexecspec.ir.values import IntSort, Value, members
from kexecspec.library import Library
from kexecspec.options import Options
from kexecspec.platform.facts import Platform, Unknown
from kexecspec.platform.variants import Assignment
from kexecspec.platform.ways import Ways
from kexecspec.review.judge import WORST, States, states
from kexecspec.tree import Node

FEW = 16
"""Numbers with more values are tried at their ends only."""


@dataclass(frozen=True)
class Change:
    """A property instance that is judged otherwise where a fact is known."""

    id: str
    before: str
    after: str


@dataclass(frozen=True)
class Open:
    """An unknown fact: by each value that was tried what changes. `tried` is false where the budget was spent before;
    `ends`: only the least and the greatest value were tried."""

    name: str
    changes: tuple[tuple[Value, tuple[Change, ...]], ...]
    tried: bool = True
    ends: bool = False

    @property
    def flips(self) -> tuple[str, ...]:
        """The property instances that some value flips."""
        return tuple(sorted({change.id for _, changes in self.changes for change in changes}))


@dataclass(frozen=True)
class Flips:
    """All unknown facts, those that flip most first, with how many times the platform was judged. `report` is the one
    with all of them open; None where there are none."""

    facts: tuple[Open, ...]
    judged: int
    report: Report | None


def flips(root: Node, found: Ways, library: Library, options: Options, budget: int) -> Flips:
    """What each unknown fact of the tree `root` would change, `found` being the ways of its platform; that is judged at
    most `budget` times more than once. Facts that findings name as deciding come first, so that the budget goes to
    them. Raises InputError."""
    options = replace(options, replay=False, explained=False, apart=0, library=library, inside=True)
    free = _free([platform for _, platform in found])
    if not free and len(found) == 1:
        return Flips((), 0, None)
    known: Known = {}
    whole = checked_platforms(root, found, options, known)
    before = states(whole.report)
    facts = list(_of_the_shape(whole, before))
    named = {name for finding in whole.report.findings for name, _ in finding.decided_by}
    judged = 1
    for name in sorted(free, key=lambda name: (name not in named, name)):
        values, ends = _values(free[name])
        if judged - 1 + len(values) > budget:
            facts.append(Open(name, (), tried=False))
            continue
        changes = []
        for value in values:
            ways = [(given, _pinned(platform, name, value)) for given, platform in found]
            after = states(checked_platforms(root, ways, options, known).report)
            changes.append((value, _changes(before, after)))
        judged += len(values)
        facts.append(Open(name, tuple(changes), ends=ends))
    facts.sort(key=lambda fact: (not fact.tried, -len(fact.flips), fact.name))
    return Flips(tuple(facts), judged, whole.report)


def _of_the_shape(whole: Checked, before: States) -> Iterator[Open]:
    """The facts each of whose values is tried in any check: what the ways with one value say together."""
    values: dict[str, list[object]] = {}
    for way in whole.ways:
        for name, value in way.facts:
            if value not in values.setdefault(name, []):
                values[name].append(value)
    for name, each in values.items():
        changes = []
        for value in each:
            reports = [states(way.report) for way in whole.ways if _has(way.facts, name, value)]
            after = {key: _worst([found[key] for found in map(_verdicts, reports) if key in found]) for key in before}
            changed = (Change(k, s.verdict, after[k]) for k, s in before.items() if after[k] not in ("", s.verdict))
            changes.append((value if isinstance(value, bool | int | str) else str(value), tuple(changed)))
        yield Open(name, tuple(changes))


def _has(facts: Assignment, name: str, value: object) -> bool:
    return (name, value) in [(given, said) for given, said in facts if type(said) is type(value)]


def _verdicts(found: States) -> Mapping[str, str]:
    return {name: state.verdict for name, state in found.items()}


def _worst(verdicts: Sequence[str]) -> str:
    return min(verdicts, key=WORST.index, default="")


def _free(platforms: Sequence[Platform]) -> dict[str, Unknown]:
    """The facts that are free in the systems, by `PART.FACT`."""
    return {
        f"{entity.name}.{name}": fact
        for platform in platforms
        for entity in platform.entities.values()
        for name, fact in entity.facts.items()
        if isinstance(fact, Unknown)
    }


def _values(fact: Unknown) -> tuple[tuple[Value, ...], bool]:
    sort = fact.sort
    if isinstance(sort, IntSort) and sort.high - sort.low >= FEW:
        return (sort.low, sort.high), True
    return tuple(members(sort)), False


def _pinned(platform: Platform, name: str, value: Value) -> Platform:
    part, _, fact = name.rpartition(".")
    entity = platform.entities.get(part)
    if entity is None or not isinstance(entity.facts.get(fact), Unknown):
        return platform
    known = replace(entity, facts={**entity.facts, fact: value})
    return replace(platform, entities={**platform.entities, part: known})


def _changes(before: States, after: States) -> tuple[Change, ...]:
    return tuple(
        Change(name, state.verdict, after[name].verdict)
        for name, state in before.items()
        if name in after and after[name].verdict != state.verdict
    )
