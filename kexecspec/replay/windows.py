"""Memory of a platform, and a concrete place for the I/O addresses of a master where the file leaves a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kexecspec.ir.values import Value
from kexecspec.machine.config import MIB, MemoryMap, Range
from kexecspec.platform.facts import Entity, Platform, Unknown
from kexecspec.quantities import parse_range

FOUR_GIB = 1 << 32
WINDOW = 16 * MIB
OUTSIDE = 0x10_0000


def memory_map(platform: Platform) -> MemoryMap:
    """RAM, what is reserved, and the crashkernel; where the file says nothing, ordinary ones."""
    given: Any = platform.plain.get("memory", {})
    ram = _ranges(given.get("ram")) or (Range(0x8000_0000, 2048 * MIB),)
    crash = _ranges(given.get("crashkernel"))
    if not crash and any(edge.kind == "crash" for edge in platform.edges):
        largest = max(ram, key=lambda bank: bank.size)
        crash = (Range(largest.start + largest.size // 2, min(largest.size // 4, 256 * MIB)),)
    static = _ranges(given.get("static_shm"))
    return MemoryMap(ram, _ranges(given.get("reserved")), crash, static[0] if static else None)


def iova_window(
    platform: Platform, entity: Entity, entry: Mapping[str, Any], facts: Mapping[str, Value], memory: MemoryMap,
    crashed: bool,
) -> Range | None:  # fmt: skip
    """The window of a master's I/O addresses, narrowed to where it meets memory of the last kernel, which lives where a
    crash kernel does if `crashed`; None for a master that nothing translates."""
    if entry.get("smmu") is None:
        return None
    stated = entry.get("iova")
    window = Range(FOUR_GIB - WINDOW, WINDOW) if stated in (None, "unknown") else Range(*parse_range(str(stated)))
    wanted = memory.crashkernel if crashed else memory.ram
    name = "iova_hits_crashkernel" if crashed else "iova_hits_ram"
    if isinstance(entity.facts[name], Unknown):
        return _top(wanted) if facts.get(f"{entity.name}.{name}") else Range(OUTSIDE, WINDOW)
    met = next((met for span in wanted if (met := _met(window, span, memory, crashed))), None)
    elsewhere = isinstance(entity.facts["iova_hits_mmio"], Unknown) and facts.get(f"{entity.name}.iova_hits_mmio")
    return met or (Range(OUTSIDE, WINDOW) if elsewhere else window)


def in_reservation(memory: MemoryMap, windows: tuple[Range, ...]) -> tuple[Range, ...]:
    """Where these windows meet the reservation, from their start, where masters aim: no file says where in it a crash
    kernel puts the next one, so that none of them is safe there."""
    met = (_met(window, span, memory, True) for window in windows for span in memory.crashkernel)
    return tuple(dict.fromkeys(Range(one.start, min(one.size, MIB)) for one in met if one is not None))


def _met(window: Range, span: Range, memory: MemoryMap, crashed: bool) -> Range | None:
    start, end = max(window.start, span.start), min(window.end, span.end)
    taken = () if crashed else (*memory.crashkernel, *memory.reserved)
    for other in sorted(taken, key=lambda one: one.start):
        if other.start <= start < other.end:
            start = other.end
    return Range(start, end - start) if start < end else None


def _top(spans: tuple[Range, ...]) -> Range:
    low = [span for span in spans if span.start < FOUR_GIB] or list(spans)
    end = min(low[-1].end, FOUR_GIB)
    return Range(max(end - WINDOW, low[-1].start), WINDOW)


def _ranges(given: Any) -> tuple[Range, ...]:
    texts = [given] if isinstance(given, str) else given or ()
    texts = () if given == "unknown" else texts
    return tuple(Range(*parse_range(text)) for text in texts)
