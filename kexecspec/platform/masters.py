"""DMA masters: how a device reaches memory, what its engine does and what stops it, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kexecspec.ir.values import BOOL
from kexecspec.platform.drivers import Driver, applies
from kexecspec.platform.facts import Fact, Hooks, Kernel, Op, Unknown
from kexecspec.platform.spans import lax
from kexecspec.quantities import parse_range, parse_size

FOUR_GIB = 1 << 32
DEFAULT_WINDOW = 16 << 20
STOPS = ("shutdown", "core", "bus", "child", "supplier")
WEAK = Unknown(BOOL, weak=True)


@dataclass(frozen=True)
class Windows:
    """Windows of I/O virtual addresses as (start, size, top): below `top` more may be in use.
    `unknown`: there is one of which nothing is known."""

    known: tuple[tuple[int, int, int], ...]
    unknown: bool


def dma_of(device: Mapping[str, Any], driver: Driver) -> dict[str, Any]:
    """The device's kind of DMA: the driver's, with what the device itself says over it."""
    own = device.get("dma", {})
    own = {"kind": own} if isinstance(own, str) else own
    base = driver.content.get("dma", {})
    base = {"kind": base} if isinstance(base, str) else base
    if own.get("kind", base.get("kind")) != base.get("kind"):
        base = {}
    kind = own.get("kind", base.get("kind", "none"))
    implied: dict[str, Any] = {
        "writes": kind != "periodic-read",
        "recurrent": kind in ("ring", "periodic-read", "periodic-write", "firmware"),
        "requests_by": "user" if kind == "one-shot" else "outside",
    }
    return {**implied, **base, **own, "kind": kind}


def facts(
    device: Mapping[str, Any], driver: Driver, memory: Mapping[str, Any], passes: bool, drains: bool
) -> dict[str, Fact]:
    """The facts about a DMA master that do not depend on its SMMU's state.

    A crashkernel of None is one whose place nobody knows. `passes`: it stands behind an SMMU. `drains`: what it has
    written is in memory before a jump, once it may issue no more.
    """
    dma = dma_of(device, driver)
    identity = device.get("domain", "translated") == "identity"
    gating = device.get("bus_master", "honoured")
    windows = _windows(device, memory)
    return {
        "identity": identity,
        "translated": passes and not identity,
        "untranslated": not passes or identity,
        "writes": _flag(dma["writes"]),
        "recurrent": _flag(dma["recurrent"]) if not dma.get("runs_out") else False,
        "one_shot": dma["kind"] == "one-shot",
        "doorbell": dma["kind"] == "msi",
        "running": bool(device.get("running", True)) and dma["kind"] != "none",
        "user_requests": dma["requests_by"] == "user",
        "task_dma": bool(driver.content.get("task_dma", False)),
        "gating_ignored": _ungated(gating, bool(device.get("behind_port")), drains),
        "iova_hits_ram": aliases(windows, _own_memory(memory)),
        "iova_hits_mmio": _hits_elsewhere(windows, memory),
        "iova_hits_crashkernel": aliases(windows, memory.get("crashkernel", [])),
    }


def _ungated(gating: str, behind_port: bool, drains: bool) -> Fact:
    """Whether bus mastering that is switched off does not hold it back: the port above a device that ignores its own
    bit still does, except for what is in the fabric by then."""
    if behind_port or not drains:
        return not drains
    return Unknown(BOOL) if gating == "unknown" else gating == "ignored"


def hooks(
    device: Mapping[str, Any], driver: Driver, kernel: Kernel, written: Hooks, listed: bool, whole: bool = False
) -> Hooks:
    """The driver's own operations, with those that the SMMU core, the bus or another driver add around them; with
    `whole` also those that they do not add here, marked as not there. `listed`: some kernel gives its stream an entry
    that lets pass, before it is attached."""
    probe = tuple(op for op in written.probe if op.do != "dma_map")
    shutdown = tuple(
        op if op.facts or op.do != "dma_stop" else replace(op, facts=(("on_kexec", True), ("on_reboot", True)))
        for op in written.shutdown
    )
    stop, added = _stops(device, driver, kernel), list[Op]()
    if not any(op.do == "dma_stop" and op.there for op in shutdown):
        added.append(Op("dma_stop", None, tuple(sorted(stop.items())), any(stop.values())))
    if device.get("bus", driver.content.get("bus")) == "pci":
        clears = bool(kernel.features & {"pci-clear-master-on-kexec", "pci-clear-master-always"})
        added.append(Op("pci_clear_master", there=clears))
        if device.get("behind_port"):
            added.append(Op("port_clear_master", there="pci-port-shutdown" in kernel.features))
    first = (Op("iommu_probe_device", there=lax(kernel)), Op("attach")) if listed else (Op("attach"),)
    before, after = (tuple(op for op in ops if op.there or whole) for ops in (first, added))
    return Hooks((*before, *probe), (*shutdown, *after))


def aliases(windows: Windows, ranges: Any) -> Fact:
    """Whether an I/O virtual address of one of `windows`, taken as a physical one, lies in `ranges`.

    A window that is not known, or whose lower end is not, leaves the question open unless the answer is yes anyway;
    so does a platform file that says nothing of the ranges (None).
    """
    if ranges is None:
        return WEAK
    spans = _spans(ranges)
    for start, size in spans:
        if any(start < low + length and low < start + size for low, length, _ in windows.known):
            return True
    open_below = windows.unknown or any(start < top for start, _ in spans for _, _, top in windows.known)
    return WEAK if spans and open_below else False


def _hits_elsewhere(windows: Windows, memory: Mapping[str, Any]) -> Fact:
    """Whether an address of one of `windows` hits what is reserved; what lies where no RAM is described is open."""
    found = aliases(windows, memory.get("reserved", []))
    if found is not False or memory.get("ram") is None:
        return found
    spans = _spans(memory["ram"])
    described = all(any(start <= low and low + length <= start + size for start, size in spans)
                    for low, length, _ in windows.known)
    return False if described else WEAK


def _own_memory(memory: Mapping[str, Any]) -> list[tuple[int, int]] | None:
    """What a kernel that is no crash kernel may use: RAM without what is reserved or kept for a crash kernel."""
    if memory.get("ram") is None:
        return None
    left = _spans(memory["ram"])
    for start, size in (*_spans(memory.get("crashkernel") or []), *_spans(memory.get("reserved", []))):
        end = start + size
        below = [(low, min(start, low + length) - low) for low, length in left]
        above = [(max(low, end), low + length - max(low, end)) for low, length in left]
        left = [span for span in (*below, *above) if span[1] > 0]
    return left


def _spans(ranges: Any) -> list[tuple[int, int]]:
    given = [ranges] if isinstance(ranges, str) else ranges
    return [parse_range(one) if isinstance(one, str) else one for one in given]


def _windows(device: Mapping[str, Any], memory: Mapping[str, Any]) -> Windows:
    """The I/O virtual addresses of a device's buffers and of its message interrupts.

    Without a stated window: dma-iommu hands out addresses from the top of what the device can address, 32 bits at
    first, downwards; so the top is certain and how far down it goes is not. A kernel's own interrupts get their
    doorbell's address from the same allocator (iommu_dma_get_msi_page in drivers/iommu/dma-iommu.c, 6.12).
    """
    known: list[tuple[int, int, int]] = []
    given = device.get("iova")
    limit = memory.get("dma_limit")
    if given == "unknown" or given is None and limit == "unknown":
        return Windows((), True)
    if given is None:
        top = FOUR_GIB if limit is None else min(FOUR_GIB, parse_size(limit))
        known.append((top - DEFAULT_WINDOW, DEFAULT_WINDOW, top))
    else:
        known.append((*parse_range(str(given)), 0))
    return Windows(tuple(known), False)


def _stops(device: Mapping[str, Any], driver: Driver, kernel: Kernel) -> dict[str, bool]:
    pci = device.get("bus", driver.content.get("bus")) == "pci"
    given = device.get("quiesced_by")
    given = given["by"] if isinstance(given, dict) and "by" in given else given
    table = (
        {"kexec": given, "reboot": given} if isinstance(given, str) else given or driver.content.get("quiesced_by", {})
    )
    stopped = {}
    for path in ("kexec", "reboot"):
        by = _stopper(table.get(path, "nothing"), kernel)
        hook = by == "shutdown" and given is None
        stopped[f"on_{path}"] = by in STOPS and not (by == "bus" and pci) and not hook
    return stopped


def _stopper(choice: Any, kernel: Kernel) -> str:
    if isinstance(choice, str):
        return choice
    fitting = (c for c in choice if applies(c, kernel.features))
    return str(next(fitting, {"by": "nothing"})["by"])


def _flag(value: object) -> Fact:
    return Unknown(BOOL) if value == "unknown" else bool(value)
