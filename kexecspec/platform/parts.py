"""The parts of a platform as entities: the TEE, its drivers and clients, SMMUs, devices, buffers, and their links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kexecspec.library import Library
from kexecspec.platform import drivers
from kexecspec.platform.adding import Parts, World
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.dma_parts import add_master, add_no_smmu, add_smmu
from kexecspec.platform.facts import Kernel, Links
from kexecspec.platform.gic_parts import add_gic
from kexecspec.platform.spans import Spans
from kexecspec.platform.tee_parts import add_client, add_tee


def parts(
    content: Mapping[str, Any],
    library: Library,
    tee: Mapping[str, Any],
    kernels: Mapping[str, Kernel],
    wrong: Complaints,
    whole: bool = False,
) -> Parts:
    """All entities of a platform file but the kernels. What cannot be is added to `wrong`. With `whole`, hooks also
    have the operations that kernels leave out."""
    world, found = World(content, library, tee, kernels, wrong, whole, Spans(content)), Parts()
    for name, own in content.get("drivers", {}).items():
        if own.get("extends", "optee") not in library.names("drivers"):
            known = library.names("drivers")
            wrong.unknown("driver", own["extends"], known, ("drivers", name, "extends"))
    for name, entry in content.get("interrupt_controllers", {}).items():
        add_gic(world, found, name, entry or {})
    add_no_smmu(found)
    for name, entry in content.get("smmus", {}).items():
        add_smmu(world, found, name, entry or {})
    if tee["kind"] != "none":
        add_tee(world, found)
    for name, entry in content.get("devices", {}).items():
        _device(world, found, name, entry or {})
    _link(world, found)
    _rivals(found)
    return found


def _device(world: World, found: Parts, name: str, entry: Mapping[str, Any]) -> None:
    place = ("devices", name)
    driver = drivers.find_driver(str(entry.get("driver")), world.content, world.library)
    if driver is None:
        known = sorted({*world.library.names("drivers"), *world.content.get("drivers", {})})
        world.wrong.unknown("driver", entry.get("driver"), known, (*place, "driver"))
    elif driver.content.get("kind") == "tee-client":
        if world.tee["kind"] == "none":
            world.wrong.say(
                "KX010",
                f"{name} is a TEE client, and there is no secure world",
                (*place, "driver"),
                "secure_world: {optee: VERSION}, or remove the device",
            )
        else:
            add_client(world, found, name, entry, driver, ("walker", "client"), place)
    else:
        add_master(world, found, name, entry, driver, place)


def _link(world: World, found: Parts) -> None:
    for name, entity in list(found.entities.items()):
        if "walker" not in entity.kinds or {"smmu", "gic"} & set(entity.kinds):
            continue
        driver = drivers.find_driver(entity.driver, world.content, world.library)
        needs = driver.content.get("needs", ()) if driver else ()
        suppliers = tuple(n for need in needs for n, offers in found.provides.items() if need in offers and n != name)
        if suppliers:
            found.entities[name] = replace(entity, facts={**entity.facts, "suppliers": Links(suppliers)})


def _rivals(found: Parts) -> None:
    """Clients of one service are each other's rivals, where it has one session for all of them."""
    for name, entity in list(found.entities.items()):
        if entity.facts.get("single_session"):
            others = tuple(n for n, service in found.services.items() if service == found.services[name] and n != name)
            found.entities[name] = replace(entity, facts={**entity.facts, "rivals": Links(others)})
