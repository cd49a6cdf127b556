"""What stops a master on each kind of handoff: its hook, a notifier, a core or child, the bus, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.importers.source.conditions import Config
from kexecspec.importers.source.dma import subsystem_of
from kexecspec.importers.source.explore import Explored
from kexecspec.importers.source.hooks import read_hooks, written_hooks
from kexecspec.importers.source.judge import stops
from kexecspec.importers.source.reach import Walk
from kexecspec.importers.source.reading import driver_name
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.tables import Tables
from kexecspec.importers.source.values import Handoff, Hook, Quiesced, Reached, Stopper

CLEAN: tuple[Handoff, ...] = ("kexec", "reboot")
_SEEN = {
    "mmc": ("drivers/mmc/core/bus.c", "mmc_bus_shutdown"),
    "ufs": ("drivers/ufs/core/ufshcd.c", "ufshcd_wl_shutdown"),
    "pci": ("drivers/pci/pci-driver.c", "pci_device_shutdown"),
    "fsl-mc": ("drivers/bus/fsl-mc/fsl-mc-bus.c", "fsl_mc_bus_shutdown"),
}
"""By which function of a tree it is seen that a core or bus stops anything."""


def quiesced_of(
    sources: Sources, tables: Tables, config: Config | None, bus: str, hooks: tuple[Hook, ...],
    walks: Mapping[str, Walk], explored: Explored, notifiers: tuple[Reached, ...],
) -> tuple[Quiesced, ...]:  # fmt: skip
    """What stops the master on a kexec, on a reboot and on a crash; unknown where the sources leave it open."""
    crash: Fact[Stopper] = Fact("nothing", (), "read", "no hook runs on a crash")
    shutdown = next((h for h in hooks if h.name == "shutdown"), None)
    remove = next((h.function for h in hooks if h.name == "remove"), "")
    made = []
    for handoff in CLEAN:
        own = _own(shutdown, walks.get("shutdown"), handoff, remove)
        made.append(_one(sources, tables, config, bus, own, explored, notifiers, handoff))
    return (*made, Quiesced("crash", crash))


def _own(hook: Hook | None, walk: Walk | None, handoff: Handoff, remove: str) -> Fact[bool]:
    """Whether the driver's own hook stops it."""
    if hook is None:
        return Fact(False, (), "read", "its bus has no shutdown")
    if hook.state == "unknown":
        return unknown(hook.place, note="whether there is a shutdown hook could not be read")
    if hook.state == "absent" or walk is None:
        return Fact(False, (hook.place,), "read", "it has no shutdown hook")
    fact = stops(walk, hook.function, handoff, hook.function == remove)
    if hook.state == "maybe" and fact.value is not False:
        return unknown(hook.place, note=f"its shutdown hook is there with {hook.condition} only")
    return Fact(fact.value, (hook.place, *fact.places), fact.confidence, fact.note)


def _one(
    sources: Sources, tables: Tables, config: Config | None, bus: str, own: Fact[bool], explored: Explored,
    notifiers: tuple[Reached, ...], handoff: Handoff,
) -> Quiesced:  # fmt: skip
    if own.value:
        return Quiesced(handoff, Fact("shutdown", own.places, own.confidence, own.note))
    notified = next((n for n in notifiers if n.effect == "stops"), None)
    if notified is not None:
        note = f"its reboot notifier {notified.function}: {notified.why}"
        return Quiesced(handoff, assumed("shutdown", notified.place, note=note), notified.function)
    found = _core(sources, tables, explored, handoff) or _bus(sources, bus, handoff)
    if found is not None:
        return found
    if own.value is None:
        return Quiesced(handoff, unknown(*own.places, note=own.note))
    child = _child(sources, tables, config, explored, handoff)
    if child is not None:
        return child
    perhaps = next((n for n in notifiers if n.effect == "perhaps"), None)
    if perhaps is not None:
        return Quiesced(
            handoff, unknown(perhaps.place, note=f"what its reboot notifier {perhaps.function} does was not understood")
        )
    return Quiesced(handoff, Fact("nothing", own.places, own.confidence, own.note))


def _core(sources: Sources, tables: Tables, explored: Explored, handoff: Handoff) -> Quiesced | None:
    shown = subsystem_of(tables, explored)
    if shown is None or shown[0].core != "core":
        return None
    kind, reached = shown
    place = _place(sources, kind.core_name)
    if place is None:
        return None
    by: Fact[Stopper] = Fact("core", (place, reached.place), "read", kind.why)
    return Quiesced(handoff, by, kind.core_name, kind.feature)


def _bus(sources: Sources, bus: str, handoff: Handoff) -> Quiesced | None:
    if bus == "pci" and handoff == "kexec" and (place := _place(sources, "pci")) is not None:
        by: Fact[Stopper] = Fact(
            "bus", (place,), "read", "on a kexec the PCI core clears bus mastering after the driver's hook"
        )
        return Quiesced(handoff, by, "pci", "pci-clear-master-on-kexec")
    if bus == "fsl-mc" and (place := _place(sources, "fsl-mc")) is not None:
        by = Fact("bus", (place,), "read", "the bus tears its objects down at shutdown")
        return Quiesced(handoff, by, "fsl-mc", "mc-bus-shutdown")
    return None


def _place(sources: Sources, name: str) -> Place | None:
    path, function = _SEEN[name]
    found = sources.whole(path).functions.get(function, ())
    return Place(path, found[0].line) if found else None


def _child(
    sources: Sources, tables: Tables, config: Config | None, explored: Explored, handoff: Handoff
) -> Quiesced | None:
    """A device that the driver makes below itself, whose own driver stops the hardware; unknown where the children are
    those of the device tree."""
    for reached, name in explored.children:
        if name and (fact := _child_stops(sources, tables, config, name)) is not None:
            note = f"it makes a device {name}, whose shutdown stops the hardware: {fact.note}"
            return Quiesced(handoff, Fact("child", (*fact.places, reached.place), fact.confidence, note), name)
    unnamed = next((reached for reached, name in explored.children if not name), None)
    if unnamed is not None:
        note = f"{unnamed.function} makes the devices below it; their drivers may stop it"
        return Quiesced(handoff, unknown(unnamed.place, note=note))
    return None


def _child_stops(sources: Sources, tables: Tables, config: Config | None, name: str) -> Fact[bool] | None:
    for path in sources.files_with("driver", name):
        file = sources.whole(path)
        for struct in file.structs:
            if struct.type == "platform_driver" and driver_name(struct, file) == name:
                written = tuple(
                    w for w in written_hooks(sources, config, file, struct) if w.name in ("shutdown", "remove")
                )
                hooks, _ = read_hooks(sources, tables, file, written)
                hook = next((h for h in hooks if h.name == "shutdown"), None)
                if hook is not None and hook.state == "present" and hook.stops.value:
                    return Fact(True, (hook.place, *hook.stops.places), hook.stops.confidence, hook.stops.note)
    return None
