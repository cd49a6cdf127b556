"""Memory: banks, what is set aside in it, and what the command line keeps for a crash kernel."""

from __future__ import annotations

import re

from kexecspec.importers.board import Region, Span
from kexecspec.importers.devicetree.nodes import DtNode
from kexecspec.importers.devicetree.reading import Reading
from kexecspec.importers.facts import Fact, Place, unknown
from kexecspec.quantities import format_range

_CRASHKERNEL = re.compile(r"(?:^|\s)crashkernel=(\S+)")
_FIXED = re.compile(r"(\w+)@(\w+)")
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def ram(reading: Reading) -> Fact[tuple[Span, ...]]:
    """The banks of RAM; unknown where they have no size, which a boot loader then fills in."""
    root = reading.tree.root
    places, banks = [], list[Span]()
    for node in root.children:
        if reading.text(node, "device_type") == "memory" and reading.status(node) in ("okay", "ok"):
            places.append(reading.place(node))
            banks += reading.spans(node, "reg", root)
    if not banks:
        return unknown(*(places or [reading.place(root)]), note="no memory node has a size; a boot loader fills it in")
    return Fact(joined(banks), tuple(places))


def joined(banks: list[Span]) -> tuple[Span, ...]:
    """The same memory in spans that neither touch nor overlap, in order."""
    found: list[Span] = []
    for start, size in sorted(banks):
        if found and start <= found[-1][0] + found[-1][1]:
            first = found[-1][0]
            found[-1] = (first, max(found[-1][1], start + size - first))
        else:
            found.append((start, size))
    return tuple(found)


def regions(reading: Reading) -> tuple[Region, ...]:
    """What /reserved-memory and the blob's header set aside."""
    found: list[Region] = []
    for node in reading.tree.root.children:
        if node.name == "reserved-memory":
            found += [region for child in node.children for region in _region(reading, child, node)]
    place = (Place(reading.tree.file, node="/memreserve/"),)
    for number, (start, size) in enumerate(reading.tree.reserved):
        if 0 < size <= (1 << 64) - start:
            found.append(Region(f"memreserve-{number}", Fact((start, size), place), "firmware"))
    return tuple(found)


def _region(reading: Reading, node: DtNode, bus: DtNode) -> list[Region]:
    if not reading.enabled(node):
        return []
    name, place = reading.name(node), reading.place(node)
    pool = "reusable" in node.props
    spans = reading.spans(node, "reg", bus)
    if not spans and "size" in node.props:
        note = "the kernel looks for a place as it boots"
        return [Region(name, unknown(place, note=note), "pool" if pool else "kernel")]
    return [Region(name, Fact(span, (place,)), "pool" if pool else "firmware") for span in spans]


def bootargs(reading: Reading) -> Fact[str]:
    """The command line; unknown without one."""
    chosen = reading.tree.nodes.get("/chosen")
    found = None if chosen is None else reading.text(chosen, "bootargs")
    place = reading.place(chosen or reading.tree.root)
    return unknown(place) if found is None else Fact(found, (place,))


def crashkernel_of(args: Fact[str]) -> Fact[Span]:
    """Where a crash kernel lives, as the command line says with SIZE@START; for only SIZE the kernel finds a place."""
    given = _CRASHKERNEL.search(args.value or "")
    if given is None:
        return unknown(*args.places)
    fixed = _FIXED.fullmatch(given[1])
    size, start = (_number(fixed[1]), _number(fixed[2])) if fixed else (None, None)
    if size and start is not None and start + size <= 1 << 64:
        return Fact((start, size), args.places, note=f"crashkernel={given[1]} is {format_range(start, size)}")
    return unknown(*args.places, note=f"crashkernel={given[1][:60]} leaves the place to the kernel")


def _number(text: str) -> int | None:
    unit = text[-1:].lower() if text[-1:].isalpha() and not text.lower().startswith("0x") else ""
    try:
        return int(text[:-1] if unit else text, 0) << _UNITS[unit]
    except (ValueError, KeyError):
        return None
