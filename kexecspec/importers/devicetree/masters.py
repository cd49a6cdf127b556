"""Bus masters: devices behind an IOMMU, PCI functions that the tree lists, buses that are looked at as Linux boots, and
devices on a bus of memory that may be masters without an IOMMU."""

from __future__ import annotations

from dataclasses import replace

from kexecspec.importers.board import Bus, Iommu, Master, Slot
from kexecspec.importers.devicetree import iommus
from kexecspec.importers.devicetree.firmware import regions_of, runs_firmware
from kexecspec.importers.devicetree.nodes import DtNode
from kexecspec.importers.devicetree.reading import Reading
from kexecspec.importers.facts import Fact, unknown

PRIMECELL = "arm,primecell"
MC = "fsl,qoriq-mc"


Found = tuple[tuple[Master, ...], tuple[Master, ...], tuple[Slot, ...]]


def masters(reading: Reading, known: tuple[Iommu, ...]) -> Found:
    """Those behind an IOMMU that is enabled, all others that may be some, and buses to be looked at."""
    off = {one.name for one in known if not one.enabled}
    behind, others, slots = list[Master](), list[Master](), list[Slot]()
    for node in reading.tree.nodes.values():
        if "compatible" not in node.props or not reading.enabled(node):
            continue
        bridge = "iommu-map" in node.props or _is_pci_host(reading, node)
        made = [_master(reading, node)] if "iommus" in node.props else []
        if bridge:
            slot, functions = _bridge(reading, node)
            slots.append(slot)
            made += functions
        elif not made and (_on_memory_bus(reading, node) or _is_service(reading, node)):
            others.append(_master(reading, node))
        for master in made:
            (behind if master.iommu.value and master.iommu.value not in off else others).append(_off(master, off))
    return tuple(behind), tuple(others), tuple(slots)


def _off(master: Master, off: set[str]) -> Master:
    """A master whose IOMMU is disabled has none, as the kernel sees it (of_iommu_xlate)."""
    if master.iommu.value not in off:
        return master
    note = f"{master.iommu.value} is disabled; a boot loader may enable it"
    return replace(
        master, iommu=Fact("", master.iommu.places, "assumed", note), streams=Fact((), master.streams.places)
    )


def _master(reading: Reading, node: DtNode, bus: Bus | None = None) -> Master:
    place, names = reading.place(node), reading.compatible(node)
    iommu, streams = iommus.streams(reading, node)
    return Master(
        name=reading.name(node),
        place=place,
        compatibles=names,
        bus=bus or ("amba" if PRIMECELL in names else "platform"),
        iommu=iommu,
        streams=streams,
        coherent=Fact(reading.inherits(node, "dma-coherent", "dma-noncoherent"), (place,)),
        reach=reach(reading, node),
        regions=regions_of(reading, node),
        children=_below(reading, node),
        firmware=runs_firmware(reading, node),
    )


def _below(reading: Reading, node: DtNode) -> tuple[str, ...]:
    found = (reading.compatible(child) for child in node.children if reading.enabled(child))
    return tuple(dict.fromkeys(name for names in found for name in names))[:100]


def _on_memory_bus(reading: Reading, node: DtNode) -> bool:
    """Whether the node has registers of its own that the CPU addresses: not a part on I2C or SPI, nor a plain bus."""
    parent = reading.tree.parent(node)
    if parent is None or "reg" not in node.props or "#iommu-cells" in node.props:
        return False
    if any(reading.text(above, "device_type") == "pci" for above in reading.tree.upwards(parent)):
        return False
    return all(reading.bus_cells(above)[1] for above in reading.tree.upwards(parent) if "#size-cells" in above.props)


def _is_service(reading: Reading, node: DtNode) -> bool:
    """Whether it may be a service of the firmware or of a trusted OS, which has no registers."""
    parent = reading.tree.parent(node)
    return parent is not None and parent.path in ("/", "/firmware") and "reg" not in node.props


def _is_pci_host(reading: Reading, node: DtNode) -> bool:
    parent = reading.tree.parent(node)
    return reading.text(node, "device_type") == "pci" and (
        parent is None or reading.text(parent, "device_type") != "pci"
    )


def _bridge(reading: Reading, node: DtNode) -> tuple[Slot, list[Master]]:
    """A PCI host or an fsl-mc, and the PCI functions on its own bus that the tree lists."""
    bus: Bus = "fsl-mc" if MC in reading.compatible(node) else "pci"
    rows = iommus.mapped(reading, node, "iommu-map")
    msi = iommus.mapped(reading, node, "msi-map")
    slot = Slot(reading.name(node), reading.place(node), bus, rows, msi)
    masks = reading.cells(node, "iommu-map-mask") or (0xFFFFFFFF,)
    functions = []
    for child in node.children if bus == "pci" else ():
        address = reading.cells(child, "reg")[:1]
        if "compatible" in child.props and address and reading.enabled(child) and not _is_bridge(reading, child):
            found = iommus.stream_of(rows, address[0] >> 8 & 0xFFFF, masks[0])
            functions.append(_function(reading, child, found))
    return slot, functions


def _function(reading: Reading, node: DtNode, found: tuple[str, int] | None) -> Master:
    place = reading.tree.parent(node) or node
    where = (reading.place(node), reading.place(place))
    iommu, streams = found if found else ("", None)
    made = _master(reading, node, "pci")
    return replace(made, iommu=Fact(iommu, where), streams=Fact(() if streams is None else (streams,), where))


def _is_bridge(reading: Reading, node: DtNode) -> bool:
    return reading.text(node, "device_type") == "pci"


def reach(reading: Reading, node: DtNode) -> Fact[int]:
    """One past the highest address that passes from the node to memory: the nearest dma-ranges above it that is not
    empty (of_dma_get_range). Unknown where none limits it."""
    for bus in reading.tree.upwards(reading.tree.parent(node) or node):
        above = reading.tree.parent(bus)
        if above is None or not bus.props.get("dma-ranges"):
            continue
        own, size = reading.bus_cells(bus)
        rows = reading.rows(bus, "dma-ranges", own, reading.bus_cells(above)[0], size)
        low = [(address & (1 << 64) - 1) + length for address, _, length in rows]
        return Fact(min(max(low), 1 << 64), (reading.place(bus),)) if low else unknown(reading.place(bus))
    return unknown()
