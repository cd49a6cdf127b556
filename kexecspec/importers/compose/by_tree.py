"""Drivers by a kernel tree: which one binds a device there, and what its source says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kexecspec.importers.board import Master
from kexecspec.importers.compose.by_library import by_library, stand_in
from kexecspec.importers.compose.chosen import Choose, Chosen, NoMaster
from kexecspec.importers.facts import Confidence, Fact, unknown
from kexecspec.importers.source.conditions import Config, holds
from kexecspec.importers.source.entry import driver_entry
from kexecspec.importers.source.values import DriverRead, Index
from kexecspec.library import Library

_PCI = re.compile(r"pci([0-9a-f]{1,4}),([0-9a-f]{1,4})")
AMBA_IDS: Mapping[str, str] = {"arm,pl330": "0x00041330/0x000fffff"}
"""What the AMBA bus reads from a part's registers, where its compatible says what part it is (drivers/dma/pl330.c)."""
KINDS = ("master", "tee-client")
BY_ID = "a PCI function is bound by the ids and the class that it shows, and no driver was found by what the tree says"
STREAM = "no call of the DMA API was seen in its driver, but the device tree gives it a stream"
NOBODY = "no driver of this kernel binds it, so that this kernel never starts it"


@dataclass
class _Names:
    """The names of drivers in a platform file: two drivers that the kernel calls the same get different ones, and none
    the name of another one in the library."""

    library: frozenset[str]
    taken: dict[str, str] = field(default_factory=dict)

    def of(self, name: str, driver: DriverRead) -> str:
        """The name of a driver, which is its own."""
        place = str(driver.place)
        stem = driver.place.file.rpartition("/")[2].partition(".")[0]
        for one in (name, f"{name}-{stem}", f"{name}-{stem}-{driver.place.line}"):
            if one not in self.library and self.taken.setdefault(one, place) == place:
                return one
        return f"{name}-{stem}-{driver.place.line}"


def by_tree(index: Index, library: Library, config: Config | None = None) -> Choose:
    """Chooses the driver that binds a device in the tree of `index`; where the library has that driver, its word
    goes. A device that nothing binds is no master of this kernel, unless part of the tree could not be read, or it is a
    PCI function, which need not be named to be bound. One with a stream is a master unless its driver denies it."""
    known: dict[DriverRead, Mapping[str, Any]] = {}
    names, described = _Names(frozenset(library.names("drivers"))), by_library(library)

    def choose(master: Master) -> Chosen | NoMaster:
        driver, others = _bound(index, master, config)
        if driver is None:
            said = described(master)
            if isinstance(said, Chosen) and said.driver.confidence == "read":
                return said
            if master.bus == "pci" and master.iommu.value:
                return stand_in(master, BY_ID)
            if not index.problems or not master.iommu.value:
                return NoMaster(NOBODY)
            return stand_in(master, "no driver names it, but parts of the kernel tree could not be read")
        if driver not in known:
            known[driver] = driver_entry(driver, library)
        entry = dict(known[driver])
        name = str(entry.pop("driver"))
        return _chosen(master, driver, names.of(name, driver) if "kind" in entry else name, entry, others, library)

    return choose


def _chosen(
    master: Master, driver: DriverRead, name: str, entry: dict[str, Any], others: tuple[DriverRead, ...],
    library: Library,
) -> Chosen | NoMaster:  # fmt: skip
    own = "kind" in entry
    issues = driver.dma.master
    facts: dict[str, Fact[Any]] = {}
    if own and entry["kind"] == "master":
        if issues.value is False and issues.confidence == "assumed" and master.iommu.value:
            facts["dma"] = unknown(*issues.places, note=STREAM)
        elif issues.value is False:
            how = "issues no DMA of its own" if issues.confidence == "read" else "is taken to issue no DMA of its own"
            return NoMaster(f"its driver {how}")
        elif not master.iommu.value and issues.value is not True:
            return NoMaster("nobody can tell whether its driver issues DMA")
    note = f"{', '.join(str(one.place) for one in others)} name it, too" if others else ""
    confidence: Confidence = "assumed" if others else "read"
    fact = Fact(name, (driver.place, master.place), confidence, note)
    spec = library.spec("drivers", name)
    kind = entry.get("kind") if own else spec.content.get("kind") if spec else ""
    if kind not in KINDS:
        return NoMaster(f"its driver, {name}, drives a part of the secure world or an SMMU")
    narrow = not driver.partial and not any("_mask" in use.function for use in driver.dma.uses)
    given = _triable(entry) if own else None
    return Chosen(fact, given, facts=facts, kind="client" if kind == "tee-client" else "master", narrow=narrow)


def _bound(index: Index, master: Master, config: Config | None) -> tuple[DriverRead | None, tuple[DriverRead, ...]]:
    """The driver of a device, and others of its bus that the same compatible names, as far as the configuration builds
    them. A running machine's own word goes first, then compatibles from the most special on."""
    if master.driver.value:
        called = index.drivers_called(master.driver.value)
        best = sorted(called, key=lambda d: not {m.text for m in d.matches} & set(master.compatibles))
        if best:
            return best[0], () if {m.text for m in best[0].matches} & set(master.compatibles) else tuple(best[1:])
    for compatible in master.compatibles:
        fitting = [d for d in _named(index, compatible) if config is None or holds(d.condition, config) is not False]
        if fitting:
            best = sorted(fitting, key=lambda d: (d.bus != master.bus, d.dma.master.value is not True))
            return best[0], tuple(d for d in best[1:] if d.bus == best[0].bus)
    return None, ()


def _named(index: Index, compatible: str) -> tuple[DriverRead, ...]:
    pci = _PCI.fullmatch(compatible.lower())
    if pci:
        return index.drivers_by("pci", f"{pci[1]:0>4}:{pci[2]:0>4}")
    amba = AMBA_IDS.get(compatible)
    return (*index.drivers_for(compatible), *(index.drivers_by("amba", amba) if amba else ()))


def _triable(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with no more unknown facts than can be tried each with each: who asks for DMA of an unknown kind is what
    is usual for that kind."""
    dma = entry.get("dma")
    if not isinstance(dma, dict) or not dma.get("kind") == "unknown" == dma.get("requests_by"):
        return entry
    made = entry | {"dma": {key: value for key, value in dma.items() if key != "requests_by"}}
    for beside in ("from", "confidence"):
        made[beside] = {key: value for key, value in made.get(beside, {}).items() if key != "dma.requests_by"}
    return made
