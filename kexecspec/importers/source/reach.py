"""What a hook reaches that bears on the master: calls are followed until one is declared, or nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kexecspec.importers.facts import Place
from kexecspec.importers.source.core_code import ALWAYS
from kexecspec.importers.source.records import Call, FileRead
from kexecspec.importers.source.resolve import Found, called, defined_in, macro_calls
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.tables import Said, Tables
from kexecspec.importers.source.values import Reached

DEEPEST = 10
MOST = 400
MOST_KEPT = 60
HCD_SHUTDOWN = "usb_hcd_platform_shutdown"
"""What `hcd->driver->shutdown(hcd)` comes to."""
_CLOSES = ("dev_close", "dev_close_many", "unregister_netdev", "stmmac_dvr_remove", "ieee80211_unregister_hw")
_UNMAPS = ("dma_unmap_", "dma_free_", "dma_pool_free")


@dataclass(slots=True)
class Walk:
    """What has been seen on the way from a hook, in the order in which it is called. open: calls that were not followed
    and of which nothing is declared. unmapped: each call that takes buffers out of the IOMMU, with how much of
    `reached` and of `open` came before it. hooks: the driver's other hooks, which some core functions call."""

    sources: Sources
    tables: Tables
    hooks: Mapping[str, tuple[Found, ...]]
    home: str = ""
    reached: list[Reached] = field(default_factory=list)
    open: list[Reached] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    unmapped: list[tuple[Reached, int, int]] = field(default_factory=list)
    _seen: set[tuple[str, str, bool]] = field(default_factory=set)


def walk_from(
    sources: Sources, tables: Tables, file: FileRead, name: str, hooks: Mapping[str, tuple[Found, ...]], home: str = ""
) -> Walk:
    """Everything that the function `name`, as `file` knows it, calls and what that does to the master of the
    driver in the file `home`."""
    made = Walk(sources, tables, hooks, home or file.path)
    found = called(sources, file, name)
    if not found:
        said = tables.said(name)
        place = Place(file.path)
        if said is not None and said.word != "keeps":
            _declared(made, said, name, place, (name,), ())
        elif said is None:
            made.open.append(Reached(name, "perhaps", place, (name,), why="its definition was not found"))
        return made
    said = tables.words.get(name)
    if said is not None and said.word == "stops":
        _declared(made, said, name, Place(found[0].path, found[0].function.line), (name,), ())
        return made
    for one in found:
        _follow(made, one, (name,), ())
    return made


def _follow(walk: Walk, found: Found, path: tuple[str, ...], conditions: tuple[str, ...]) -> None:
    key = (found.path, f"{found.function.name}:{found.function.line}", bool(conditions))
    if key in walk._seen or (key[0], key[1], False) in walk._seen:
        return
    walk._seen.add(key)
    conditions = (*conditions, *([found.function.config] if found.function.config else []))
    walk.files[found.path] = None
    file = walk.sources.whole(found.path)
    if found.function.name in file.unread:
        walk.open.append(
            Reached(
                found.function.name,
                "perhaps",
                Place(found.path, found.function.line),
                path,
                why="it was not understood",
            )
        )
    for call in found.function.calls:
        if len(walk.reached) < MOST_KEPT:
            _call(walk, file, call, path, (*conditions, *call.conditions, *([call.config] if call.config else [])))


def _call(walk: Walk, file: FileRead, call: Call, path: tuple[str, ...], conditions: tuple[str, ...]) -> None:
    place = Place(file.path, call.line)
    if call.name == "->shutdown" and call.args == ("hcd",):
        call = Call(HCD_SHUTDOWN, call.line)
    said = walk.tables.words.get(call.name)
    own = defined_in(file, call.name)
    if said is not None and (said.word != "keeps" or not own):
        _declared(walk, said, call.name, place, path, conditions)
        return
    if not own:
        said = walk.tables.said(call.name)
        if said is not None:
            _declared(walk, said, call.name, place, path, conditions)
            return
        expanded = macro_calls(file, call.name)
        if expanded:
            for name in expanded:
                if name != call.name and len(path) < DEEPEST:
                    _call(walk, file, Call(name, call.line), (*path, call.name), conditions)
            return
    found = own or called(walk.sources, file, call.name, walk.home)
    if not found or len(path) >= DEEPEST or len(walk._seen) > MOST:
        _left_open(walk, call.name, place, path, conditions, "it was not found" if not found else "it lies too deep")
        return
    several = len({(f.path, f.function.name) for f in found}) > 1
    for one in found:
        chosen = (f"{call.name} is {one.function.name}",) if several else ()
        if one.path.startswith(ALWAYS) and not file.path.startswith(ALWAYS):
            _left_open(
                walk,
                call.name,
                place,
                path,
                conditions,
                f"{one.path} is of the kernel's core and nothing is declared of it",
            )
        else:
            _follow(walk, one, (*path, one.function.name), (*conditions, *chosen))


def _declared(
    walk: Walk, said: Said, name: str, place: Place, path: tuple[str, ...], conditions: tuple[str, ...]
) -> None:
    condition = " && ".join(conditions)
    match said.word:
        case "stops":
            walk.reached.append(Reached(name, "stops", place, path, condition, f"{said.why} ({said.source})"))
            if name in _CLOSES:
                _unmapped(walk, Reached(name, "keeps", place, path, condition, said.why))
        case "perhaps" | "writes":
            walk.reached.append(Reached(name, said.word, place, path, condition, said.why))
        case "follows":
            for found in walk.hooks.get(said.follows, ()):
                _follow(walk, found, (*path, name, found.function.name), conditions)
        case "keeps":
            if name.startswith(_UNMAPS):
                _unmapped(walk, Reached(name, "keeps", place, path, condition, said.why))


def _unmapped(walk: Walk, one: Reached) -> None:
    if len(walk.unmapped) < MOST_KEPT:
        walk.unmapped.append((one, len(walk.reached), len(walk.open)))


def _left_open(
    walk: Walk, name: str, place: Place, path: tuple[str, ...], conditions: tuple[str, ...], why: str
) -> None:
    if len(walk.open) < MOST_KEPT:
        walk.open.append(Reached(name, "perhaps", place, path, " && ".join(conditions), why))
