"""The features of a kernel as a platform file gives them: what its version has, and what is said by hand."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.library import Library, feature_version
from kexecspec.review.edits import put, scalar
from kexecspec.tree import Node, Path, Scalar, Table

Has = Mapping[str, bool | str]
"""Whether a kernel has a feature: true, false or `unknown`."""


def has(kernel: Node | None, library: Library) -> Has | None:
    """Every feature of the library for one kernel of a platform file; None for what has no version that can be read."""
    if not isinstance(kernel, Table):
        return None
    plain = by_version(kernel, library)
    if plain is None:
        return None
    stated = kernel.get("features")
    said = {e.key.text: e.value for e in stated.entries} if isinstance(stated, Table) else {}
    values = {name: one.value for name, one in said.items() if isinstance(one, Scalar)}
    found: dict[str, bool | str] = {}
    for name in library.features:
        value = values.get(name, name in plain)
        found[name] = value if isinstance(value, bool | str) else name in plain
    return found


def by_version(kernel: Table, library: Library) -> frozenset[str] | None:
    """The features that an unmodified kernel of this version has; None where that is not known."""
    version, payload = kernel.get("version"), kernel.get("payload")
    linux = payload is None or (isinstance(payload, Scalar) and payload.text == "linux")
    if not linux or not isinstance(version, Scalar):
        return None
    try:
        return library.features_of(feature_version(version.text))
    except ValueError:
        return None


def with_features(root: Table, path: Path, wanted: Has, library: Library) -> Table:
    """`root` with the kernel at `path` having the features `wanted`: what its version has not by itself is said."""
    kernel = root
    for step in path:
        below = kernel.get(str(step))
        assert isinstance(below, Table)
        kernel = below
    plain = by_version(kernel, library) or frozenset()
    stated = kernel.get("features")
    root = put(root, (*path, "features"), None)
    for name, value in wanted.items():
        if value != (name in plain):
            old = stated.get(name) if isinstance(stated, Table) else None
            same = isinstance(old, Scalar) and old.value == value
            root = put(root, (*path, "features", name), old if same else scalar(value, kernel))
    return root
