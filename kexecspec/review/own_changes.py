"""Repairs that no feature of a kernel stands for: a driver's own calls and hooks, user space, OP-TEE's release.

A driver keeps its name: what is changed of it is laid over the library's in the platform file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kexecspec.handoff_text import parse_handoff, parse_kind
from kexecspec.library import Library
from kexecspec.platform.drivers import Driver, find_driver
from kexecspec.tree import Path, Plain
from kexecspec.versions import parse_version

Content = Mapping[str, Any]
Puts = list[tuple[Path, Plain]]


def with_shutdown(kinds: Collection[str], content: Content, library: Library) -> Iterator[tuple[str, Puts]]:
    """For each driver of some kinds that does nothing at shutdown and something at remove: a hook that does the
    same."""
    for driver, devices, spec in _used(content, library):
        hooks = spec.content.get("hooks", {})
        if spec.content.get("kind") in kinds and hooks.get("remove") and not hooks.get("shutdown"):
            puts = [*_own(driver, content), (("drivers", driver, "hooks", "shutdown"), list(hooks["remove"]))]
            if spec.content.get("kind") == "master":
                stopped = {**spec.content.get("quiesced_by", {}), "kexec": "shutdown", "reboot": "shutdown"}
                stopped.pop("how", None)
                puts.append((("drivers", driver, "quiesced_by"), stopped))
            yield f"{driver}: {', '.join(devices)}", puts


def other_call(old: str, new: str, content: Content, library: Library) -> Iterator[tuple[str, Puts]]:
    """For each driver whose probe hook calls `old`: one that calls `new` there."""
    for driver, devices, spec in _used(content, library):
        probe = spec.content.get("hooks", {}).get("probe", ())
        if any(isinstance(item, dict) and item["do"] == old for item in probe):
            made = [_call(item, old, new) for item in probe]
            yield (
                f"{driver}: {', '.join(devices)}",
                [*_own(driver, content), (("drivers", driver, "hooks", "probe"), made)],
            )


def with_user_space_stopped(handoffs: Sequence[Any]) -> list[Plain]:
    """The handoffs with user space stopped before each kexec; nothing where it is already."""
    made = [_stopped(item) for item in handoffs]
    return made if made != list(handoffs) else []


def newer_optee(releases: Sequence[str], content: Content) -> Iterator[tuple[str, str]]:
    """The release of OP-TEE and each of `releases` that is newer."""
    world = content.get("secure_world")
    said = str(world["optee"]) if isinstance(world, dict) and "optee" in world else ""
    try:
        current = parse_version(said)
    except ValueError:
        return
    yield from ((said, new) for new in releases if parse_version(new) > current)


def _used(content: Content, library: Library) -> Iterator[tuple[str, list[str], Driver]]:
    """The drivers of devices that do not say by themselves how they are stopped."""
    users: dict[str, list[str]] = {}
    for device, said in content.get("devices", {}).items():
        users.setdefault(str(said["driver"]), []).append(device)
    for driver, devices in users.items():
        found = find_driver(driver, content, library)
        if found is not None and not any("quiesced_by" in content["devices"][one] for one in devices):
            yield driver, devices, found


def _own(driver: str, content: Content) -> Puts:
    """A place for what is changed of a driver; one that the file describes has it."""
    return [] if driver in content.get("drivers", {}) else [(("drivers", driver, "extends"), driver)]


def _call(item: Any, old: str, new: str) -> Any:
    if not isinstance(item, dict) or item["do"] != old:
        return item
    return {"do": new, **{key: value for key, value in item.items() if key not in ("do", "flags")}}


def _stopped(item: Any) -> Any:
    if isinstance(item, str):
        said = parse_handoff(item)
        running = said.kind == "kexec" and said.user_space == "running"
        return f"{said.start} -systemctl kexec-> {said.end}" if running else item
    kind, user = parse_kind(item["kind"])
    if kind != "kexec" or item.get("user_space", user) != "running":
        return item
    return {**{key: value for key, value in item.items() if key != "user_space"}, "kind": "systemctl kexec"}
