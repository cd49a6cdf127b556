"""Disagreements that were settled from the sources: by phase and what was seen, where README.md tells the story."""

from __future__ import annotations

SETTLED: dict[tuple[str, str], str] = {
    ("leaving", "faulted"): "e1000e unmaps before it stops",
    ("SMMU probe", "passed-disabled"): "QEMU 7.2 has no GBPA",
}
