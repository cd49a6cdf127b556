"""Where in a C file a scope is: functions, what a struct's member is set to, initial values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kexecspec.importers.features.forms import Scope
from kexecspec.importers.source.syntax import Node, Unit, line, name_of, walk


@dataclass(frozen=True, slots=True)
class Found:
    """Pieces of a file, and why there may be more (empty: there are not)."""

    nodes: tuple[Node, ...]
    doubt: str = ""


def scope_nodes(unit: Unit, scope: Scope) -> Found:
    """The pieces of a file that a scope names. Where a piece is not found because the file could not be parsed
    there, `doubt` says so."""
    if scope.function:
        return functions(unit, scope.function)
    if scope.hook:
        return hook_nodes(unit, scope.hook)
    if scope.variable:
        nodes = tuple(n for n in walk(unit.root) if n.type == "init_declarator" and name_of(n) == scope.variable)
        return Found(nodes, "" if nodes else lost(unit, scope.variable))
    return Found((unit.root,))


def functions(unit: Unit, name: str) -> Found:
    """The definitions of a function."""
    nodes = unit.functions.get(name, ())
    return Found(nodes, "" if nodes else lost(unit, name))


def hook_nodes(unit: Unit, hook: str) -> Found:
    """The members `hook` (`platform_driver.shutdown`) of all structs of that type that the file initialises."""
    struct, *path = hook.split(".")
    structs = [node for node in walk(unit.root) if _initialises(node, struct)]
    nodes = tuple(found for node in structs for found in _members(unit, node, path))
    if nodes or not structs:
        return Found(nodes, "" if nodes else lost(unit, struct))
    word = re.compile(rb"\b" + re.escape(path[-1].encode()) + rb"\b")
    unclear = [n for n in structs if unit.unclear(n) and _within(unit, n, word)]
    return Found((), f"the struct at line {line(unclear[0])} could not be parsed whole" if unclear else "")


def value_of(pair: Node) -> Node | None:
    """What an initialiser's member is set to."""
    return pair.child_by_field_name("value")


def lost(unit: Unit, name: str) -> str:
    """Why something called `name` may be in the file though it was not found: it stands where C could not be parsed."""
    word = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    for node in walk(unit.root):
        if node.is_error and word.search(unit.blanked.text, node.start_byte, _line_end(unit, node.end_byte)):
            return f"{name} stands where the file could not be parsed (line {node.start_point[0] + 1})"
    for start, text in unit.blanked.dropped:
        if word.search(text):
            at = unit.blanked.text.count(b"\n", 0, start) + 1
            return f"{name} stands in a branch of #if that was left out (line {at})"
    return ""


def _within(unit: Unit, node: Node, word: re.Pattern[bytes]) -> bool:
    """Whether a word stands in a node, or in what was left out of it."""
    dropped = (text for at, text in unit.blanked.dropped if node.start_byte <= at < node.end_byte)
    here = word.search(unit.blanked.text, node.start_byte, node.end_byte)
    return here is not None or any(word.search(text) for text in dropped)


def _line_end(unit: Unit, at: int) -> int:
    end = unit.blanked.text.find(b"\n", at)
    return len(unit.blanked.text) if end < 0 else end


def _initialises(node: Node, struct: str) -> bool:
    if node.type != "declaration":
        return False
    kind = node.child_by_field_name("type")
    name = kind.child_by_field_name("name") if kind is not None and kind.type == "struct_specifier" else None
    return name is not None and name.text == struct.encode()


def _members(unit: Unit, node: Node, path: list[str]) -> Iterator[Node]:
    """The pairs of an initialiser that set `.a.b`, written so or one inside the other."""
    for pair in _pairs(node):
        named = [child.text.decode() for child in walk(pair.children[0]) if child.type == "field_identifier"]
        for child in pair.children[1:]:
            if child.type == "field_designator":
                named += [inner.text.decode() for inner in walk(child) if inner.type == "field_identifier"]
        if named == path:
            yield pair
        elif named == path[: len(named)] and (value := value_of(pair)) is not None:
            yield from _members(unit, value, path[len(named) :])


def _pairs(node: Node) -> Iterator[Node]:
    """The outermost pairs under a node."""
    for child in node.children:
        if child.type == "initializer_pair":
            yield child
        else:
            yield from _pairs(child)
