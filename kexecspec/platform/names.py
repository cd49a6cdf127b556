"""Names in a platform file that nothing else looks up: one that means nothing would silently have no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kexecspec.diagnostics import quote
from kexecspec.library import Library
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.drivers import find_driver
from kexecspec.tree import Path

Used = tuple[str, object, Path]


def check(content: Mapping[str, Any], library: Library, tee: Mapping[str, Any], wrong: Complaints) -> None:
    """Adds every name of a device, driver, service or property to `wrong` that names none."""
    known = {
        "device": {*content.get("devices", {}), *content.get("smmus", {}), *_tee_drivers(tee)},
        "driver": {*library.names("drivers"), *content.get("drivers", {})},
        "service": {*tee.get("services", {}), *_of_drivers(content, library)},
        "property": set(library.names("properties")),
    }
    _once(content, wrong)
    for what, name, place in (*_in_kernels(content), *_parents(content), *_expected(content)):
        if name not in known[what]:
            wrong.unknown(what, name, sorted(known[what]), place)


def _once(content: Mapping[str, Any], wrong: Complaints) -> None:
    """A part is known by its name alone, in whichever section it stands."""
    known: dict[str, str] = {}
    for section in ("interrupt_controllers", "smmus", "devices"):
        for name in content.get(section, {}):
            if name in known:
                says = f"{quote(name)} is the name of a part in {known[name]}, too"
                wrong.say("KX023", says, (section, name), key=True)
            known[name] = section


def _in_kernels(content: Mapping[str, Any]) -> Iterator[Used]:
    for kernel, entry in content.get("kernels", {}).items():
        place: Path = ("kernels", kernel)
        for number, name in enumerate((entry or {}).get("devices", ())):
            yield "device", name, (*place, "devices", number)
        for name in (entry or {}).get("drivers", {}):
            yield "driver", name, (*place, "drivers", name)
        for number, name in enumerate((entry or {}).get("user_space", {}).get("services", ())):
            yield "service", name, (*place, "user_space", "services", number)


def _parents(content: Mapping[str, Any]) -> Iterator[Used]:
    for name, entry in content.get("devices", {}).items():
        if "parent" in (entry or {}):
            yield "device", entry["parent"], ("devices", name, "parent")


def _expected(content: Mapping[str, Any]) -> Iterator[Used]:
    for pattern in content.get("expect", {}):
        yield "property", _code(pattern), ("expect", pattern)
    for number, waiver in enumerate(content.get("waivers", ())):
        yield "property", _code(waiver["finding"]), ("waivers", number, "finding")


def _code(pattern: str) -> str:
    return pattern.partition("@")[0].partition("/")[0]


def _tee_drivers(tee: Mapping[str, Any]) -> tuple[str, ...]:
    ffa = ("arm_ffa", "optee-ffa") if tee["abi"] == "ffa" else ("optee",)
    return {"none": (), "amdtee": ("amdtee",)}.get(tee["kind"], ffa)


def _of_drivers(content: Mapping[str, Any], library: Library) -> Iterator[str]:
    for entry in content.get("devices", {}).values():
        driver = find_driver(str(entry.get("driver")), content, library)
        service = driver.content.get("service", {}) if driver else {}
        if "name" in service:
            yield str(service["name"])
