"""A board with what the running machine says laid over it. The machine wins; where the two differ, that is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kexecspec.importers.board import Board, Master, Slot
from kexecspec.importers.devicetree.iommus import stream_of
from kexecspec.importers.devicetree.memory import crashkernel_of
from kexecspec.importers.facts import Fact
from kexecspec.importers.sysfs.running import Machine, Running

_PCI_NAME = re.compile(r"([0-9a-f]{4,}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")


@dataclass
class _Overlay:
    board: Board
    machine: Machine
    told: list[str] = field(default_factory=list)

    def differ(self, what: str, tree: str, running: str) -> None:
        """Notes a disagreement."""
        self.told.append(f"{what}: the device tree says {tree}, the running machine {running}")


def laid_over(board: Board, machine: Machine) -> tuple[Board, tuple[str, ...]]:
    """`board` as the running machine has it, and the disagreements, a sentence each."""
    made = _Overlay(board, machine)
    every = [_master(made, master) for master in (*board.masters, *board.others)]
    every += [*_pci_devices(made), *_clients(made)]
    args = machine.cmdline if machine.cmdline.known else board.bootargs
    if machine.cmdline.known and board.bootargs.known and machine.cmdline.value != board.bootargs.value:
        made.differ("the command line", repr(board.bootargs.value), repr(machine.cmdline.value))
    crash = machine.crashkernel if machine.crashkernel.known else crashkernel_of(args)
    said = replace(
        board,
        live=board.live or machine.ram.known,
        ram=_ram(made),
        bootargs=args,
        crashkernel=crash,
        tee=_tee(made),
        masters=tuple(one for one in every if one.iommu.value),
        others=tuple(one for one in every if not one.iommu.value),
        gics=tuple(replace(one, efi=machine.efi) if machine.efi.known else one for one in board.gics),
    )
    return said, tuple(made.told)


def _ram(made: _Overlay) -> Fact[tuple[tuple[int, int], ...]]:
    own, running = made.board.ram, made.machine.ram
    if not running.known:
        return own
    if own.known and sum(size for _, size in own.value or ()) < sum(size for _, size in running.value or ()):
        made.differ("RAM", "less", "more")
    return running


def _tee(made: _Overlay) -> Fact:  # type: ignore[type-arg]
    own, running = made.board.tee, made.machine.tee
    if not running.known:
        return own
    if running.value and own.value is None:
        if own.confidence == "read":
            made.differ("the TEE", "there is none", "there is one")
        return Fact("optee-smc", running.places, "assumed", "/sys does not say how it is called")
    if not running.value and own.value is not None:
        made.differ("the TEE", "OP-TEE is there", "no driver has found one")
    return own if running.value else Fact(None, running.places)


def _master(made: _Overlay, master: Master) -> Master:
    there = made.machine.by_node.get(master.place.node)
    if there is None:
        if master.iommu.value and made.machine.by_node:
            made.differ(master.name, "it is there", "it has made no device of it")
            return replace(master, driver=Fact("", (master.place,)))
        return master
    iommu, streams = master.iommu, master.streams
    if master.iommu.value and not there.grouped:
        made.differ(master.name, f"it is behind {master.iommu.value}", "it is in no IOMMU group")
        iommu, streams = Fact("", (there.place,)), Fact((), (there.place,))
    elif there.grouped and not master.iommu.value and (found := _iommu(made.board, there)):
        made.differ(master.name, "no IOMMU is in front of it", f"it is behind {found}")
        iommu = Fact(found, (there.place,))
    domain = Fact(there.domain, (there.place,)) if there.domain else master.domain
    return replace(master, driver=Fact(there.driver, (there.place,)), domain=domain, iommu=iommu, streams=streams)


def _iommu(board: Board, there: Running) -> str:
    """The board's name for the IOMMU that /sys/class/iommu names by its address."""
    address = there.iommu.rpartition("0x")[2].lstrip("0")
    return next((i.name for i in board.iommus if address and i.place.node.rpartition("@")[2] == address), "")


def _pci_devices(made: _Overlay) -> Iterator[Master]:
    """The PCI functions of the machine that the tree does not list, bridges left out."""
    listed = {master.place.node for master in (*made.board.masters, *made.board.others)}
    for there in made.machine.devices:
        if there.bus != "pci" or there.bridge or there.node in listed:
            continue
        slot = _slot(made.board, there)
        number = _PCI_NAME.fullmatch(there.name)
        rid = int(number[2], 16) << 8 | int(number[3], 16) << 3 | int(number[4]) if number else 0
        found = stream_of(slot.map, rid) if slot is not None and there.grouped else None
        iommu = found[0] if found else _iommu(made.board, there) if there.grouped else ""
        place = (there.place,)
        yield Master(
            name=f"pci-{_plain(there.name)}",
            place=there.place,
            compatibles=(f"pci{there.pci.replace(':', ',')}",) if there.pci else (),
            bus="pci",
            iommu=Fact(iommu, place),
            streams=Fact((found[1],) if found else (), place),
            coherent=Fact(True, place, "assumed"),
            reach=Fact(None, place, "unknown"),
            driver=Fact(there.driver, place),
            domain=Fact(there.domain, place) if there.domain else Fact(None, place, "unknown"),
        )


def _clients(made: _Overlay) -> Iterator[Master]:
    """The TEE clients that are bound: devices that no tree lists."""
    for number, (driver, place) in enumerate(made.machine.clients):
        there = (place,)
        yield Master(
            name=f"tee-{number}-{_plain(driver)}",
            place=place,
            compatibles=(),
            bus="platform",
            iommu=Fact("", there),
            streams=Fact((), there),
            coherent=Fact(True, there, "assumed"),
            reach=Fact(None, there, "unknown"),
            driver=Fact(driver, there),
        )


def _plain(name: str) -> str:
    return "".join(ch if ch.isascii() and (ch.isalnum() or ch in "._-") else "-" for ch in name).strip("._-")[:60]


def _slot(board: Board, there: Running) -> Slot | None:
    """The bridge of the tree under which a PCI function hangs: the device above its bus is called ADDRESS.NAME."""
    above = [part for part, below in zip(there.path, there.path[1:], strict=False) if below.startswith("pci")]
    addresses = {part.partition(".")[0] for part in above}
    return next((slot for slot in board.slots if slot.place.node.rpartition("@")[2] in addresses), None)
