"""A driver that was read, in the words of a platform file's `drivers:`, or the library's name for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from kexecspec.importers.facts import Confidence, Fact, Place
from kexecspec.importers.source.tee_entry import tee_hooks, tee_service
from kexecspec.importers.source.values import DriverRead, Quiesced
from kexecspec.library import Library, Spec

_BUSES = frozenset(("pci", "platform", "amba", "fsl-mc", "tee", "ffa"))
_STRANGE = re.compile(r"[^A-Za-z0-9._+-]+")
_CLEAN = ("kexec", "reboot")
_MOST_PLACES = 4


def driver_entry(driver: DriverRead, library: Library) -> Mapping[str, Any]:
    """What a platform file says of `driver`: under `driver` its name, and the entry's other keys beside it. For one of
    the library that is the name, and in `notes` what the tree says otherwise; all else comes from the library.

    `from` has the places of each fact, `confidence` what is not read. What is unknown is written `unknown`.
    """
    spec = library_driver(driver, library)
    if spec is not None:
        notes = tuple(disagreements(driver, spec))
        return {"driver": spec.name, **({"notes": list(notes)} if notes else {})}
    client = bool(driver.tee) and driver.bus == "tee"
    made: dict[str, Any] = {"driver": entry_name(driver), "title": f"{driver.name}, as the kernel's source has it"}
    places: dict[str, tuple[Place, ...]] = {"driver": (driver.place,)}
    doubts: dict[str, Confidence] = {}
    made |= {"kind": "tee-client" if client else "master", "bus": driver.bus if driver.bus in _BUSES else "unknown"}
    if client:
        made |= {"service": tee_service(driver), "calls": "unknown", "hooks": tee_hooks(driver, places, doubts)}
        doubts["calls"] = "unknown"
    else:
        made |= {"calls": "none", "dma": _dma(driver, places, doubts), "quiesced_by": _quiesced(driver, places, doubts)}
        made["hooks"] = _hooks(driver, places, doubts)
    made["from"] = {key: _shown(where) for key, where in places.items() if where}
    return made | ({"confidence": doubts} if doubts else {}) | ({"notes": list(driver.notes)} if driver.notes else {})


def entry_name(driver: DriverRead) -> str:
    """The driver's name as a platform file may write it."""
    return _STRANGE.sub("-", driver.name).lstrip("._+-")[:100] or "driver"


def library_driver(driver: DriverRead, library: Library) -> Spec | None:
    """The library's specification of the driver: one that was written from the same file, and has its name."""
    wanted = _folded(driver.name)
    for spec in library.all("drivers"):
        files = {str(s["ref"]).partition("@")[0].split(" ")[0] for s in spec.content.get("sources", ())}
        log = spec.content.get("log", {})
        names = {_folded(spec.name), _folded(str(log.get("name", "")))}
        if driver.place.file in files and wanted in names and spec.content.get("bus", driver.bus) == driver.bus:
            return spec
    return None


def disagreements(driver: DriverRead, spec: Spec) -> Iterator[str]:
    """Where the tree and the library say different things of a driver, one sentence each."""
    for handoff in _CLEAN:
        read = driver.stopped(handoff).by  # type: ignore[arg-type]
        said = _words(spec.content.get("quiesced_by", {}).get(handoff))
        if read.confidence == "read" and said and read.value not in said:
            listed = " or ".join(sorted(said))
            yield f"on {handoff} the library has it stopped by {listed}, this tree by {read.value}{_where(read)}"
    kind = spec.content.get("dma", {})
    kind = kind.get("kind") if isinstance(kind, Mapping) else kind
    own = driver.dma.kind
    if own.confidence == "read" and kind and own.value != kind:
        yield f"the library calls its DMA {kind}, this tree shows {own.value}{_where(own)}"


@cache
def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _words(given: Any) -> frozenset[str]:
    if isinstance(given, str):
        return frozenset((given,)) - {"unknown"}
    return frozenset(str(one["by"]) for one in given or ())


def _dma(driver: DriverRead, places: dict[str, tuple[Place, ...]], doubts: dict[str, Confidence]) -> dict[str, Any]:
    dma = driver.dma
    facts: dict[str, Fact[Any]] = {"kind": dma.kind, "writes": dma.writes, "requests_by": dma.requests_by}
    made = {}
    for name, fact in facts.items():
        made[name] = fact.value if fact.known else "unknown"
        _record(f"dma.{name}", fact, places, doubts)
    return made


def _quiesced(
    driver: DriverRead, places: dict[str, tuple[Place, ...]], doubts: dict[str, Confidence]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for quiesced in driver.quiesced:
        made[quiesced.handoff] = _choice(quiesced)
        _record(f"quiesced_by.{quiesced.handoff}", quiesced.by, places, doubts)
    how = next((q.by.note for q in driver.quiesced if q.handoff == "kexec" and q.by.note), "")
    return made | ({"how": how} if how else {})


def _choice(quiesced: Quiesced) -> Any:
    if not quiesced.by.known:
        return "unknown"
    if not quiesced.feature:
        return quiesced.by.value
    choices: list[dict[str, str]] = [
        {"by": str(quiesced.by.value), "when": quiesced.feature},
        {"by": quiesced.otherwise},
    ]
    if quiesced.name and quiesced.by.value in ("child", "supplier"):
        choices[0]["name"] = quiesced.name
    return choices


def _hooks(driver: DriverRead, places: dict[str, tuple[Place, ...]], doubts: dict[str, Confidence]) -> dict[str, Any]:
    """The operations of a master. That its probe starts by resetting it is what drivers do, and not read."""
    made: dict[str, Any] = {"probe": ["dma_reset", "dma_map", "dma_start"], "shutdown": []}
    doubts["hooks.probe"] = "assumed"
    shutdown = driver.hook("shutdown")
    if driver.stopped("kexec").by.value == "shutdown" and shutdown is not None:
        made["shutdown"] = ["dma_stop", *(["dma_unmap"] if shutdown.unmaps else [])]
        first = shutdown.unmaps_first
        if first.value:
            made["shutdown"].reverse()
            _record("hooks.shutdown", replace(first, places=(shutdown.place, *first.places)), places, doubts)
    if shutdown is not None:
        places.setdefault("hooks.shutdown", (shutdown.place,))
    made["remove"] = ["dma_stop", "dma_unmap"]
    doubts["hooks.remove"] = "assumed"
    return made


def _record(name: str, fact: Fact[Any], places: dict[str, tuple[Place, ...]], doubts: dict[str, Confidence]) -> None:
    places[name] = fact.places
    if fact.confidence != "read" or fact.value is None:
        doubts[name] = fact.confidence if fact.value is not None else "unknown"


def _shown(places: tuple[Place, ...]) -> Any:
    texts = list(dict.fromkeys(str(p) for p in places))[:_MOST_PLACES]
    return texts[0] if len(texts) == 1 else texts


def _where(fact: Fact[Any]) -> str:
    return f" ({fact.places[0]})" if fact.places else ""
