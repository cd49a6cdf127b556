"""A device tree as values: nodes with raw properties, found by path and by phandle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kexecspec.importers.facts import Place


@dataclass(frozen=True, slots=True)
class DtNode:
    """A node. `path` is `/` for the root; properties are bytes as they stand in the blob."""

    path: str
    props: Mapping[str, bytes]
    children: tuple[DtNode, ...] = ()

    @property
    def name(self) -> str:
        """The last part of its path, with the unit address."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Tree:
    """A whole device tree: the file that it was read from, its root, and the (address, size) pairs that the blob's
    header reserves. A phandle that two nodes have belongs to the first, and to `shared`."""

    file: str
    root: DtNode
    reserved: tuple[tuple[int, int], ...] = ()
    nodes: Mapping[str, DtNode] = field(init=False, repr=False, compare=False)
    phandles: Mapping[int, DtNode] = field(init=False, repr=False, compare=False)
    shared: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        nodes = {node.path: node for node in _all(self.root)}
        phandles: dict[int, DtNode] = {}
        shared = set()
        for node in nodes.values():
            raw = node.props.get("phandle", node.props.get("linux,phandle", b""))
            if len(raw) == 4 and (number := int.from_bytes(raw, "big")) in phandles:
                shared.add(number)
            elif len(raw) == 4:
                phandles[number] = node
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "phandles", phandles)
        object.__setattr__(self, "shared", frozenset(shared))

    def parent(self, node: DtNode) -> DtNode | None:
        """The node that holds `node`; None for the root."""
        if node is self.root or node.path == "/":
            return None
        return self.nodes[node.path.rpartition("/")[0] or "/"]

    def upwards(self, node: DtNode) -> Iterator[DtNode]:
        """`node` and all that hold it, the root last."""
        step: DtNode | None = node
        while step is not None:
            yield step
            step = self.parent(step)

    def place(self, node: DtNode) -> Place:
        """Where a fact read in `node` stands."""
        return Place(self.file, node=node.path)


def _all(root: DtNode) -> Iterator[DtNode]:
    queue = [root]
    while queue:
        node = queue.pop()
        yield node
        queue.extend(reversed(node.children))
