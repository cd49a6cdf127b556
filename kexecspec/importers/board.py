"""A board: what hardware and firmware say about themselves, wherever that was read (a device tree now, ACPI's IORT as
well as that)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kexecspec.importers.facts import Fact, Place, unknown

Bus = Literal["platform", "amba", "pci", "fsl-mc"]
TeeKind = Literal["optee-smc", "optee-hvc", "optee-ffa"]
Span = tuple[int, int]
"""Start and size in bytes."""
UNSAID: Fact[str] = unknown()
"""What nobody was asked."""


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of memory that is set aside; where `span` is unknown, the kernel chooses the place. `owner`: firmware,
    pool (which kernels allocate from), or kernel."""

    name: str
    span: Fact[Span]
    owner: Literal["firmware", "pool", "kernel"]


@dataclass(frozen=True, slots=True)
class Iommu:
    """An IOMMU. `variant` is one of the library's SMMU variants; unknown for one that is no Arm SMMU."""

    name: str
    place: Place
    compatibles: tuple[str, ...]
    variant: Fact[str]
    coherent: Fact[bool]
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Master:
    """A device that may issue DMA. `iommu` is the name of the IOMMU before it: "" where it has none. `streams` are its
    ids there. `reach`: one past the highest address that its bus passes. `children`: compatibles of the enabled nodes
    below it. `driver` and `domain` are those of a running machine. `firmware`: a processor that runs firmware of its
    own."""

    name: str
    place: Place
    compatibles: tuple[str, ...]
    bus: Bus
    iommu: Fact[str]
    streams: Fact[tuple[int, ...]]
    coherent: Fact[bool]
    reach: Fact[int]
    regions: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    driver: Fact[str] = UNSAID
    domain: Fact[str] = UNSAID
    firmware: bool = False


@dataclass(frozen=True, slots=True)
class Gic:
    """A GICv3: whether it has an ITS, so that kernels enable LPIs with tables in memory, and whether kernels are booted
    through EFI, which keeps a list of them."""

    name: str
    place: Place
    its: Fact[bool]
    efi: Fact[bool]


@dataclass(frozen=True, slots=True)
class Slot:
    """A bus whose devices show only when it is looked at: behind a PCIe port, or objects of an fsl-mc. `map` are
    (first id, IOMMU, first stream, how many), `msi` the same for interrupts."""

    name: str
    place: Place
    bus: Bus
    map: tuple[tuple[int, str, int, int], ...]
    msi: tuple[tuple[int, str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """All of it. `tee` is unknown where a node is there and disabled, which boot loaders change. `live`: read from a
    running machine, so that what a boot loader fixes up is in it. `masters` stand behind an IOMMU; `others` are devices
    on a bus of memory that may be masters without one."""

    file: str
    model: str
    compatibles: tuple[str, ...]
    live: bool
    ram: Fact[tuple[Span, ...]]
    regions: tuple[Region, ...]
    crashkernel: Fact[Span]
    bootargs: Fact[str]
    tee: Fact[TeeKind]
    iommus: tuple[Iommu, ...]
    masters: tuple[Master, ...]
    others: tuple[Master, ...]
    slots: tuple[Slot, ...]
    gics: tuple[Gic, ...] = ()

    def iommu(self, name: str) -> Iommu | None:
        """The IOMMU called `name`."""
        return next((one for one in self.iommus if one.name == name), None)
