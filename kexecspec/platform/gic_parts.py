"""Interrupt controllers, whose tables are memory of a kernel, as entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.ir.values import BOOL
from kexecspec.platform import drivers
from kexecspec.platform.adding import Parts, World, add
from kexecspec.platform.facts import Fact, Unknown

DRIVER = "gicv3-its"


def add_gic(world: World, found: Parts, name: str, entry: Mapping[str, Any]) -> None:
    """A GICv3, which every kernel starts before anything else."""
    driver = drivers.find_driver(DRIVER, world.content, world.library)
    assert driver is not None
    facts = {"its": _fact(entry.get("its", True)), "efi": _fact(entry.get("efi", "unknown"))}
    place = ("interrupt_controllers", name)
    add(world, found, name, ("walker", "gic"), facts, world.hooks(driver, name), driver, place)


def _fact(value: object) -> Fact:
    return Unknown(BOOL) if value == "unknown" else value is True
