"""How much one platform file may describe: what is larger would take hours, and is refused at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from kexecspec.diagnostics import Diagnostic
from kexecspec.library import Library
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.drivers import is_client
from kexecspec.source import Items, Node, Table, at, find, walk

LONGEST = 1000
"""Entries of any list or mapping."""
MOST: Mapping[str, int] = MappingProxyType({"devices": 20_000, "handoffs": 256, "kernels": 64, "smmus": 2000})
"""Entries of the parts whose numbers multiply, or that are judged one by one."""
FEWER = "leave out what has no part in a handoff, or describe each part of the machine in a file of its own"
CLIENTS = 256
"""TEE clients, which share the secure world and are judged together."""


def excess(root: Node) -> tuple[Diagnostic, ...]:
    """What there is too much of in the tree of a platform file."""
    return tuple(_excess(root))


def _excess(root: Node) -> Iterator[Diagnostic]:
    for path, node in walk(root):
        if _length(node) > LONGEST and not (len(path) == 1 and path[0] in MOST):
            where = ".".join(map(str, path)) or "the file"
            yield Diagnostic("KX018", f"{where} has {_length(node)} entries, at most {LONGEST} are read", node.span)
    for part, most in MOST.items():
        found = find(root, (part,))
        if found is not None and most < _length(found):
            message = f"{_length(found)} {part}, at most {most} can be judged together"
            yield Diagnostic("KX018", message, at(root, (part,)), help=FEWER)


def crowd(content: Mapping[str, Any], library: Library, wrong: Complaints) -> None:
    """Adds to `wrong` that there are too many TEE clients."""
    drivers = Counter(str((entry or {}).get("driver")) for entry in content.get("devices", {}).values())
    number = sum(drivers[name] for name in drivers if is_client(name, content, library))
    if number > CLIENTS:
        message = f"{number} TEE clients, at most {CLIENTS} can be judged together"
        wrong.say("KX018", message, ("devices",), FEWER)


def _length(node: Node) -> int:
    match node:
        case Table(entries=entries):
            return len(entries)
        case Items(items=items):
            return len(items)
        case _:
            return 0
