"""What stops a master on each kind of handoff: its hook, a notifier, a core or child, the bus, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.importers.source.conditions import Config
from kexecspec.importers.source.dma import subsystem_of
from kexecspec.importers.source.explore import Explored
from kexecspec.importers.source.hooks import read_hooks, written_hooks
from kexecspec.importers.source.judge import stops
from kexecspec.importers.source.naming import driver_name
from kexecspec.importers.source.reach import Walk
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.tables import Tables
from kexecspec.importers.source.values import Dma, Handoff, Hook, Quiesced, Reached, Stopper

CLEAN: tuple[Handoff, ...] = ("kexec", "reboot")
_SEEN = {
    "mmc": ("drivers/mmc/core/bus.c", "mmc_bus_shutdown"),
    "ufs": ("drivers/ufs/core/ufshcd.c", "ufshcd_wl_shutdown"),
    "pci": ("drivers/pci/pci-driver.c", "pci_device_shutdown"),
    "fsl-mc": ("drivers/bus/fsl-mc/fsl-mc-bus.c", "fsl_mc_bus_shutdown"),
}
"""By which function of a tree it is seen that a core or bus stops anything."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a driver when it is asked who stops its master."""

    sources: Sources
    tables: Tables
    config: Config | None
    bus: str
    hooks: tuple[Hook, ...]
    walks: Mapping[str, Walk]
    dma: Dma
    explored: Explored
    notifiers: tuple[Reached, ...]

    def hook(self, name: str) -> Hook | None:
        """The hook called `name`."""
        return next((h for h in self.hooks if h.name == name), None)


def quiesced_of(known: Known) -> tuple[Quiesced, ...]:
    """What stops the master on a kexec, on a reboot and on a crash; unknown where the sources leave it open."""
    crash: Fact[Stopper] = Fact("nothing", (), "read", "no hook runs on a crash")
    return (*(_clean(known, handoff) for handoff in CLEAN), Quiesced("crash", crash))


def _clean(known: Known, handoff: Handoff) -> Quiesced:
    """The first that is sure, then the first that is likely; unknown where something may stop it, nothing surely."""
    own = _own(known, handoff)
    hooked = Quiesced(handoff, Fact("shutdown", own.places, own.confidence, own.note))
    if own.value and own.confidence == "read":
        return hooked
    first = (
        _core(known, handoff) or (hooked if own.value else None) or _notified(known, handoff) or _bus(known, handoff)
    )
    if first is not None:
        return first
    if own.value is None:
        return Quiesced(handoff, unknown(*own.places, note=own.note))
    later = _child(known, handoff) or _perhaps_notified(known, handoff)
    return later or Quiesced(handoff, Fact("nothing", own.places, own.confidence, own.note))


def _own(known: Known, handoff: Handoff) -> Fact[bool]:
    """Whether the driver's own hook stops it."""
    hook, remove, walk = known.hook("shutdown"), known.hook("remove"), known.walks.get("shutdown")
    if hook is None:
        return Fact(False, (), "read", "its bus has no shutdown")
    if hook.state == "unknown":
        return unknown(hook.place, note="whether there is a shutdown hook could not be read")
    if hook.state == "absent" or walk is None:
        return Fact(False, (hook.place,), "read", "it has no shutdown hook")
    fact = stops(walk, hook.function, handoff, remove is not None and hook.function == remove.function)
    if hook.state == "maybe" and fact.value is not False:
        return unknown(hook.place, note=f"its shutdown hook is there with {hook.condition} only")
    return Fact(fact.value, (hook.place, *fact.places), fact.confidence, fact.note)


def _notified(known: Known, handoff: Handoff) -> Quiesced | None:
    found = next((n for n in known.notifiers if n.effect == "stops"), None)
    if found is None:
        return None
    note = f"its reboot notifier {found.function}: {found.why}"
    return Quiesced(handoff, assumed("shutdown", found.place, note=note), found.function)


def _perhaps_notified(known: Known, handoff: Handoff) -> Quiesced | None:
    found = next((n for n in known.notifiers if n.effect == "perhaps"), None)
    if found is None:
        return None
    note = f"what its reboot notifier {found.function} does was not understood"
    return Quiesced(handoff, unknown(found.place, note=note))


def _core(known: Known, handoff: Handoff) -> Quiesced | None:
    shown = subsystem_of(known.tables, known.explored)
    if shown is None or shown[0].core != "core":
        return None
    kind, reached = shown
    place = _place(known.sources, kind.core_name)
    if place is None:
        return None
    by: Fact[Stopper] = Fact("core", (place, reached.place), "read", kind.why)
    return Quiesced(handoff, by, kind.core_name, kind.feature)


def _bus(known: Known, handoff: Handoff) -> Quiesced | None:
    if known.bus == "pci" and handoff == "kexec" and (place := _place(known.sources, "pci")) is not None:
        note = "on a kexec the PCI core clears bus mastering after the driver's hook"
        return Quiesced(handoff, Fact("bus", (place,), "read", note), "pci", "pci-clear-master-on-kexec")
    if known.bus == "fsl-mc" and (place := _place(known.sources, "fsl-mc")) is not None:
        note = "the bus tears its objects down at shutdown"
        return Quiesced(handoff, Fact("bus", (place,), "read", note), "fsl-mc", "mc-bus-shutdown")
    return None


def _place(sources: Sources, name: str) -> Place | None:
    path, function = _SEEN[name]
    found = sources.whole(path).functions.get(function, ())
    return Place(path, found[0].line) if found else None


def _child(known: Known, handoff: Handoff) -> Quiesced | None:
    """A device that the driver makes below itself, whose own driver stops the hardware; unknown where the children are
    those of the device tree, unless the driver is seen to post DMA itself."""
    for reached, name in known.explored.children:
        if name and (fact := _child_stops(known, name)) is not None:
            note = f"it makes a device {name}, whose shutdown stops the hardware: {fact.note}"
            return Quiesced(handoff, Fact("child", (*fact.places, reached.place), fact.confidence, note), name)
    unnamed = next((reached for reached, name in known.explored.children if not name), None)
    dma = known.dma
    if unnamed is None or dma.master.value and dma.master.confidence == "read" and (dma.kind.known or dma.posts):
        return None
    note = f"{unnamed.function} makes the devices below it; their drivers may stop it"
    return Quiesced(handoff, unknown(unnamed.place, note=note))


def _child_stops(known: Known, name: str) -> Fact[bool] | None:
    for path in known.sources.files_with("driver", name):
        file = known.sources.whole(path)
        for struct in file.structs:
            if struct.type == "platform_driver" and driver_name(struct, file) == name:
                written = tuple(
                    w
                    for w in written_hooks(known.sources, known.config, file, struct)
                    if w.name in ("shutdown", "remove")
                )
                hooks, _ = read_hooks(known.sources, known.tables, file, written)
                hook = next((h for h in hooks if h.name == "shutdown"), None)
                if hook is not None and hook.state == "present" and hook.stops.value:
                    return Fact(True, (hook.place, *hook.stops.places), hook.stops.confidence, hook.stops.note)
    return None
