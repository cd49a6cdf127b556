"""A matrix as values: axes of named values, each with what it lays over a platform file, and what is left out of their
product or added to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kexecspec.diagnostics import Span
from kexecspec.extends import merge
from kexecspec.tree import Table

PLATFORM = "platform"
ADDED = "include"
"""What the column of the names of included combinations is called; no axis has this name."""
LIMIT = 10_000
UNJUDGED = ("expect", "waivers")
"""Keys of a platform file that speak of the file as it stands, not of what a combination makes of it."""

Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Value:
    """One value of an axis: `layers` are laid over a platform one after the other; `file` is what it was read from."""

    name: str
    layers: tuple[Table, ...]
    span: Span
    file: str | None = None


@dataclass(frozen=True)
class Axis:
    """A named list of values."""

    name: str
    values: tuple[Value, ...]
    span: Span


@dataclass(frozen=True)
class Choice:
    """What fits all of `wanted`: for some axes the names or patterns of values. `added` makes of it more combinations,
    called by that name, with one more layer."""

    wanted: Mapping[str, tuple[str, ...]]
    span: Span
    added: tuple[str, Table] | None = None

    def fits(self, names: Names) -> bool:
        """Whether the combination with these values is meant."""
        return all(
            any(named(name, pattern) for pattern in self.wanted[axis]) for axis, name in names if axis in self.wanted
        )


@dataclass(frozen=True)
class Matrix:
    """A whole file. The axis of platforms is the first of `axes`."""

    name: str
    path: str
    axes: tuple[Axis, ...]
    excludes: tuple[Choice, ...]
    includes: tuple[Choice, ...]
    limit: int

    @property
    def product(self) -> int:
        """How many combinations the axes have, before anything is left out or added."""
        total = 1
        for axis in self.axes:
            total *= len(axis.values)
        return total


@dataclass(frozen=True)
class Combination:
    """One value of each axis. `number` counts from 1 in the order of the whole matrix."""

    number: int
    names: Names
    values: tuple[Value, ...]
    more: Table | None = None

    @property
    def path(self) -> str:
        """The platform file that everything is laid over; the matrix where there is none."""
        return self.values[0].file or self.values[0].span.path

    def tree(self) -> Table:
        """The platform file that this combination stands for. Raises InputError where a value removes what is not
        there."""
        layers = [layer for value in self.values for layer in value.layers]
        tree = layers[0] if layers else Table((), self.values[0].span)
        for layer in (*layers[1:], *(() if self.more is None else (self.more,))):
            tree = merge(tree, layer)
        return Table(tuple(entry for entry in tree.entries if entry.key.text not in UNJUDGED), tree.span)


def named(name: str, pattern: str) -> bool:
    """Whether `pattern` is this name or fits it."""
    return name == pattern or fnmatchcase(name, pattern)


def label(names: Names) -> str:
    """A combination in words."""
    return ", ".join(f"{axis} {name}" for axis, name in names)


def products(axes: Sequence[Axis]) -> Iterator[tuple[Value, ...]]:
    """Every way to take one value of each axis, the last axis changing first."""
    if not axes:
        yield ()
        return
    for value in axes[0].values:
        for rest in products(axes[1:]):
            yield (value, *rest)
