"""Random SMMUs and DMA masters: every variant, every driver, what firmware and silicon leave open."""

from __future__ import annotations

import random
from typing import Any

MASTERS = (
    "generic-pci", "generic-pci-shutdown", "generic-platform", "generic-platform-shutdown", "generic-amba",
    "fsl_enetc", "bnxt_en", "sdhci-of-esdhc", "fsl-edma", "dwc3", "ahci_qoriq", "caam",
)  # fmt: skip
V2 = ("arm,mmu-500", "arm,smmu-v1", "arm,smmu-v2", "qcom,smmu-v2")
VARIANTS = (*V2, "arm,smmu-v3", "arm,smmu-v3")
IOVAS = ("0xc000_0000 + 1MiB", "0x1000_0000 + 1MiB", "0xfff0_0000 + 1MiB", "0x9000_0000 + 1MiB", "unknown")
DMAS: tuple[Any, ...] = (
    "none", "ring", "one-shot", "periodic-read", "periodic-write", "firmware", "msi",
    {"kind": "ring", "writes": "unknown", "recurrent": "unknown"}, {"kind": "one-shot", "requests_by": "outside"},
)  # fmt: skip


def smmu(dice: random.Random) -> dict[str, Any]:
    """An SMMU as a reset leaves it."""
    made: dict[str, Any] = {"variant": dice.choice(VARIANTS)}
    reset: dict[str, Any] = {}
    if made["variant"] == "arm,smmu-v3":
        if dice.random() < 0.3:
            reset["gbpa"] = dice.choice(("bypass", "abort", "unknown"))
        if dice.random() < 0.15:
            reset["enabled"] = True
        for fact in ("two_level_table", "coherent"):
            if dice.random() < 0.2:
                made[fact] = False
    elif dice.random() < 0.15:
        reset["clientpd"] = False
    if dice.random() < 0.1:
        made["abort_is_fatal"] = True
    return made | ({"reset": reset} if reset else {})


def master(dice: random.Random, smmus: int, stream: int) -> dict[str, Any]:
    """A master, behind an SMMU if there is one to stand behind and the dice say so."""
    made: dict[str, Any] = {"driver": dice.choice(MASTERS)}
    if smmus and dice.random() < 0.85:
        made |= {"smmu": f"smmu{dice.randrange(smmus)}", "streams": [stream]}
        if dice.random() < 0.2:
            made["domain"] = dice.choice(("identity", "unknown"))
        elif dice.random() < 0.9:
            made["iova"] = dice.choice(IOVAS)
    if dice.random() < 0.25:
        made["dma"] = dice.choice(DMAS)
    if dice.random() < 0.2:
        made["quiesced_by"] = dice.choice(("core", "nothing", "shutdown", "unknown"))
    if dice.random() < 0.15:
        made["bus_master"] = dice.choice(("ignored", "unknown"))
    if made["driver"] in ("generic-pci", "bnxt_en", "fsl_enetc") and dice.random() < 0.2:
        made["behind_port"] = True
    if dice.random() < 0.1:
        made["msi"] = True
    if "quiesced_by" not in made and dice.random() < 0.05:
        made["running"] = False
    return made
