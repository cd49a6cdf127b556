"""What a platform file says of a part of its platform."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kexecspec.library import Library
from kexecspec.platform.drivers import is_client
from kexecspec.platform.facts import Platform

SECTIONS = ("interrupt_controllers", "devices", "smmus")


def excerpt(content: Mapping[str, Any], part: Platform, library: Library) -> dict[str, Any]:
    """`content` without what it says of masters, SMMUs and interrupt controllers that `part`, cut out of its platform,
    does not have; all of it for a platform that is no part."""
    if part.about is None:
        return dict(content)
    silent = ("expect", "waivers") if part.duties else ("expect", "waivers", "duties")
    said = {key: value for key, value in content.items() if key not in silent}
    kept = {name for section in SECTIONS for name in content.get(section, {}) if name in part.entities}
    devices = content.get("devices", {})
    drivers = {name: str((entry or {}).get("driver")) for name, entry in devices.items()}
    clients = {driver for driver in set(drivers.values()) if is_client(driver, content, library)}
    kept |= {name for name, driver in drivers.items() if driver in clients}
    for section in SECTIONS:
        if section in said:
            entries = {name: entry for name, entry in said[section].items() if name in kept}
            said[section] = {name: _entry(entry, kept) for name, entry in entries.items()}
    if "kernels" in said:
        said["kernels"] = {name: _kernel(entry, kept, part) for name, entry in said["kernels"].items()}
    return said


def _entry(entry: Mapping[str, Any] | None, kept: Collection[str]) -> dict[str, Any]:
    """A device's or an SMMU's entry, its order relative to what is `kept`."""
    said = dict(entry or {})
    for word in ("after", "before"):
        if word in said:
            said[word] = [other for other in said[word] if other in kept]
    if said.get("parent") not in kept:
        said.pop("parent", None)
    return said


def _kernel(entry: Mapping[str, Any] | None, kept: Collection[str], part: Platform) -> dict[str, Any]:
    said = {key: value for key, value in (entry or {}).items() if key != "duties" or part.duties}
    if "devices" in said:
        said["devices"] = [name for name in said["devices"] if name in kept]
    return said
