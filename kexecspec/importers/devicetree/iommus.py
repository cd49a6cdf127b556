"""IOMMUs and how ids are mapped to them."""

from __future__ import annotations

import re

from kexecspec.importers.board import Iommu
from kexecspec.importers.devicetree.nodes import DtNode
from kexecspec.importers.devicetree.reading import Reading
from kexecspec.importers.facts import Fact, unknown

VARIANTS = {
    "arm,smmu-v1": "arm,smmu-v1", "arm,mmu-400": "arm,smmu-v1", "arm,mmu-401": "arm,smmu-v1",
    "arm,smmu-v2": "arm,smmu-v2", "cavium,smmu-v2": "arm,smmu-v2", "arm,mmu-500": "arm,mmu-500",
    "nvidia,smmu-500": "arm,mmu-500", "qcom,smmu-v2": "qcom,smmu-v2", "arm,smmu-v3": "arm,smmu-v3",
}  # fmt: skip
"""The library's variant for each compatible in the tables of arm-smmu.c and arm-smmu-v3.c (6.1.192)."""
_QCOM = re.compile(r"qcom,(?!adreno)\S*smmu-(?:500|v2)")
"""What the table of arm-smmu-qcom.c lists (6.1.192); later releases list more of the same form."""
Row = tuple[int, str, int, int]


def iommus(reading: Reading) -> tuple[Iommu, ...]:
    """Every node that others can name in `iommus` or `iommu-map`, those that are disabled too."""
    found = []
    for node in reading.tree.nodes.values():
        if "#iommu-cells" in node.props:
            names, place = reading.compatible(node), reading.place(node)
            coherent = Fact(reading.inherits(node, "dma-coherent", "dma-noncoherent"), (place,))
            found.append(
                Iommu(reading.name(node), place, names, _variant(reading, node), coherent, reading.enabled(node))
            )
    return tuple(found)


def _variant(reading: Reading, node: DtNode) -> Fact[str]:
    names, place = reading.compatible(node), reading.place(node)
    if any(_QCOM.fullmatch(name) for name in names):
        return Fact("qcom,smmu-v2", (place,))
    known = [VARIANTS[name] for name in names if name in VARIANTS]
    return (
        Fact(known[0], (place,))
        if known
        else unknown(place, note="no Arm SMMU; what it does at a handoff is not known")
    )


def streams(reading: Reading, node: DtNode) -> tuple[Fact[str], Fact[tuple[int, ...]]]:
    """The IOMMU that `iommus` of a node names, and the streams; of several IOMMUs the first, and the note says so."""
    rows = reading.referenced(node, "iommus", "#iommu-cells")
    if not rows:
        return Fact("", (reading.place(node),)), Fact((), (reading.place(node),))
    first = rows[0][0]
    ids = tuple(dict.fromkeys(args[0] for target, args in rows if target is first and args))
    others = sorted({target.path for target, _ in rows if target is not first})
    note = f"it stands behind {', '.join(others)} too" if others else ""
    place = (reading.place(node),)
    return Fact(reading.name(first), place, note=note), Fact(ids, place)


def mapped(reading: Reading, node: DtNode, prop: str) -> tuple[Row, ...]:
    """The rows of an iommu-map or msi-map: first id, name of the IOMMU or controller, first id there, how many. A row
    has four cells whatever #iommu-cells says (of_map_id)."""
    found: list[Row] = []
    for first, phandle, base, size in reading.rows(node, prop, 1, 1, 1, 1):
        target = reading.node_of(node, prop, phandle)
        if target is not None:
            found.append((first, reading.name(target), base, size))
    return tuple(found)


def stream_of(rows: tuple[Row, ...], rid: int, mask: int = 0xFFFFFFFF) -> tuple[str, int] | None:
    """The IOMMU and the stream of a requester id, as the kernel finds them (of_map_id)."""
    masked = rid & mask
    return next(
        ((name, masked - first + base) for first, name, base, size in rows if first <= masked < first + size), None
    )
