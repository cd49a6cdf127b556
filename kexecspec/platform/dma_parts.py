"""SMMUs, and the devices that do DMA, as entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.ir.values import BOOL
from kexecspec.platform import drivers, masters
from kexecspec.platform.adding import Parts, World, add, does
from kexecspec.platform.drivers import Driver
from kexecspec.platform.facts import Entity, Fact, Hooks, Kernel, Link, Links, PerKernel, Unknown
from kexecspec.platform.spans import matter

PLACES = ("smmu", "streams", "iova")
"""What a master's entry says that bears on nothing that its driver does."""


def add_no_smmu(found: Parts) -> None:
    """What stands for the SMMU of a device that has none."""
    absent: dict[str, Fact] = dict.fromkeys(
        (
            "exists",
            "on",
            "off_abort",
            "irq",
            "released",
            "off_by_hook",
            "live",
            "v3",
            "fatal",
            "reports",
            "coherent",
            "two_level",
            "spans_shared",
            "reset_on",
        ),
        False,
    )
    found.entities["no smmu"] = Entity("no smmu", ("nothing",), absent)


def add_smmu(world: World, found: Parts, name: str, entry: Mapping[str, Any]) -> None:
    """An SMMU, as its variant and the file say. One that is not known is complained of."""
    place = ("smmus", name)
    variant = world.library.smmu_variant(str(entry.get("variant")))
    if variant is None:
        known = sorted(str(spec.content["variant"]) for spec in world.library.all("smmu"))
        world.wrong.unknown("SMMU variant", entry.get("variant"), known, (*place, "variant"))
        return
    v3 = variant.content.get("architecture") == "v3"
    driver = drivers.find_driver(str(entry.get("driver", variant.content["driver"])), world.content, world.library)
    if driver is None:
        world.wrong.unknown("driver", entry.get("driver"), list(world.library.names("drivers")), (*place, "driver"))
        return
    reset = entry.get("reset", {})
    enabled = bool(reset.get("enabled", False)) if v3 else reset.get("clientpd", True) is False
    facts: dict[str, Fact] = {
        "exists": True,
        "v3": v3,
        "fatal": entry.get("abort_is_fatal", False) is True,
        "coherent": entry.get("coherent", True) is not False,
        "qcom": "qcom" in str(variant.content["variant"]),
        "reports": not v3,
        "two_level": v3 and entry.get("two_level_table", True) is not False,
        "spans_shared": Unknown(BOOL) if _spans_unknown(world, name, entry, v3) else False,
        "reset_on": enabled,
        "reset_abort": Unknown(BOOL) if reset.get("gbpa") == "unknown" else v3 and reset.get("gbpa") == "abort",
        "devices": Links(world.spans.clients(name)),
    }
    hooks = world.hooks(driver, name)
    add(world, found, name, ("walker", "smmu"), facts, hooks, driver, place)


def add_master(
    world: World, found: Parts, name: str, entry: Mapping[str, Any], driver: Driver, place: tuple[str, ...]
) -> None:
    """A device that may do DMA, with what its driver does and what it is behind."""
    smmu = entry.get("smmu")
    if smmu is not None and smmu not in world.content.get("smmus", {}):
        world.wrong.unknown("SMMU", smmu, sorted(world.content.get("smmus", {})), (*place, "smmu"))
    hooks = _hooks(world, name, entry, driver)
    drains = world.content.get("assume", {}).get("fabric_drains", True) is not False
    facts = masters.facts(entry, driver, world.memory, smmu is not None, drains)
    facts |= {"smmu": Link(str(smmu) if smmu else "no smmu"), "streams": str(entry.get("streams", []))}
    facts |= _neighbours(world, name, smmu)
    facts |= {"open_to_payload": PerKernel({k.name: _open_to(world, name, k) for k in world.kernels.values()})}
    facts |= {"unmaps_in_hook": any(does(h, "dma_unmap") for h in hooks.values())}
    add(world, found, name, ("walker", "device"), facts, hooks, driver, place)


def _hooks(world: World, name: str, entry: Mapping[str, Any], driver: Driver) -> Mapping[str, Hooks]:
    """What a master's driver does in each kernel: the same things for all whose entries differ in places only."""
    listed = _may_be_listed(world, entry.get("smmu"))
    said = repr({word: value for word, value in entry.items() if word not in PLACES})
    key = (driver.name, listed, said)
    if key in world.alike:
        return world.alike[key]
    written = world.hooks(driver, name)
    hooks = {k: masters.hooks(entry, driver, world.kernels[k], h, listed, world.whole) for k, h in written.items()}
    if not any(op.buffer for one in hooks.values() for op in (*one.probe, *one.shutdown)):
        world.alike[key] = hooks
    return hooks


def _spans_unknown(world: World, name: str, entry: Mapping[str, Any], v3: bool) -> bool:
    return matter(entry, v3, world.kernels) and world.spans.unstated(name)


def _may_be_listed(world: World, smmu: str | None) -> bool:
    """Whether streams of an SMMU may have an entry that lets them pass before their device is attached."""
    if smmu not in world.lets_pass:
        world.lets_pass[smmu] = _lets_pass(world, smmu)
    return world.lets_pass[smmu]


def _lets_pass(world: World, smmu: str | None) -> bool:
    entry = world.content.get("smmus", {}).get(smmu) or {}
    variant = world.library.smmu_variant(str(entry.get("variant")))
    v3 = variant is not None and variant.content.get("architecture") == "v3"
    return matter(entry, v3, world.kernels)


def _neighbours(world: World, name: str, smmu: str | None) -> dict[str, Fact]:
    """Whom its being attached gives an entry, in any case and where streams that are not stated share a span."""
    if smmu is None or not _may_be_listed(world, smmu):
        return {"spanned": Links(()), "perhaps_spanned": Links(())}
    sure = world.spans.sharing(smmu, name, False)
    perhaps = tuple(other for other in world.spans.sharing(smmu, name, True) if other not in sure)
    return {"spanned": Links(sure), "perhaps_spanned": Links(perhaps)}


def _open_to(world: World, name: str, kernel: Kernel) -> bool:
    """Whether a payload that is no Linux may use a device: any, unless the file says which."""
    chosen = (world.content.get("kernels", {}).get(kernel.name) or {}).get("devices")
    return not kernel.linux and (chosen is None or name in chosen)
