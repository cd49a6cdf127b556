"""Facts that a platform file says are assumed: each part's are one thing that verdicts take on trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kexecspec.platform.facts import Reliance
from kexecspec.platform.loose import table, tables

MEMORY = "memory"
MEMORY_FACTS = ("iova_hits_ram", "iova_hits_mmio", "iova_hits_crashkernel")
"""What rules look at of memory (see masters.py)."""


def assumptions(content: Mapping[str, Any]) -> tuple[Reliance, ...]:
    """What is assumed of memory, the secure world, SMMUs, devices and kernels, in the order of the file's sections.

    The subject is the part's name as verdicts know it. Drivers stand with the devices that have them.
    """
    return tuple(_assumptions(content))


def assumed(entry: Mapping[str, Any]) -> list[str]:
    """The facts of one part that it says are assumed."""
    return [str(name) for name, confidence in table(entry, "confidence").items() if confidence == "assumed"]


def _assumptions(content: Mapping[str, Any]) -> Iterator[Reliance]:
    yield from _of("memory", table(content, "memory"), MEMORY)
    yield from _of("secure world", table(content, "secure_world"), "tee")
    for section in ("interrupt_controllers", "smmus", "devices", "kernels"):
        for name, entry in tables(content, section):
            yield from _of(name, entry, name)
    for name, entry in tables(content, "devices"):
        own = table(content, "drivers").get(str(entry.get("driver")))
        if isinstance(own, dict):
            yield from _of(f"driver {entry['driver']} of {name}", own, name)


def _of(part: str, entry: Mapping[str, Any], subject: str) -> Iterator[Reliance]:
    facts = assumed(entry)
    if facts:
        yield Reliance(f"{part}: {', '.join(facts)}", "assumed in the platform file", subject)
