"""What a tree shows of each feature, beside what the version table says of the tree's version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kexecspec.importers.facts import Fact
from kexecspec.importers.features.recognise import features_of
from kexecspec.importers.features.tree import Tree
from kexecspec.library import Library
from kexecspec.versions import Version, parse_version


@dataclass(frozen=True, slots=True)
class Row:
    """One feature. table: whether an unmodified kernel of the tree's version has it; None where the version is not
    known, or newer than all that is described."""

    name: str
    tree: Fact[bool]
    table: bool | None

    @property
    def disagree(self) -> bool:
        """Whether tree and version table both say something, and not the same."""
        return None not in (self.tree.value, self.table) and self.tree.value != self.table


def beside(tree: Tree, specs: Library) -> tuple[Row, ...]:
    """Every feature, by name."""
    found = features_of(tree, specs)
    has = _table(tree, specs)
    return tuple(Row(name, fact, None if has is None else name in has) for name, fact in found.items())


def counts(rows: tuple[Row, ...]) -> Mapping[str, int]:
    """How many features are present, absent and unknown."""
    words = {True: "present", False: "absent", None: "unknown"}
    return {word: sum(row.tree.value is value for row in rows) for value, word in words.items()}


def _table(tree: Tree, specs: Library) -> frozenset[str] | None:
    version = version_of_tree(tree)
    return None if version is None or version.base > specs.newest else specs.features_of(version)


def version_of_tree(tree: Tree) -> Version | None:
    """The tree's version, where its Makefile names one that is described."""
    try:
        return parse_version(tree.version.value or "")
    except ValueError:
        return None
