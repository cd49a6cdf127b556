"""What a driver does as a bus master, from the calls that its probe reaches."""

from __future__ import annotations

from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.importers.source.explore import Explored
from kexecspec.importers.source.records import FileRead, Struct
from kexecspec.importers.source.tables import Kind, Tables
from kexecspec.importers.source.values import Dma, Reached

_POSTS = ("dma_map_", "dma_alloc_", "dmam_alloc_", "dma_pool_", "page_pool_", "skb_frag_dma_map", "pci_alloc_")
_SHOWN = 6


def subsystem_of(tables: Tables, explored: Explored) -> tuple[Kind, Reached] | None:
    """The first of the declared kinds that the driver shows, and by which call."""
    for name in tables.order:
        reached = explored.kinds.get(name)
        if reached is not None:
            return tables.kinds[reached.function], reached
    return None


def dma_of(tables: Tables, explored: Explored, file: FileRead, struct: Struct) -> Dma:
    """What the driver of `struct` does as a master. A kind is never guessed where no declared call was seen."""
    uses = (*explored.dma.values(), *_elsewhere(tables, explored, file))
    posts = any(name.startswith(_POSTS) for name in explored.dma)
    shown = subsystem_of(tables, explored)
    cut = bool(file.problem) or explored.cut
    handed = any(not name for _, name in explored.children)
    denied = None if posts else next(iter(explored.denied.values()), None)
    master = _master(uses, explored.engine, shown, Place(file.path, struct.line), cut, handed, denied)
    if master.value is False:
        none = Fact("none", master.places, master.confidence, "it issues no DMA of its own")
        return Dma(master, none, Fact(False, master.places, master.confidence), unknown(), uses, posts)
    if shown is None:
        places = tuple(u.place for u in uses)[:_SHOWN]
        kind: Fact[str] = unknown(*places, note="no call was seen that shows its kind")
        return Dma(master, kind, unknown(*places), unknown(*places), uses, posts)
    said, reached = shown
    note = f"{reached.function}: {said.why}"
    kind = (
        unknown(reached.place, note=note) if said.kind == "unknown" else Fact(said.kind, (reached.place,), "read", note)
    )
    by: Fact[str] = (
        unknown(reached.place) if said.requests_by == "unknown" else Fact(said.requests_by, (reached.place,))
    )
    return Dma(master, kind, Fact(said.writes, (reached.place,), "read", note), by, uses, posts)


def _elsewhere(tables: Tables, explored: Explored, file: FileRead) -> tuple[Reached, ...]:
    """Calls of the DMA API in the driver's own file that its probe does not reach: others call them, on its behalf."""
    found: dict[str, Reached] = {}
    for several in file.functions.values():
        for function in several:
            for call in function.calls:
                if call.name in tables.dma and call.name not in explored.dma:
                    found.setdefault(
                        call.name, Reached(call.name, "perhaps", Place(file.path, call.line), (function.name,))
                    )
    return tuple(found.values())


def _master(
    uses: tuple[Reached, ...],
    engine: dict[str, Reached],
    shown: tuple[Kind, Reached] | None,
    place: Place,
    cut: bool,
    handed: bool,
    denied: Reached | None,
) -> Fact[bool]:
    places = tuple(r.place for r in (*uses, *engine.values()))[:_SHOWN]
    masks = [u for u in uses if "mask" in u.function or u.function == "pci_set_master"]
    if denied is not None:
        return Fact(False, (denied.place,), "read", denied.why)
    if shown is not None and shown[0].kind == "none":
        return assumed(False, shown[1].place, note=shown[0].why)
    if shown is not None and (shown[0].own or uses and not engine):
        return Fact(True, (shown[1].place, *places[:2]), "read", f"{shown[1].function}: {shown[0].why}")
    if uses and (masks or not engine):
        return Fact(True, places, "read", f"it calls {(masks or list(uses))[0].function}")
    if engine and any("alloc" in u.function for u in uses):
        return unknown(*places, note="it asks for channels of an engine, and allocates buffers for a device")
    if engine:
        return assumed(False, *places, note="its DMA is that of an engine whose channels it asks for")
    if shown is not None or cut or handed:
        return unknown(place, note="no call of the DMA API was seen, but others may make them for it")
    return assumed(False, place, note="no call of the DMA API was seen in what its probe reaches")
