"""Drivers by the library alone, where there is no kernel tree: those whose compatibles it knows, else stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.importers.board import Master
from kexecspec.importers.compose.chosen import Choose, Chosen, NoMaster
from kexecspec.importers.facts import Fact, assumed, unknown
from kexecspec.library import Library

STAND_INS: Mapping[str, str] = {"platform": "generic-platform", "amba": "generic-amba", "pci": "generic-pci"}


def by_library(library: Library) -> Choose:
    """Chooses for each device the driver of the library that has one of its compatibles, the most special first."""
    known, called = compatibles(library), _kernel_names(library)

    def choose(master: Master) -> Chosen | NoMaster:
        running = called.get(_folded(master.driver.value)) if master.driver.value else None
        name = running or next((known[one] for one in master.compatibles if one in known), None)
        if name is not None:
            spec = library.spec("drivers", name)
            kind = spec.content.get("kind") if spec is not None else ""
            if kind not in ("master", "tee-client"):
                return NoMaster(f"its driver, {name}, drives a part of the secure world or an SMMU")
            client = kind == "tee-client"
            places = master.driver.places if master.driver.known else (master.place,)
            return Chosen(Fact(name, places), kind="client" if client else "master")
        if not master.iommu.value:
            return NoMaster("without a kernel tree nobody can tell whether it issues DMA")
        return stand_in(master, "its driver is not in the library, and no kernel tree was given")

    return choose


def stand_in(master: Master, why: str) -> Chosen:
    """A driver of which nothing is known but its bus."""
    if master.bus not in STAND_INS:
        return Chosen(assumed("generic-platform", master.place, note=why), facts={"dma": unknown(note=why)})
    facts: dict[str, Fact[Any]] = {name: unknown(master.place, note=why) for name in ("dma", "quiesced_by")}
    return Chosen(assumed(STAND_INS[master.bus], master.place, note=why), facts=facts)


def compatibles(library: Library) -> dict[str, str]:
    """The library's driver for each compatible that one of them names."""
    found: dict[str, str] = {}
    for spec in library.all("drivers"):
        for name in spec.content.get("compatible", ()):
            found[str(name)] = spec.name
    return found


def _kernel_names(library: Library) -> dict[str, str]:
    """The library's driver for each name under which a running kernel shows one."""
    specs = [spec for spec in library.all("drivers") if not spec.name.startswith("generic-")]
    names = {_folded(spec.name): spec.name for spec in specs}
    return {_folded(str(spec.content.get("log", {}).get("name", spec.name))): spec.name for spec in specs} | names


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")
