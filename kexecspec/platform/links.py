"""Order and space: which part is shut down before which, and memory that must not overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from kexecspec.platform.complaints import Complaints
from kexecspec.platform.facts import Entity, Kernel, Link, Links
from kexecspec.quantities import format_range, parse_range


def ordered(
    content: Mapping[str, Any],
    entities: Mapping[str, Entity],
    kernels: Mapping[str, Kernel],
    wrong: Complaints,
) -> dict[str, Entity]:
    """`entities` with `shut_after`: for each, those that device_shutdown reaches before it, where links, parents,
    device links or the file say so. Pairs that nothing orders may go either way. Cycles are added to `wrong`."""
    before: dict[str, set[str]] = {name: set() for name, e in entities.items() if "walker" in e.kinds}
    linked = all("smmu2-device-links" in k.features for k in kernels.values() if k.linux)
    for name, entity in entities.items():
        if name not in before:
            continue
        smmu = entity.facts.get("smmu")
        if isinstance(smmu, Link) and smmu.name in before and linked and entities[smmu.name].facts["v3"] is False:
            before[smmu.name].add(name)
        suppliers = entity.facts.get("suppliers")
        for supplier in suppliers.names if isinstance(suppliers, Links) else ():
            before[supplier].add(name)
        if "client" in entity.kinds and "tee_driver" not in entity.kinds:
            for driver in (n for n, e in entities.items() if "tee_driver" in e.kinds):
                before[driver].add(name)
    _stated(content, before, wrong)
    try:
        tuple(TopologicalSorter(before).static_order())
    except CycleError as error:
        cycle = " after ".join(dict.fromkeys(error.args[1]))
        place = next((f, n) for n in error.args[1] for f in ("devices", "smmus") if n in content.get(f, {}))
        wrong.say("KX012", f"the order of devices goes in a circle: {cycle}", place, key=True)
    return {name: replace(e, shut_after=frozenset(before.get(name, ()))) for name, e in entities.items()}


def _stated(content: Mapping[str, Any], before: dict[str, set[str]], wrong: Complaints) -> None:
    placed = []
    for section in ("devices", "smmus"):
        for name, entry in content.get(section, {}).items():
            for word in ("after", "before"):
                for number, other in enumerate((entry or {}).get(word, ())):
                    if other not in before:
                        wrong.unknown("device", other, sorted(before), (section, name, word, number))
                    elif name in before:
                        first, second = (other, name) if word == "after" else (name, other)
                        before[first].add(second)
            parent = (entry or {}).get("parent")
            if parent in before and name in before:
                before[parent].add(name)
            if isinstance((entry or {}).get("order"), int) and name in before:
                placed.append((entry["order"], name))
    for position, name in placed:
        before[name] |= {other for later, other in placed if later > position}


def check_memory(content: Mapping[str, Any], wrong: Complaints) -> None:
    """Adds to `wrong` RAM banks that overlap."""
    memory = content.get("memory", {})
    banks = [(parse_range(text), ("memory", "ram", i)) for i, text in enumerate(memory.get("ram", ()))]
    for i, ((start, size), place) in enumerate(banks):
        for (other, length), _ in banks[:i]:
            if start < other + length and other < start + size:
                wrong.say("KX011", f"RAM overlaps {format_range(other, length)}", place)
