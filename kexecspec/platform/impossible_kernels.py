"""What cannot be, of kernels: facts about one that exclude each other, and devices that none can drive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.library import Library, feature_version
from kexecspec.platform.drivers import exists_since, find_driver
from kexecspec.platform.kernels import elf_headers
from kexecspec.platform.loose import table, tables
from kexecspec.platform.reached import Found
from kexecspec.tree import Path

LINUX_FACTS = ("version", "features", "kdump", "cmdline", "config")


def kernel_conflicts(content: Mapping[str, Any], library: Library) -> Found:
    for name, entry in tables(content, "kernels"):
        place: Path = ("kernels", name)
        if entry.get("payload") == "other":
            for fact in LINUX_FACTS:
                if fact in entry and entry[fact] is not False:
                    yield fact, f"{fact} is a fact about a Linux kernel, and {name} is none", (*place, fact)
            continue
        if entry.get("conforming") is True and entry.get("resumes_threads") is True:
            yield "conforming", f"a conforming {name} resumes no foreign thread", (*place, "resumes_threads")
        words = entry.get("cmdline")
        given = words if isinstance(words, list) else str(words or "").split()
        headers = elf_headers(map(str, given))
        if headers is True and entry.get("kdump") is False:
            yield "kdump", f"elfcorehdr makes {name} a kdump kernel", (*place, "kdump")
        if headers is False and entry.get("kdump") is True:
            yield "kdump", f"this elfcorehdr tells {name} that it is no kdump kernel", (*place, "kdump")
        for feature, wanted in table(entry, "features").items():
            symbol = library.features.get(feature, {}).get("config", "")
            if wanted is True and table(entry, "config").get(symbol) in ("n", False):
                yield feature, f"without {symbol} there is no {feature}", (*place, "features", feature)
        yield from _adopts(entry, library, place)
        yield from _user_space(content, name, entry)


def _adopts(entry: Mapping[str, Any], library: Library, place: Path) -> Found:
    features = table(entry, "features")
    wanted = [name for name in library.features if name.endswith("-adopt")]
    able = any(features.get(name) in (True, "unknown") for name in wanted)
    if entry.get("adopts") is True and entry.get("version") is not None and not able:
        yield "adopts", f"adopts: true needs a feature that does it: {' or '.join(wanted)}", (*place, "adopts")


def _user_space(content: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> Found:
    space, place = table(entry, "user_space"), ("kernels", name, "user_space")
    world = content.get("secure_world", "none")
    absent = world == "none" or table(content, "secure_world").get("none") is True
    for fact in ("sessions", "pages"):
        if space.get(fact, 0) in (0, None):
            continue
        if absent:
            yield f"{fact} of nobody", f"{fact} are open in the secure world, and there is none", (*place, fact)
        elif entry.get("tee_aware") is False:
            yield fact, f"{fact} are opened through a TEE driver, and {name} has none", (*place, fact)
    if space.get("services") and not space.get("sessions"):
        yield "services", f"{name}'s user space uses services, and opens no session", (*place, "services")


def driver_conflicts(content: Mapping[str, Any], library: Library) -> Found:
    """Kernels and the devices that they are to drive."""
    kernels = dict(tables(content, "kernels"))
    for name, entry in kernels.items():
        if entry.get("payload") == "other":
            continue
        for number, device in enumerate(entry.get("devices") or ()):
            given = table(content, "devices").get(device) if isinstance(device, str) else None
            if isinstance(given, dict) and not _drives(content, library, entry, given):
                place: Path = ("kernels", name, "devices", number)
                yield "devices", f"{name} is to drive {device}, and has no driver for it", place
    for device, entry in tables(content, "devices"):
        linux = [kernel for kernel in kernels.values() if kernel.get("payload") != "other"]
        if linux and not any(_drives(content, library, kernel, entry) for kernel in linux):
            yield "driver", f"no kernel has the driver of {device}", ("devices", device, "driver")


def _drives(content: Mapping[str, Any], library: Library, kernel: Mapping[str, Any], device: Mapping[str, Any]) -> bool:
    driver = find_driver(str(device.get("driver")), content, library)
    if driver is None:
        return True
    given = table(kernel, "drivers").get(driver.name)
    if given is not None:
        return given is not False
    try:
        version = feature_version(str(kernel.get("version")))
    except ValueError:
        return True
    return exists_since(driver, version)
