"""Device tree blobs made of nested tables: text, a list of texts, cells, bytes, None (a property without a value), or a
table, which is a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import fdt  # type: ignore[import-untyped]

Value = str | Sequence[str] | int | Sequence[int] | bytes | None | Mapping[str, Any]

SMMU = {"compatible": "arm,mmu-500", "#iommu-cells": 1, "phandle": 1, "reg": [0x5000000, 0x1000]}


def blob(nodes: Mapping[str, Value], reserved: Sequence[tuple[int, int]] = ()) -> bytes:
    """A blob of version 17 whose root has `nodes`; cells of addresses and sizes are 1 unless they say otherwise."""
    tree = fdt.FDT(fdt.Header())
    tree.header.version = 17
    tree.entries = [{"address": address, "size": size} for address, size in reserved]
    tree.root = _node("/", {"#address-cells": 1, "#size-cells": 1, **nodes})
    made: bytes = tree.to_dtb(17)
    return made


def board(nodes: Mapping[str, Value]) -> bytes:
    """A blob with memory at 0x8000_0000 and an MMU-500 with phandle 1, and `nodes`."""
    memory = {"device_type": "memory", "reg": [0x80000000, 0x40000000]}
    return blob({"model": "Test board", "memory@80000000": memory, "iommu@5000000": SMMU, **nodes})


def _node(name: str, content: Mapping[str, Value]) -> Any:
    made = fdt.Node(name)
    for key, value in content.items():
        made.append(_node(key, value) if isinstance(value, Mapping) else _property(key, value))
    return made


def _property(name: str, value: Any) -> Any:
    match value:
        case None:
            return fdt.Property(name)
        case str():
            return fdt.PropStrings(name, value)
        case int():
            return fdt.PropWords(name, value)
        case bytes():
            return fdt.PropBytes(name, data=value)
    return (fdt.PropStrings if isinstance(value[0], str) else fdt.PropWords)(name, *value)
