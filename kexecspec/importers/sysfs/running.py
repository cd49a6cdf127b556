"""A running machine: its devices with their drivers and IOMMU groups, its TEE, its memory and its command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kexecspec.importers.board import Bus, Span
from kexecspec.importers.facts import Fact, Place, unknown
from kexecspec.importers.sysfs.files import Files

BUSES: tuple[Bus, ...] = ("platform", "amba", "pci", "fsl-mc")
DOMAINS: Mapping[str, str] = {"DMA": "translated", "DMA-FQ": "translated", "identity": "identity"}
"""What the type of an IOMMU group says of its devices (Documentation/ABI/testing/sysfs-kernel-iommu_groups)."""
MOST = 20_000
_IOMEM = re.compile(r"^ *([0-9a-f]+)-([0-9a-f]+) : (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Running:
    """A device: its name in /sys, the node of the device tree that it was made of (""), the driver bound to it (""),
    the type of its IOMMU group ("" without a group), the IOMMU, and for PCI its ids and where it hangs."""

    name: str
    bus: Bus
    place: Place
    node: str
    driver: str
    domain: str
    grouped: bool
    iommu: str = ""
    pci: str = ""
    bridge: bool = False
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """All that is read. Clients are the drivers bound on the TEE bus."""

    devices: tuple[Running, ...]
    tee: Fact[bool]
    clients: tuple[tuple[str, Place], ...]
    cmdline: Fact[str]
    version: Fact[str]
    ram: Fact[tuple[Span, ...]]
    crashkernel: Fact[Span]
    by_node: Mapping[str, Running] = field(default_factory=dict)
    efi: Fact[bool] = field(default_factory=unknown)


def machine(files: Files) -> Machine:
    """What a machine says of itself. What its files do not hold is unknown."""
    groups, iommus = _groups(files), _iommus(files)
    devices = tuple(_devices(files, groups, iommus))
    ram, crash = _iomem(files)
    return Machine(
        devices,
        _tee(files),
        tuple(_clients(files)),
        _line(files, "proc/cmdline"),
        _line(files, "proc/sys/kernel/osrelease"),
        ram,
        crash,
        {device.node: device for device in devices if device.node},
        _efi(files),
    )


def _efi(files: Files) -> Fact[bool]:
    """Whether it was booted through EFI; unknown where /sys/firmware is not among the files."""
    there = files.names("sys/firmware")
    return Fact("efi" in there, (Place("sys/firmware"),)) if there else unknown()


def _devices(files: Files, groups: Mapping[str, str], iommus: Mapping[str, str]) -> Iterator[Running]:
    for bus in BUSES:
        for name in files.names(f"sys/bus/{bus}/devices")[:MOST]:
            where = f"sys/bus/{bus}/devices/{name}"
            said = _event(files.text(f"{where}/uevent") or "")
            node = said.get("OF_FULLNAME", "")
            yield Running(
                name=name,
                bus=bus,
                place=Place(where),
                node=node,
                driver=said.get("DRIVER", ""),
                domain=DOMAINS.get(groups.get(name, ""), ""),
                grouped=name in groups,
                iommu=iommus.get(name, ""),
                pci=said.get("PCI_ID", "").lower(),
                bridge=said.get("PCI_CLASS", "").startswith("604"),
                path=tuple(files.real(where).split("/")),
            )


def _event(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines())
    return {key: value for key, equals, value in lines if equals}


def _groups(files: Files) -> dict[str, str]:
    """The type of the group of each device that has one."""
    found: dict[str, str] = {}
    for group in files.names("sys/kernel/iommu_groups")[:MOST]:
        where = f"sys/kernel/iommu_groups/{group}"
        kind = (files.text(f"{where}/type") or "").strip()
        found.update(dict.fromkeys(files.names(f"{where}/devices"), kind))
    return found


def _iommus(files: Files) -> dict[str, str]:
    """The IOMMU of each device, as /sys/class/iommu calls it: smmu.0xADDRESS or smmu3.0xADDRESS."""
    return {
        device: iommu
        for iommu in files.names("sys/class/iommu")[:MOST]
        for device in files.names(f"sys/class/iommu/{iommu}/devices")
    }


def _tee(files: Files) -> Fact[bool]:
    if not files.names("sys/class"):
        return unknown()
    found = [name for name in files.names("sys/class/tee") if re.fullmatch(r"tee\d+", name)]
    return Fact(bool(found), (Place(f"sys/class/tee/{found[0]}" if found else "sys/class"),))


def _clients(files: Files) -> Iterator[tuple[str, Place]]:
    for name in files.names("sys/bus/tee/devices")[:MOST]:
        where = f"sys/bus/tee/devices/{name}"
        driver = _event(files.text(f"{where}/uevent") or "").get("DRIVER", "")
        if driver:
            yield driver, Place(where)


def _line(files: Files, path: str) -> Fact[str]:
    text = files.text(path)
    place = Place(path)
    return unknown(place) if text is None or not text.strip() else Fact(text.strip(), (place,))


def _iomem(files: Files) -> tuple[Fact[tuple[Span, ...]], Fact[Span]]:
    """RAM, and the place of the crash kernel. Who may not see addresses is shown zeros, which say nothing."""
    place = Place("proc/iomem")
    found = [(int(a, 16), int(b, 16), what) for a, b, what in _IOMEM.findall(files.text(place.file) or "")]
    spans = [((start, end + 1 - start), what) for start, end, what in found if end > start]
    ram = tuple(span for span, what in spans if what == "System RAM")
    crash = [span for span, what in spans if what == "Crash kernel"]
    return (
        Fact(ram, (place,)) if ram else unknown(place),
        Fact(crash[0], (place,)) if len(crash) == 1 else unknown(place),
    )
