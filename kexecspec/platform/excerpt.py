"""What a platform file says of a part of its platform."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kexecspec.library import Library
from kexecspec.platform.drivers import is_client
from kexecspec.platform.facts import Platform

SECTIONS = ("interrupt_controllers", "devices", "smmus")


class Excerpts:
    """What the file `content` says of parts of its platform; each takes time that grows with the part only."""

    def __init__(self, content: Mapping[str, Any], library: Library) -> None:
        self.content = content
        self._places = {s: {name: n for n, name in enumerate(content[s])} for s in SECTIONS if s in content}
        drivers = {name: str((entry or {}).get("driver")) for name, entry in content.get("devices", {}).items()}
        clients = {driver for driver in set(drivers.values()) if is_client(driver, content, library)}
        self._clients = {name for name, driver in drivers.items() if driver in clients}

    def of(self, part: Platform) -> dict[str, Any]:
        """All but what is said of masters, SMMUs and interrupt controllers that `part`, cut out of the platform, does
        not have; the whole content for a platform that is no part."""
        if part.about is None:
            return dict(self.content)
        silent = ("expect", "waivers") if part.duties else ("expect", "waivers", "duties")
        said = {key: value for key, value in self.content.items() if key not in silent}
        kept = self._clients | {name for name in part.entities if any(name in names for names in self._places.values())}
        for section, places in self._places.items():
            there = sorted(kept & places.keys(), key=lambda name: places[name])
            said[section] = {name: _entry(self.content[section][name], kept) for name in there}
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
