"""The lines of a platform file that decide certain facts, found by trial: without such a line they are otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from kexecspec.diagnostics import InputError
from kexecspec.ir.system import Place
from kexecspec.ir.values import Value
from kexecspec.platform.contradictions import without
from kexecspec.platform.facts import PerKernel, Platform
from kexecspec.platform.stated import stated
from kexecspec.source import Node
from kexecspec.tree import Path, key_at

SILENT = ("about", "expect", "waivers", "platform", "schema", "handoffs")


def deciding_lines(
    root: Node, platform: Platform, again: Callable[[dict[str, Any]], Platform], wanted: Collection[str]
) -> tuple[tuple[str, Place], ...]:
    """The lines of the file read as `root` without which one of the facts and numbers called `wanted` is otherwise.
    `again` resolves other contents of the file as `platform` was resolved."""
    before, found = known(platform), list[tuple[str, Place]]()
    for path in _leaves(platform.plain, ()):
        try:
            after = known(again(without(platform.plain, path)))
        except InputError:
            continue
        if any(before.get(name) != after.get(name) for name in wanted):
            span = key_at(root, path)
            found.append((".".join(map(str, path)), Place(span.path, span.line, span.column)))
    return tuple(found)


def known(platform: Platform) -> Mapping[str, Value]:
    """Every fact of a platform by name, and every number that a rule may look at."""
    found: dict[str, Value] = {name: fact.value for name, fact in stated(platform).items()}
    for entity in platform.entities.values():
        for key, value in entity.facts.items():
            each = value.values.items() if isinstance(value, PerKernel) else (("", value),)
            found |= {f"{entity.name}.{key} {kernel}": one for kernel, one in each if type(one) is int}
    for limit in platform.limits:
        found[f"{limit.counter} at most"] = limit.most
    return found


def numbers_of(platform: Platform, part: str) -> tuple[str, ...]:
    """The names of the numbers of the part called `part`."""
    return tuple(name for name, value in known(platform).items() if name.startswith(f"{part}.") and type(value) is int)


def _leaves(node: Any, path: Path) -> Iterator[Path]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            if path or key not in SILENT:
                yield from _leaves(value, (*path, key))
    elif path:
        yield path
