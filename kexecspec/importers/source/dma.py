"""What a driver does as a bus master, from the calls that its probe reaches."""

from __future__ import annotations

from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.importers.source.explore import Explored
from kexecspec.importers.source.records import FileRead, Struct
from kexecspec.importers.source.tables import Kind, Tables
from kexecspec.importers.source.values import Dma, Reached

_MASKS = frozenset(
    (
        "dma_set_mask",
        "dma_set_mask_and_coherent",
        "dma_set_coherent_mask",
        "dma_coerce_mask_and_coherent",
        "pci_set_master",
    )
)
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
    uses = tuple(explored.dma.values())
    shown = subsystem_of(tables, explored)
    master = _master(explored, shown, Place(file.path, struct.line), bool(file.problem) or explored.cut)
    if master.value is False:
        note = "it issues no DMA of its own"
        return Dma(
            master,
            Fact("none", master.places, master.confidence, note),
            Fact(False, master.places, master.confidence),
            unknown(),
            uses,
        )
    if shown is None:
        places = tuple(u.place for u in uses)[:_SHOWN]
        return Dma(
            master,
            unknown(*places, note="no call was seen that shows its kind"),
            unknown(*places),
            unknown(*places),
            uses,
        )
    kind, reached = shown
    note = f"{reached.function}: {kind.why}"
    if kind.kind == "unknown":
        return Dma(
            master,
            unknown(reached.place, note=note),
            Fact(kind.writes, (reached.place,), "read", note),
            _by(kind, reached),
            uses,
        )
    return Dma(
        master,
        Fact(kind.kind, (reached.place,), "read", note),
        Fact(kind.writes, (reached.place,), "read", note),
        _by(kind, reached),
        uses,
    )


def _by(kind: Kind, reached: Reached) -> Fact[str]:
    return unknown(reached.place) if kind.requests_by == "unknown" else Fact(kind.requests_by, (reached.place,), "read")


def _master(explored: Explored, shown: tuple[Kind, Reached] | None, place: Place, cut: bool) -> Fact[bool]:
    uses, engine = explored.dma, explored.engine
    places = tuple(r.place for r in (*uses.values(), *engine.values()))[:_SHOWN]
    if shown is not None and shown[0].kind == "none":
        return assumed(False, shown[1].place, note=shown[0].why)
    if shown is not None and shown[0].kind in ("firmware", "ring", "periodic-read") and not engine:
        return Fact(True, (shown[1].place, *places[:2]), "read", shown[0].why)
    if uses and (not engine or _MASKS & uses.keys()):
        return Fact(True, places, "read", f"it calls {next(iter(uses))}")
    if engine:
        return assumed(False, *places, note="its DMA is that of an engine whose channels it asks for")
    if cut:
        return unknown(place, note="no call of the DMA API was seen, but not all of it was read")
    return assumed(False, place, note="no call of the DMA API was seen in what its probe reaches")
