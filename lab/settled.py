"""Disagreements that were settled from the sources: by phase and what was seen, where README.md tells the story."""

from __future__ import annotations

SETTLED: dict[tuple[str, str], str] = {
    ("driver's probe", "aborted"): "a card's span has entries a moment before the card has its own",
    ("SMMU probe", "passed-disabled"): "QEMU before 8.0 has no GBPA",
}
