"""The whole way from a blob to a board."""

from __future__ import annotations

from kexecspec.diagnostics import escape
from kexecspec.importers.board import Board
from kexecspec.importers.devicetree import firmware, interrupts, memory
from kexecspec.importers.devicetree.blob import read_blob
from kexecspec.importers.devicetree.iommus import iommus
from kexecspec.importers.devicetree.masters import masters
from kexecspec.importers.devicetree.nodes import Tree
from kexecspec.importers.devicetree.reading import Reading

LIVE = ("linux,initrd-start", "linux,uefi-system-table", "kaslr-seed", "rng-seed", "linux,usable-memory-range")
"""What only boot loaders put into /chosen."""


def read_board(content: bytes, file: str) -> Board:
    """The board that a device tree blob describes; `file` is its name in what is said of it.

    Raises InputError with everything that is wrong.
    """
    return board_of(read_blob(content, file))


def board_of(tree: Tree) -> Board:
    """The board that a tree describes. Raises InputError with everything that is wrong."""
    reading = Reading(tree)
    known = iommus(reading)
    behind, others, slots = masters(reading, known)
    args = memory.bootargs(reading)
    chosen = tree.nodes.get("/chosen")
    live = chosen is not None and any(prop in chosen.props for prop in LIVE)
    made = Board(
        file=tree.file,
        model=escape(reading.text(tree.root, "model") or ""),
        compatibles=reading.compatible(tree.root),
        live=live,
        ram=memory.ram(reading),
        regions=memory.regions(reading),
        crashkernel=memory.crashkernel_of(args),
        bootargs=args,
        tee=firmware.tee(reading),
        iommus=known,
        masters=behind,
        others=others,
        slots=slots,
        gics=interrupts.gics(reading, live),
    )
    reading.raise_any()
    return made
