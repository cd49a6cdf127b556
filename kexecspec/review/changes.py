"""What differs between two platform files, as facts each of which can be taken alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kexecspec.diagnostics import Span
from kexecspec.library import Library
from kexecspec.review.edits import put
from kexecspec.review.features import has, with_features
from kexecspec.tree import Node, Path, Plain, Scalar, Table, find, plain

UNJUDGED = ("schema", "platform", "about", "expect", "waivers", "extends")
"""What a platform file says to people, or about itself."""
_BY_VERSION = ("version", "features")


@dataclass(frozen=True)
class Change:
    """One fact that is otherwise: `path` in the file; `old` and `new` as they are written, None where there is none;
    `feature` where it is a kernel's feature, which may follow from its version. `place` is in the new file if it can
    be."""

    path: Path
    old: str | None
    new: str | None
    place: Span
    node: Node | None = None
    feature: str | None = None

    @property
    def what(self) -> str:
        """What the fact is called."""
        return ".".join(map(str, (*self.path, *((self.feature,) if self.feature else ()))))


def changes(old: Table, new: Table, library: Library) -> tuple[Change, ...]:
    """Everything that `new` says otherwise than `old`, in the order of the files. Of a kernel, what its version brings
    is told feature by feature, and the version itself for the rest."""
    return tuple(_changes(old, new, (), library))


def laid(old: Table, new: Table, chosen: Collection[Change], library: Library) -> Table:
    """`old` with some of the changes towards `new`."""
    tree = old
    for change in chosen:
        if change.feature is None:
            tree = put(tree, change.path, change.node)
    kernels = {c.path[:2] for c in changes(old, new, library) if c.path[:1] == ("kernels",) and len(c.path) == 3}
    for path in sorted(kernels, key=str):
        before, after = has(find(old, path), library), has(find(new, path), library)
        if before is None or after is None:
            continue
        taken = {change.feature for change in chosen if change.path[:2] == path}
        wanted = {name: after[name] if name in taken else value for name, value in before.items()}
        tree = with_features(tree, path, wanted, library)
    return tree


def _changes(old: Table, new: Table, path: Path, library: Library) -> Iterator[Change]:
    names = list(dict.fromkeys((*new.keys(), *old.keys())))
    if len(path) == 2 and path[0] == "kernels":
        features = list(_features(old, new, path, library))
        yield from features
        if features or has(old, library) is not None and has(new, library) is not None:
            names = [name for name in names if name != "features"]
    for name in names:
        if not path and name in UNJUDGED:
            continue
        before, after = old.get(name), new.get(name)
        if not path:
            before, after = _or_empty(before, after), _or_empty(after, before)
        if isinstance(before, Table) and isinstance(after, Table):
            yield from _changes(before, after, (*path, name), library)
        elif _plain(before) != _plain(after):
            place = (after or before or new).span
            yield Change((*path, name), written(before), written(after), place, after)


def _or_empty(node: Node | None, other: Node | None) -> Node | None:
    return Table((), other.span) if node is None and isinstance(other, Table) else node


def _features(old: Table, new: Table, path: Path, library: Library) -> Iterator[Change]:
    before, after = has(old, library), has(new, library)
    if before is None or after is None:
        return
    for name in after:
        if before[name] != after[name]:
            place = _stated(new, name) or _stated(old, name) or new.get("version") or new
            yield Change((*path, "features"), _word(before[name]), _word(after[name]), place.span, feature=name)


def _stated(kernel: Table, feature: str) -> Node | None:
    return find(kernel, ("features", feature))


def _word(value: bool | str) -> str:
    return str(value).lower()


def _plain(node: Node | None) -> tuple[bool, Plain]:
    return node is not None, None if node is None else plain(node)


def written(node: Node | None) -> str | None:
    """A value as one line of YAML would have it; None for none."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Table):
        return "{" + ", ".join(f"{entry.key.text}: {written(entry.value)}" for entry in node.entries) + "}"
    return "[" + ", ".join(str(written(item)) for item in node.items) + "]"


