"""What cannot be: one function for each part of a platform file, which finds the facts in it that exclude each other.

Each looks at a file's content only, takes it in any state (a fact that is missing or malformed is somebody else's
complaint), and says a conflict by a name that does not change when other facts do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.library import Library
from kexecspec.platform.drivers import Driver, find_driver
from kexecspec.platform.impossible_kernels import driver_conflicts, kernel_conflicts
from kexecspec.platform.loose import size, spans, table, tables
from kexecspec.platform.reached import Found, never_reached, never_taken
from kexecspec.platform.secure_world import release
from kexecspec.tree import Path

MASTER_FACTS = (
    "smmu", "streams", "domain", "iova", "dma", "quiesced_by", "bus_master", "behind_port", "msi", "running",
)  # fmt: skip


@dataclass(frozen=True)
class Conflict:
    """Facts that exclude each other: what they are called together, why they do, and where to complain."""

    name: Path
    says: str
    place: Path


def conflicts(content: Mapping[str, Any], library: Library) -> Iterator[Conflict]:
    """Every conflict of a platform file."""
    for kind, says, place in (
        *_secure_world(content, library),
        *_memory(content),
        *_smmus(content, library),
        *_devices(content, library),
        *kernel_conflicts(content, library),
        *driver_conflicts(content, library),
        *never_taken(content),
        *never_reached(content),
    ):
        yield Conflict((kind, *place), says, place)


def _secure_world(content: Mapping[str, Any], library: Library) -> Found:
    world = table(content, "secure_world")
    spec = library.spec("tee", "optee")
    version, place = _release(world.get("optee")), ("secure_world",)
    for name, entry in (spec.content["capabilities"] if spec else {}).items():
        given = world.get("abi") == "ffa" if name == "ffa" else world.get(name) is True
        fact = "abi" if name == "ffa" else name
        if version is not None and given and version < release(str(entry["since"])):
            value = "ffa" if name == "ffa" else "true"
            yield fact, f"{fact}: {value} needs OP-TEE {entry['since']} or later", (*place, fact)
    if world.get("abi") == "ffa" and world.get("dynamic_shm") is False:
        says = "over FF-A all memory is shared as it comes, there is no pool set apart"
        yield "static_shm", says, (*place, "dynamic_shm")
    if world.get("abi", "smc") == "smc":
        for fact in ("spmc", "handles"):
            if fact in world:
                yield fact, f"{fact} is about the FF-A ABI, and this secure world has the SMC one", (*place, fact)
    supplicant = table(world, "supplicant")
    if supplicant.get("present") is False and supplicant.get("may_die") is True:
        yield "supplicant", "a supplicant that is not there cannot die", (*place, "supplicant", "may_die")
    yield from _amounts(world, place)


def _amounts(world: Mapping[str, Any], place: Path) -> Found:
    for fact, says in (("threads", "no call can enter"), ("handles", "nothing can be shared with")):
        if world.get(fact) == 0:
            yield fact, f"{says} a secure world without {fact}", (*place, fact)
    threads = world.get("threads")
    for fact, words in (("suspended_threads", "are suspended"), ("min_threads", "must stay usable")):
        number = world.get(fact)
        if isinstance(threads, int) and isinstance(number, int) and number > threads:
            yield fact, f"{number} threads {words}, and there are {threads}", (*place, fact)
    heap = table(world, "heap")
    used = heap.get("base_use")
    whole, least = size(heap.get("size", 65536)), size(used[0] if isinstance(used, list) and used else used)
    board = world.get("board") is not None and "size" not in heap
    if whole is not None and least is not None and least > whole and not board:
        yield "base_use", f"a heap of {whole} bytes cannot have {least} in use", (*place, "heap", "base_use")


def _memory(content: Mapping[str, Any]) -> Found:
    memory = table(content, "memory")
    banks = spans(memory.get("ram"))
    for name in ("crashkernel", "static_shm", "reserved"):
        for number, (start, length) in enumerate(spans(memory.get(name))):
            if banks and not any(low <= start and start + length <= low + bank for low, bank in banks):
                inside: Path = (number,) if isinstance(memory.get(name), list) else ()
                yield f"{name} {number}", f"{name} lies outside RAM", ("memory", name, *inside)
    taken = [*spans(memory.get("crashkernel")), *spans(memory.get("reserved"))]
    if banks and all(any(low <= s and s + n <= low + length for low, length in taken) for s, n in banks):
        yield "ram", "nothing of RAM is left for a kernel, all of it is set aside", ("memory", "ram")


def _smmus(content: Mapping[str, Any], library: Library) -> Found:
    for name, entry in tables(content, "smmus"):
        variant = library.smmu_variant(str(entry.get("variant")))
        if variant is None:
            continue
        v3, place = variant.content.get("architecture") == "v3", ("smmus", name)
        for fact in ("gbpa", "enabled") if not v3 else ("clientpd",):
            if fact in table(entry, "reset"):
                says = f"{fact} is a fact about an SMMU{'v3' if not v3 else 'v1 or v2'}, and {name} is none"
                yield fact, says, (*place, "reset", fact)
        if not v3 and entry.get("two_level_table") is True:
            says = f"only an SMMUv3 has a table of two levels, and {name} is none"
            yield "two_level", says, (*place, "two_level_table")


def _devices(content: Mapping[str, Any], library: Library) -> Found:
    limit = size(table(content, "memory").get("dma_limit"))
    for name, entry in tables(content, "devices"):
        place: Path = ("devices", name)
        driver = find_driver(str(entry.get("driver")), content, library)
        if driver is not None and driver.content.get("kind") == "tee-client":
            for fact in MASTER_FACTS:
                if fact in entry:
                    yield fact, f"{fact} is a fact about a DMA master, and {name} is a TEE client", (*place, fact)
            continue
        yield from _master(name, entry, driver, limit)


def _master(name: str, entry: Mapping[str, Any], driver: Driver | None, limit: int | None) -> Found:
    place: Path = ("devices", name)
    if driver is not None and "service" in entry:
        yield "service", f"only a TEE client talks to a service, and {name} is none", (*place, "service")
    for fact in ("streams", "iova") if "smmu" not in entry else ():
        if fact in entry:
            yield fact, f"{fact} say how an SMMU sees {name}, and it has none", (*place, fact)
    if "smmu" not in entry and entry.get("domain") == "translated":
        yield "domain", f"nothing translates for {name}, it has no smmu", (*place, "domain")
    if entry.get("domain") == "identity" and "iova" in entry:
        yield "identity", f"{name} is not translated, so it has no I/O addresses", (*place, "iova")
    if entry.get("running") is False and entry.get("quiesced_by") == "nothing":
        yield "quiesced", f"{name} never runs, so nothing has to stop it", (*place, "quiesced_by")
    dma = entry.get("dma")
    if entry.get("running") is True and "none" in (dma, table(entry, "dma").get("kind")):
        yield "running", f"{name} does no DMA, so it has no work pending", (*place, "running")
    stopped = table(entry, "quiesced_by").get("crash", "nothing")
    if stopped not in ("nothing", "unknown"):
        yield "crash", "no shutdown hook runs in a crash, so none stops anything", (*place, "quiesced_by", "crash")
    for start, length in spans(entry.get("iova")):
        if limit is not None and start + length > limit:
            yield "window", f"{name}'s window ends above what DMA reaches", (*place, "iova")


def _release(text: object) -> tuple[int, int, int, int] | None:
    try:
        return release(str(text)) if text is not None else None
    except ValueError:
        return None
