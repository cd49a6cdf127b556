"""Who loads the kernel that a kexec goes to, which decides what a crash kernel hands on.

kexec_load (`kexec -c`) gives the next kernel the running one's device tree: after a crash with the reservation as all
memory and with the dead kernel's ELF headers. kexec_file_load (`kexec -s`) takes both out. Where neither is asked for
kexec-tools from 2.0.27 on try the latter first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kexecspec.handoff_text import parse_handoff
from kexecspec.platform.loose import tables
from kexecspec.platform.reached import Way, ways

HANDS_ON = "kexec_load"
LOADERS = (HANDS_ON, "kexec_file_load")


def after_crash(content: Mapping[str, Any]) -> frozenset[str]:
    """The Linux kernels that may run in the memory reserved for crash kernels: those that are crashed into, and those
    that one of these goes on to by kexec."""
    found, queue = frozenset[str](), [way.end for way in ways(content) if way.kind == "crash"]
    while queue:
        name = queue.pop()
        if name not in found and _linux(content, name):
            found |= {name}
            queue += [way.end for way in ways(content) if (way.start, way.kind) == (name, "kexec")]
    return found


def out_of_reserve(content: Mapping[str, Any]) -> Iterator[Way]:
    """The ways by kexec from such a kernel to another Linux kernel; a payload heeds no device tree."""
    inside = after_crash(content)
    return (way for way in ways(content) if way.kind == "kexec" and way.start in inside and way.end in inside)


def with_loaders(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """`content` in which each of them says what loads the next kernel: `unknown` where the file does not. The same
    content where there is none."""
    unsaid = {way.number for way in out_of_reserve(content)}
    if not unsaid:
        return content
    told = [_told(item) if number in unsaid else item for number, item in enumerate(content["handoffs"])]
    return {**content, "handoffs": told}


def _linux(content: Mapping[str, Any], name: str) -> bool:
    return any(kernel == name and entry.get("payload") != "other" for kernel, entry in tables(content, "kernels"))


def _told(item: Any) -> dict[str, Any]:
    if isinstance(item, dict):
        return {"loaded_by": "unknown", **item}
    said = parse_handoff(item)
    space = {"user_space": said.user_space} if said.user_space else {}
    return {"from": said.start, "to": said.end, "kind": said.kind, **space, "loaded_by": "unknown"}
