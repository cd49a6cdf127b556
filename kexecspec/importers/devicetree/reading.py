"""Properties of nodes as values, with everything that is wrong about them collected."""

from __future__ import annotations

from dataclasses import dataclass, field

from kexecspec.diagnostics import Diagnostic, InputError, Span
from kexecspec.importers.devicetree.nodes import DtNode, Tree
from kexecspec.importers.facts import Place

MOST_CELLS = 4
"""#address-cells, #size-cells and #iommu-cells are at most so many."""
MOST_ENTRIES = 1000
"""Entries of one list of a property."""
ENABLED = ("okay", "ok")
RESERVED = ("machine", "tee", "optee", "optee-ffa", "arm_ffa", "amdtee", "linux", "kdump", "memory")
"""Names that other parts of a platform have."""


@dataclass
class Reading:
    """One tree, and what was found wrong in it; `raise_any` ends it."""

    tree: Tree
    wrong: list[Diagnostic] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESERVED, 1))

    def say(self, node: DtNode, prop: str, says: str, help: str | None = None) -> None:
        """Adds that a property of `node` cannot be right."""
        self.wrong.append(Diagnostic("KX032", f"{node.path}: {prop}: {says}", Span(self.tree.file), help=help))

    def raise_any(self) -> None:
        """Raises InputError with everything said so far, if anything was."""
        if self.wrong:
            raise InputError(self.wrong)

    def place(self, node: DtNode) -> Place:
        """Where a fact read in `node` stands."""
        return self.tree.place(node)

    def texts(self, node: DtNode, prop: str) -> tuple[str, ...]:
        """A list of texts; bytes that are no ASCII are written as escapes. Empty without the property."""
        raw = node.props.get(prop, b"")
        if raw and not raw.endswith(b"\0"):
            self.say(node, prop, "a text without an end", 'prop = "text";')
            return ()
        return tuple(part.decode("ascii", "backslashreplace") for part in raw.split(b"\0")[:-1])

    def text(self, node: DtNode, prop: str) -> str | None:
        """One text; None without the property, or where it is no text."""
        found = self.texts(node, prop)
        return found[0] if found else None

    def cells(self, node: DtNode, prop: str) -> tuple[int, ...]:
        """Cells of 32 bits. Empty without the property."""
        raw = node.props.get(prop, b"")
        if len(raw) % 4:
            self.say(node, prop, f"{len(raw)} bytes are no whole cells of 4")
            return ()
        return tuple(int.from_bytes(raw[at : at + 4], "big") for at in range(0, len(raw), 4))

    def count(self, node: DtNode, prop: str) -> int | None:
        """A number of cells such as #address-cells of `node` itself; None without the property or where it is wrong."""
        if prop not in node.props:
            return None
        found = self.cells(node, prop)
        if len(found) == 1 and found[0] <= MOST_CELLS:
            return found[0]
        self.say(node, prop, f"{_shown(found)}: one cell, 0 to {MOST_CELLS}, is allowed")
        return None

    def bus_cells(self, bus: DtNode) -> tuple[int, int]:
        """The cells of an address and of a size on `bus`: its own, or those of the nearest node above that says, as the
        kernel does (of_bus_n_addr_cells)."""
        said = []
        for prop in ("#address-cells", "#size-cells"):
            found = (self.count(node, prop) for node in self.tree.upwards(bus) if prop in node.props)
            said.append(next((cells for cells in found if cells is not None), 1))
        return said[0], said[1]

    def rows(self, node: DtNode, prop: str, *widths: int) -> list[tuple[int, ...]]:
        """Rows of numbers of `widths` cells each; a width of 0 gives 0."""
        cells, width = self.cells(node, prop), sum(widths)
        if not cells:
            return []
        if not width or len(cells) % width or len(cells) // width > MOST_ENTRIES:
            self.say(node, prop, f"{len(cells)} cells, and each entry has {width} ({' + '.join(map(str, widths))})")
            return []
        return [_row(cells[at : at + width], widths) for at in range(0, len(cells), width)]

    def spans(self, node: DtNode, prop: str, bus: DtNode) -> list[tuple[int, int]]:
        """Addresses with sizes on `bus`, those of no bytes left out. What ends beyond 64 bits is complained of."""
        found = []
        for start, size in self.rows(node, prop, *self.bus_cells(bus)):
            if start + size > 1 << 64:
                self.say(node, prop, f"{start:#x} + {size:#x} ends beyond 64 bits")
            elif size:
                found.append((start, size))
        return found

    def referenced(self, node: DtNode, prop: str, cells: str) -> list[tuple[DtNode, tuple[int, ...]]]:
        """Nodes that a list of phandles names, each with the cells that follow; `cells` is how each says how many."""
        found: list[tuple[DtNode, tuple[int, ...]]] = []
        given, at = self.cells(node, prop), 0
        while at < len(given) and len(found) < MOST_ENTRIES:
            target = self.node_of(node, prop, given[at])
            width = None if target is None else self.count(target, cells) if cells else 0
            if target is None or width is None:
                if target is not None:
                    self.say(node, prop, f"it refers to {target.path}, which has no {cells}")
                break
            args = given[at + 1 : at + 1 + width]
            if len(args) < width:
                self.say(node, prop, f"{len(args)} cells follow the reference to {target.path}, which asks for {width}")
                break
            found.append((target, args))
            at += 1 + width
        return found

    def node_of(self, node: DtNode, prop: str, phandle: int) -> DtNode | None:
        """The node of a phandle; one that no node has, or several have, is complained of."""
        target = self.tree.phandles.get(phandle)
        if target is None:
            self.say(node, prop, f"no node has the phandle {phandle:#x}")
        elif phandle in self.tree.shared:
            self.say(node, prop, f"several nodes have the phandle {phandle:#x}, {target.path} among them")
        return target

    def enabled(self, node: DtNode) -> bool:
        """Whether the kernel makes a device of it: its status says so, and that of all nodes above."""
        return all(self.status(above) in ENABLED for above in self.tree.upwards(node))

    def status(self, node: DtNode) -> str:
        """What `status` says: okay without one."""
        return (self.text(node, "status") or "") if "status" in node.props else "okay"

    def inherits(self, node: DtNode, yes: str, no: str) -> bool:
        """Whether the nearest of `node` and those above that says `yes` or `no` says yes (of_dma_is_coherent)."""
        for above in self.tree.upwards(node):
            if yes in above.props:
                return True
            if no in above.props:
                return False
        return False

    def compatible(self, node: DtNode) -> tuple[str, ...]:
        """Its compatibles, the most special first."""
        return self.texts(node, "compatible")

    def name(self, node: DtNode) -> str:
        """A name for it in a platform file, that no other node has."""
        if node.path not in self.names:
            parent = self.tree.parent(node)
            stem = _plain(node.name) or "root"
            longer = f"{_plain(parent.name)}.{stem}".strip(".") if parent else stem
            name = stem if stem not in self.taken else longer
            while name in self.taken:
                self.taken[stem] += 1
                name = f"{stem}.{self.taken[stem]}"
            self.taken[name] = self.taken.get(name, 1)
            self.names[node.path] = name
        return self.names[node.path]


def _plain(name: str) -> str:
    kept = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "._+-") else "-" for ch in name)
    return kept.strip("._+-")[:80]


def _row(cells: tuple[int, ...], widths: tuple[int, ...]) -> tuple[int, ...]:
    numbers, at = [], 0
    for width in widths:
        numbers.append(int.from_bytes(b"".join(c.to_bytes(4, "big") for c in cells[at : at + width]), "big"))
        at += width
    return tuple(numbers)


def _shown(cells: tuple[int, ...]) -> str:
    return f"{len(cells)} cells" if len(cells) != 1 else str(cells[0])
