"""C files as syntax trees. The only file that imports tree_sitter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias

from kexecspec.importers.source.blank import Blanked, blank
from kexecspec.importers.source.loops import with_loops

Node: TypeAlias = Any
"""A node of tree_sitter, which is imported only when a file is parsed."""


_DECLARE = ("identifier", "_declarator")


class NoParser(Exception):
    """tree_sitter is not installed; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One C file: its blanked text, its syntax tree, and its functions, each as often as it is defined (`#ifdef`).
    Lines count from 1."""

    blanked: Blanked
    root: Node
    functions: Mapping[str, tuple[Node, ...]] = field(repr=False)

    def text(self, node: Node) -> str:
        """The text of a node, blanks squeezed."""
        return " ".join(self.blanked.text[node.start_byte : node.end_byte].decode("utf-8", "replace").split())

    def conditions(self, node: Node) -> tuple[str, ...]:
        """Under which conditions the first line of a node is compiled."""
        return self.blanked.conditions.each(line(node))

    def unclear(self, node: Node) -> bool:
        """Whether something under a node could not be parsed, or was left out so that the rest could be."""
        left_out = (start for start, _ in self.blanked.dropped)
        return garbled(node) or any(node.start_byte <= start < node.end_byte for start in left_out)


def line(node: Node) -> int:
    """The line on which a node begins."""
    return int(node.start_point[0]) + 1


def parse(text: bytes) -> Unit:
    """The syntax tree of a C file. Any bytes will do: what cannot be parsed is an ERROR node.

    Raises NoParser if tree_sitter is not installed.
    """
    read = blank(text)
    blanked = replace(read, text=with_loops(read.text))
    root = _parser().parse(blanked.text).root_node
    found: dict[str, tuple[Node, ...]] = {}
    for node, name in _functions(root):
        found[name] = (*found.get(name, ()), node)
    return Unit(blanked, root, found)


def walk(node: Node) -> Iterator[Node]:
    """A node and everything under it, in the order of the text."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def garbled(node: Node) -> bool:
    """Whether something under a node could not be parsed. A missing `;`, as after a loop macro, is no such thing."""
    return bool(node.has_error) and any(inner.is_error for inner in walk(node))


def name_of(declarator: Node | None) -> str:
    """The name that a declarator declares, through pointers, arrays, functions and initial values; `` for none."""
    while declarator is not None and declarator.type not in ("identifier", "field_identifier", "type_identifier"):
        inner = declarator.child_by_field_name("declarator")
        if inner is None:
            inner = next((child for child in declarator.children if child.type.endswith(_DECLARE)), None)
        declarator = inner
    return "" if declarator is None else str(declarator.text.decode("utf-8", "replace"))


def _functions(root: Node) -> Iterator[tuple[Node, str]]:
    for node in root.children:
        if node.type == "function_definition":
            yield node, name_of(node.child_by_field_name("declarator"))
        elif node.is_error:
            yield from _functions(node)


def plain_tree(text: bytes) -> Node:
    """The top of the syntax tree of a text as it stands. Raises NoParser."""
    return _parser().parse(text).root_node


def captured(node: Node, query: str) -> Mapping[str, list[Node]]:
    """What a query in tree_sitter's own language finds under a node, by the names of its captures. Raises NoParser."""
    import tree_sitter

    return tree_sitter.QueryCursor(_query(query)).captures(node)


def check_parser() -> None:
    """Raises NoParser where tree_sitter is not installed."""
    _parser()


@cache
def _language() -> Any:
    try:
        import tree_sitter
        import tree_sitter_c
    except ImportError:
        raise NoParser("reading C needs tree-sitter: pip install 'kexecspec[import]'") from None
    return tree_sitter.Language(tree_sitter_c.language())


@cache
def _parser() -> Any:
    language = _language()
    import tree_sitter

    return tree_sitter.Parser(language)


@cache
def _query(text: str) -> Any:
    language = _language()
    import tree_sitter

    return tree_sitter.Query(language, text)
