"""DMA masters: how a device reaches memory, what its engine does and what stops it, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.ir.values import BOOL
from kexecspec.platform.drivers import Driver, applies
from kexecspec.platform.facts import Fact, Hooks, Kernel, Op, Unknown
from kexecspec.quantities import parse_range

FOUR_GIB = 1 << 32
DEFAULT_IOVA = (FOUR_GIB - (16 << 20), 16 << 20)
STOPS = ("shutdown", "core", "bus", "child", "supplier")
WEAK = Unknown(BOOL, weak=True)


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


def facts(device: Mapping[str, Any], driver: Driver, memory: Mapping[str, Any], passes: bool) -> dict[str, Fact]:
    """The facts about a DMA master that do not depend on its SMMU; `passes` says that a SMMU translates it."""
    dma = dma_of(device, driver)
    identity = device.get("domain", "translated") == "identity"
    gating = device.get("bus_master", "honoured")
    return {
        "identity": identity,
        "translated": passes and not identity,
        "untranslated": not passes or identity,
        "writes": _flag(dma["writes"]),
        "recurrent": _flag(dma["recurrent"]) if not dma.get("runs_out") else False,
        "one_shot": dma["kind"] == "one-shot",
        "running": bool(device.get("running", True)) and dma["kind"] != "none",
        "user_requests": dma["requests_by"] == "user",
        "task_dma": bool(driver.content.get("task_dma", False)),
        "gating_ignored": Unknown(BOOL) if gating == "unknown" else gating == "ignored",
        "iova_hits_ram": aliases(device.get("iova"), memory.get("ram")),
        "iova_hits_crashkernel": aliases(device.get("iova"), memory.get("crashkernel", [])),
    }


def hooks(device: Mapping[str, Any], driver: Driver, kernel: Kernel, written: Hooks) -> Hooks:
    """The driver's own operations, with those that the SMMU core, the bus or another driver add around them."""
    probe = tuple(op for op in written.probe if op.do != "dma_map")
    shutdown = written.shutdown
    stop = _stops(device, driver, kernel)
    if any(stop.values()) and not any(op.do == "dma_stop" for op in shutdown):
        shutdown = (*shutdown, Op("dma_stop", None, tuple(sorted(stop.items()))))
    shutdown = tuple(op if op.facts or op.do != "dma_stop" else Op("dma_stop", None, (("on_kexec", True), ("on_reboot", True)))
                     for op in shutdown)
    if device.get("bus", driver.content.get("bus")) == "pci":
        if kernel.features & {"pci-clear-master-on-kexec", "pci-clear-master-always"}:
            shutdown = (*shutdown, Op("pci_clear_master"))
        if device.get("behind_port") and "pci-port-shutdown" in kernel.features:
            shutdown = (*shutdown, Op("port_clear_master"))
    return Hooks((Op("attach"), *probe), shutdown)


def aliases(iova: object, ranges: Any) -> Fact:
    """Whether an I/O virtual address of the window `iova`, taken as a physical one, lies in `ranges`.

    Without a window: dma-iommu hands out addresses from the top of 32 bits downwards, so the top is certain
    and what lies below it is not known.
    """
    spans = [parse_range(text) for text in ([ranges] if isinstance(ranges, str) else ranges or [])]
    if ranges is None or iova == "unknown":
        return WEAK if spans or ranges is None else False
    window = DEFAULT_IOVA if iova is None else parse_range(str(iova))
    if any(start < window[0] + window[1] and window[0] < start + size for start, size in spans):
        return True
    return WEAK if iova is None and any(start < FOUR_GIB for start, _ in spans) else False


def _stops(device: Mapping[str, Any], driver: Driver, kernel: Kernel) -> dict[str, bool]:
    pci = device.get("bus", driver.content.get("bus")) == "pci"
    given = device.get("quiesced_by")
    given = given["by"] if isinstance(given, dict) and "by" in given else given
    table = {"kexec": given, "reboot": given} if isinstance(given, str) else given or driver.content.get("quiesced_by", {})
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
