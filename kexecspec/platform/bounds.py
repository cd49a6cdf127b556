"""How much one platform file may describe: what is larger would take hours, and is refused at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kexecspec.diagnostics import Diagnostic
from kexecspec.source import Items, Node, Table, at, find, walk

LONGEST = 1000
"""Entries of any list or mapping."""
MOST: Mapping[str, int] = MappingProxyType({"devices": 256, "handoffs": 256, "kernels": 64, "smmus": 64})
"""Entries of the parts whose numbers multiply."""


def excess(root: Node) -> tuple[Diagnostic, ...]:
    """What there is too much of in the tree of a platform file."""
    return tuple(_excess(root))


def _excess(root: Node) -> Iterator[Diagnostic]:
    for path, node in walk(root):
        if _length(node) > LONGEST:
            where = ".".join(map(str, path)) or "the file"
            yield Diagnostic("KX018", f"{where} has {_length(node)} entries, at most {LONGEST} are read", node.span)
    for part, most in MOST.items():
        found = find(root, (part,))
        if found is not None and most < _length(found) <= LONGEST:
            message = f"{_length(found)} {part}, at most {most} can be judged together"
            help_ = "leave out what has no part in a handoff, or describe each part of the machine in a file of its own"
            yield Diagnostic("KX018", message, at(root, (part,)), help=help_)


def _length(node: Node) -> int:
    match node:
        case Table(entries=entries):
            return len(entries)
        case Items(items=items):
            return len(items)
        case _:
            return 0
