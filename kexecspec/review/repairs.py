"""The vocabulary of repairs (specs/repairs), and what each of them comes to on a platform file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kexecspec.library import Library, feature_version
from kexecspec.review.edits import built, put
from kexecspec.review.features import by_version, has
from kexecspec.review.own_changes import newer_optee, other_call, with_shutdown, with_user_space_stopped
from kexecspec.tree import Path, Plain, Scalar, Table, find, plain
from kexecspec.versions import Version, parse_version


@dataclass(frozen=True)
class Edit:
    """A value put at a place of a platform file."""

    path: Path
    value: Plain


@dataclass(frozen=True)
class Repair:
    """One change that can be made to a platform file: the `entry` of the vocabulary and what it is applied `to`. It
    `ends` findings of some codes where it leaves them without a premise."""

    entry: str
    to: str
    title: str
    cost: int
    edits: tuple[Edit, ...]
    features: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`ENTRY(what it is applied to)`."""
        return f"{self.entry}({self.to})"


def repairs(root: Table, library: Library) -> tuple[Repair, ...]:
    """Every repair that would change the platform file `root`, in the order of the vocabulary."""
    found: list[Repair] = []
    for spec in library.all("repairs"):
        for name, entry in spec.content["repairs"].items():
            found += _made(name, entry, root, library)
    return tuple(found)


def repaired(root: Table, chosen: Iterable[Repair]) -> Table:
    """`root` with some repairs."""
    for repair in chosen:
        for edit in repair.edits:
            root = put(root, edit.path, built(edit.value, root))
    return root


def clash(chosen: Sequence[Repair]) -> bool:
    """Whether two of them put different values at one place."""
    values: dict[Path, Plain] = {}
    return any(values.setdefault(e.path, e.value) != e.value for repair in chosen for e in repair.edits)


def ends(name: str, chosen: Iterable[Repair], library: Library) -> bool:
    """Whether a finding is mended where it has no premise any more: that was a danger, or one of the repairs takes it
    away on purpose. Work that is not done any more is no mend."""
    code = name.partition("/")[0]
    if any(code in repair.ends for repair in chosen):
        return True
    spec = library.spec("properties", code)
    return spec is not None and spec.content.get("premise_is") == "danger"


def _put(edits: Iterable[tuple[Path, Plain]]) -> tuple[Edit, ...]:
    return tuple(Edit(path, value) for path, value in edits)


def _features(root: Table, wanted: Sequence[str], library: Library) -> Iterator[Edit]:
    for kernels in _by_version(root, library).values():
        yield from _switched(root, kernels, wanted, library)


def _made(name: str, entry: Mapping[str, Any], root: Table, library: Library) -> Iterator[Repair]:
    title, cost, ending = str(entry["title"]), int(entry["cost"]), tuple(map(str, entry.get("ends", ())))
    content: Any = plain(root)
    if "call" in entry:
        switched = tuple(_features(root, entry.get("features", ()), library))
        for to, puts in other_call(entry["call"]["from"], entry["call"]["to"], content, library):
            yield Repair(name, to, title, cost, (*switched, *_put(puts)), ends=ending)
    elif "features" in entry:
        wanted = tuple(map(str, entry["features"]))
        for version, kernels in _by_version(root, library).items():
            edits = tuple(_switched(root, kernels, wanted, library))
            if edits:
                to = f"{', '.join(kernels)}: {version}"
                yield Repair(name, to, title, cost, edits, wanted, tuple(kernels), ending)
    if "series" in entry:
        for version, kernels in _by_version(root, library).items():
            for release in _releases(entry["series"], version, library):
                edits = tuple(Edit(("kernels", kernel, "version"), release) for kernel in kernels)
                yield Repair(name, f"{', '.join(kernels)}: {version} -> {release}", title, cost, edits)
    if "shutdown" in entry:
        for to, puts in with_shutdown(entry["kinds"], content, library):
            yield Repair(name, to, title, cost, _put(puts), ends=ending)
    if "set" in entry:
        for path in _places(root, entry["set"]["at"].split("."), entry.get("where", {})):
            beside = "beside" not in entry or find(root, (*path[:-1], entry["beside"])) is not None
            if beside and ((old := find(root, path)) is None or plain(old) != entry["set"]["to"]):
                yield Repair(
                    name, ".".join(map(str, path[:2])), title, cost, (Edit(path, entry["set"]["to"]),), ends=ending
                )
    if "user_space" in entry and (handoffs := with_user_space_stopped(content.get("handoffs", ()))):
        yield Repair(name, "handoffs", title, cost, (Edit(("handoffs",), handoffs),), ends=ending)
    if "optee" in entry:
        yield from (
            Repair(name, f"{old} -> {new}", title, cost, (Edit(("secure_world", "optee"), new),), ends=ending)
            for old, new in newer_optee(entry["optee"], content)
        )


def _by_version(root: Table, library: Library) -> dict[str, list[str]]:
    """The Linux kernels of each version: they are built from one tree."""
    found: dict[str, list[str]] = {}
    kernels = root.get("kernels")
    for entry in kernels.entries if isinstance(kernels, Table) else ():
        if isinstance(entry.value, Table) and by_version(entry.value, library) is not None:
            version = entry.value.get("version")
            found.setdefault(version.text if isinstance(version, Scalar) else "", []).append(entry.key.text)
    return found


def _switched(root: Table, kernels: Sequence[str], wanted: Sequence[str], library: Library) -> Iterator[Edit]:
    for kernel in kernels:
        known = has(find(root, ("kernels", kernel)), library) or {}
        for feature in wanted:
            if known.get(feature) is False:
                yield Edit(("kernels", kernel, "features", feature), True)


def _releases(series: Iterable[str], version: str, library: Library) -> Iterator[str]:
    """The newest known release of each series that is newer than `version`."""
    current = feature_version(version)
    for name in series:
        newest = _newest(name, library)
        if newest > current:
            yield str(newest)


def _newest(series: str, library: Library) -> Version:
    told = [parse_version(series)]
    for entry in library.features.values():
        for table in (entry.get("backports", {}), entry.get("backports_until", {})):
            told += [parse_version(str(release)) for name, release in table.items() if str(name) == series]
    return max(told)


def _places(root: Table, steps: Sequence[str], where: Mapping[str, str], path: Path = ()) -> Iterator[Path]:
    """The paths that `steps` stand for, a * being every name of a table that fits `where`."""
    if not steps:
        yield path
    elif steps[0] != "*":
        yield from _places(root, steps[1:], where, (*path, steps[0]))
    else:
        table = find(root, path)
        for entry in table.entries if isinstance(table, Table) else ():
            said: Any = plain(entry.value)
            if isinstance(said, dict) and all(said.get(key) == value for key, value in where.items()):
                yield from _places(root, steps[1:], where, (*path, entry.key.text))
