"""What a maintainer takes over for a repair: commits, where each of them is, and what it needs in turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.library import Library, feature_version
from kexecspec.review.features import has
from kexecspec.review.repairs import Repair
from kexecspec.tree import Scalar, Table, find
from kexecspec.versions import Version, parse_version


@dataclass(frozen=True)
class Need:
    """A feature that another one needs, and why; `commit` brings it, if that is known."""

    by: str
    feature: str
    commit: str | None
    why: str


@dataclass(frozen=True)
class Backport:
    """One commit, or a change that nobody has committed (`commit` is None): what it brings to `kernels`, its first
    mainline release, the first of each stable series, and why it is here: `needs` of others, or the repair itself."""

    commit: str | None
    features: tuple[str, ...]
    title: str
    kernels: tuple[str, ...]
    series: str
    since: str
    releases: tuple[tuple[str, str], ...]
    not_in: tuple[tuple[str, str], ...]
    brings: tuple[str, ...]
    needed: tuple[Need, ...] = ()

    @property
    def own(self) -> str | None:
        """The first release of the kernel's own series that has it."""
        return dict(self.releases).get(self.series)


def backports(root: Table, chosen: Sequence[Repair], library: Library) -> tuple[Backport, ...]:
    """The commits for all repairs by kernel feature, with those that they need and the kernels lack, in the order of
    mainline. What the library does not know is left open."""
    found: list[Backport] = []
    for kernels in dict.fromkeys(repair.kernels for repair in chosen if repair.features):
        wanted = [feature for repair in chosen if repair.kernels == kernels for feature in repair.features]
        found += _for(root, kernels, wanted, library)
    return tuple(sorted(found, key=lambda one: (one.commit is None, _rank(one.since), one.commit or "", one.features)))


def lacking(feature: str, there: Iterable[str], library: Library) -> Iterator[Need]:
    """What `feature` needs and `there` has not, with what that needs in turn."""
    known, open_ones = set(there), [feature]
    while open_ones:
        one = open_ones.pop(0)
        for name, why in library.features[one].get("needs", {}).items():
            if name not in known:
                known.add(name)
                open_ones.append(name)
                yield Need(one, name, library.features[name].get("commit"), str(why))


def _for(root: Table, kernels: Sequence[str], wanted: Sequence[str], library: Library) -> list[Backport]:
    known = [has(_kernel(root, kernel), library) or {} for kernel in kernels]
    there = {name for one in known for name, on in one.items() if on is True}
    stated = [name for kernel in kernels for name in _stated(root, kernel) if name in library.features]
    needs = [need for feature in (*wanted, *stated) for need in lacking(feature, (*there, *wanted), library)]
    every = list(dict.fromkeys((*(f for f in wanted if f not in there), *(need.feature for need in needs))))
    groups: dict[str, list[str]] = {}
    for feature in every:
        groups.setdefault(str(library.features[feature].get("commit") or feature), []).append(feature)
    version = find(root, ("kernels", kernels[0], "version"))
    series = feature_version(version.text).series if isinstance(version, Scalar) else ""
    return [
        _backport(names, kernels, series, [need for need in dict.fromkeys(needs) if need.feature in names], library)
        for names in groups.values()
    ]


def _backport(
    names: Sequence[str], kernels: Sequence[str], series: str, needs: Sequence[Need], library: Library
) -> Backport:
    entries: list[Mapping[str, Any]] = [library.features[name] for name in names]
    first = entries[0]
    return Backport(
        first.get("commit"),
        tuple(names),
        str(first["title"]),
        tuple(kernels),
        series,
        str(first["since"]),
        tuple((str(name), str(release)) for name, release in first.get("backports", {}).items()),
        tuple((str(name), str(why)) for name, why in first.get("not_in", {}).items()),
        tuple(str(entry["brings"]) for entry in entries if "brings" in entry),
        tuple(needs),
    )


def _stated(root: Table, kernel: str) -> tuple[str, ...]:
    """The features that the file switches on by hand: somebody has taken them over already."""
    table = find(root, ("kernels", kernel, "features"))
    entries = table.entries if isinstance(table, Table) else ()
    return tuple(e.key.text for e in entries if isinstance(e.value, Scalar) and e.value.value is True)


def _kernel(root: Table, name: str) -> Table | None:
    found = find(root, ("kernels", name))
    return found if isinstance(found, Table) else None


def _rank(since: str) -> Version:
    return parse_version("9999.0") if since == "never" else parse_version(since)
