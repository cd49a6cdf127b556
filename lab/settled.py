"""Disagreements that were settled from the sources: by phase and what was seen, where README.md tells the story."""

from __future__ import annotations

SETTLED: dict[tuple[str, str], str] = {
    ("leaving", "faulted"): "e1000e unmaps before it stops",
    ("driver's probe", "translated"): "MSI test of the driver's own probe",
    ("SMMU probe", "passed-disabled"): "QEMU 7.2 has no GBPA",
}
