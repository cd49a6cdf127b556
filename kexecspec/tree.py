"""A read file as a tree: text, lists and tables, each with the piece of the file it was written in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from kexecspec.diagnostics import Span

Path: TypeAlias = tuple[str | int, ...]
"""The way to a node: keys of tables and positions in lists, from the root."""

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"


class Scalar(NamedTuple):
    """A text, number, truth value or nothing; `text` is what stands in the file, `quoted` says in quotes."""

    value: str | int | bool | None
    text: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    span: Span


class Entry(NamedTuple):
    """A key and what it says. A key is always text: `6.1`, `no` and `0x10` are names here."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order of the file, no key twice."""

    entries: tuple[Entry, ...]
    span: Span
    _by_key: Mapping[str, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {entry.key.text: entry for entry in self.entries})

    def entry(self, key: str) -> Entry | None:
        """The entry of a key."""
        return self._by_key.get(key)

    def get(self, key: str) -> Node | None:
        """What a key says, or None without the key."""
        found = self.entry(key)
        return found.value if found else None

    def keys(self) -> tuple[str, ...]:
        """The keys in the order of the file."""
        return tuple(entry.key.text for entry in self.entries)


Node: TypeAlias = Scalar | Items | Table


def plain(node: Node) -> Plain:
    """The tree as dict, list, str, int, bool and None, without the places."""
    match node:
        case Scalar(value=value):
            return value
        case Items(items=items):
            return [plain(item) for item in items]
        case Table(entries=entries):
            return {entry.key.text: plain(entry.value) for entry in entries}


def find(node: Node, path: Path) -> Node | None:
    """The node at the end of a path, or None if the tree has no such place."""
    for step in path:
        below = _below(node, step)
        if below is None:
            return None
        node = below
    return node


def at(node: Node, path: Path) -> Span:
    """Where the value at a path was written; the nearest enclosing place if the tree ends earlier."""
    for step in path:
        below = _below(node, step)
        if below is None:
            break
        node = below
    return node.span


def key_at(node: Node, path: Path) -> Span:
    """Where the last key of a path was written; for a list's item, or without such a key, as `at`."""
    if path and isinstance(path[-1], str):
        table = find(node, path[:-1])
        found = table.entry(path[-1]) if isinstance(table, Table) else None
        if found:
            return found.key.span
    return at(node, path)


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every node of the tree with its path, parents first, in the order of the file."""
    yield path, node
    match node:
        case Items(items=items):
            for index, item in enumerate(items):
                yield from walk(item, (*path, index))
        case Table(entries=entries):
            for entry in entries:
                yield from walk(entry.value, (*path, entry.key.text))
        case Scalar():
            pass


def _below(node: Node, step: str | int) -> Node | None:
    if isinstance(node, Table) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None
