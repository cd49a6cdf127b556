"""SMMUs, devices and their drivers as a platform file has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kexecspec.importers.board import Board, Iommu, Master
from kexecspec.importers.compose.chosen import Choose, Chosen, NoMaster
from kexecspec.importers.compose.parts import Part, part
from kexecspec.importers.compose.questions import LeftOut
from kexecspec.importers.facts import Fact, unknown

BELOW = 1 << 32
"""Where a master reaches that much or more, and is on PCI, its windows lie where the kernel looks first."""
FIRMWARE = "firmware of their own runs on them, in memory that is set aside"


@dataclass
class Devices:
    """What is made of a board's masters."""

    smmus: dict[str, Part] = field(default_factory=dict)
    devices: dict[str, Part] = field(default_factory=dict)
    drivers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)

    def left_out(self) -> tuple[LeftOut, ...]:
        """The devices that are not there, by reason."""
        return tuple(LeftOut(tuple(names), why) for why, names in self.left.items())


def devices(board: Board, choose: Choose, tee: bool) -> Devices:
    """The SMMUs that are enabled, the masters behind them, and those devices without one of which it is known that they
    are masters, or TEE clients where there is a trusted OS (`tee`)."""
    made = Devices(smmus={one.name: _smmu(one) for one in board.iommus if one.enabled and one.variant.known})
    for master in (*board.masters, *board.others):
        chosen = _decided(board, master, choose)
        match chosen:
            case NoMaster(why):
                if master.iommu.value or why == FIRMWARE:
                    made.left.setdefault(why, []).append(master.name)
            case Chosen(kind="client") if not tee:
                made.left.setdefault("a TEE client, and there is no secure world", []).append(master.name)
            case Chosen():
                made.devices[master.name] = _device(master, chosen)
                if chosen.entry is not None and chosen.driver.value is not None:
                    made.drivers[chosen.driver.value] = chosen.entry
    return made


def _decided(board: Board, master: Master, choose: Choose) -> Chosen | NoMaster:
    if master.firmware:
        return NoMaster(FIRMWARE)
    if master.driver.confidence == "read" and master.driver.value == "":
        return NoMaster("no driver is bound to it on the running machine")
    before = board.iommu(master.iommu.value) if master.iommu.value else None
    if before is not None and not before.variant.known:
        kind = before.compatibles[0] if before.compatibles else before.name
        return NoMaster(f"behind {kind}, which is no SMMU that is modelled")
    return choose(master)


def _smmu(one: Iommu) -> Part:
    return part({"variant": one.variant, "coherent": one.coherent})


def _device(master: Master, chosen: Chosen) -> Part:
    if chosen.kind == "client":
        return part({"driver": chosen.driver})
    behind = bool(master.iommu.value)
    said: dict[str, Fact[Any] | None] = {
        "driver": chosen.driver,
        "smmu": master.iommu if behind else None,
        "streams": _streams(master) if behind else None,
        "domain": master.domain if behind and master.domain.known else None,
        "iova": _iova(master, chosen.narrow) if behind and master.domain.value != "identity" else None,
    }
    made = part(said | dict(chosen.facts))
    if said["iova"] is None and behind and chosen.narrow and master.bus != "pci":
        made.setdefault("confidence", {})["iova"] = "assumed"
    return made


def _streams(master: Master) -> Fact[list[int]] | None:
    found = master.streams
    return Fact(list(found.value), found.places, found.confidence) if found.value else None


def _iova(master: Master, narrow: bool) -> Fact[str] | None:
    """Windows are handed out from the top of what a device can address. For PCI that is 32 bits at first, and for
    others where their driver has not asked for more, which is what a file without windows means; what a driver asked
    for, or a bus that passes less, is known to nobody here."""
    if (master.bus == "pci" or narrow) and (master.reach.value is None or master.reach.value >= BELOW):
        return None
    return unknown(*master.reach.places, note="it depends on the address mask that its driver sets")
