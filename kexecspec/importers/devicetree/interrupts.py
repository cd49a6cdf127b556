"""Interrupt controllers that keep tables in memory: the GICv3 with its ITS."""

from __future__ import annotations

from kexecspec.importers.board import Gic
from kexecspec.importers.devicetree.nodes import DtNode
from kexecspec.importers.devicetree.reading import Reading
from kexecspec.importers.facts import Fact, unknown

GIC, ITS = "arm,gic-v3", "arm,gic-v3-its"
TABLE = "linux,uefi-system-table"


def gics(reading: Reading, live: bool) -> tuple[Gic, ...]:
    """Every GICv3 that is enabled. It has an ITS where a node below says so that Linux takes for one (its_of_probe);
    whether it was booted through EFI is known of a running machine only (`live`)."""
    found = []
    for node in reading.tree.nodes.values():
        if GIC.encode() in node.props.get("compatible", b"").split(b"\0") and reading.enabled(node):
            found.append(Gic(reading.name(node), reading.place(node), _its(reading, node), _efi(reading, live)))
    return tuple(found)


def _its(reading: Reading, node: DtNode) -> Fact[bool]:
    below = [one for one in node.children if ITS in reading.compatible(one)]
    there = [one for one in below if reading.enabled(one) and "msi-controller" in one.props]
    return Fact(bool(there), tuple(map(reading.place, there or below or [node])))


def _efi(reading: Reading, live: bool) -> Fact[bool]:
    chosen = reading.tree.nodes.get("/chosen")
    place = reading.place(chosen or reading.tree.root)
    if chosen is not None and TABLE in chosen.props:
        return Fact(True, (place,))
    return Fact(False, (place,)) if live else unknown(place, note="a boot loader says it")
