"""A board's platform as small ones, one for each master and TEE client, so that equal ones are asked once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from kexecspec.audit.rows import Subject
from kexecspec.library import Library

MASTER, CLIENT, SMMU, OWN = "master", "client", "smmu", "own"
"""What a question calls its parts: equal questions have equal names."""
MASTER_CODES, CLIENT_CODES = ("KX301",), ("KX102", "KX107", "KX105")
"""What is asked about a master, and about a client. KX105 is asked because every release of the trusted OS gives rise
to it, and a question that one of them does not have is refused; it is not told."""
_UNSAID = ("from", "confidence", "streams")
"""What bears on no verdict: where facts were read, and which numbers streams have."""
_TOLD = ("title", "notes", "sources", "log", "since", "until", "compatible", "provides", "how")
"""What a driver's entry says to people, or of releases and duties that no question is about."""
_LINKS = ("parent", "after", "before", "behind")


@dataclass(frozen=True)
class Question:
    """A small platform, and which properties of it are asked. `key` is the same for equal ones."""

    subject: Subject
    content: Mapping[str, Any]
    only: tuple[str, ...]
    key: str


def questions(content: Mapping[str, Any], board: str, model: str, library: Library) -> Iterator[Question]:
    """One question for each device of a platform file's `content`."""
    for name, device in (content.get("devices") or {}).items():
        entry = _driver(content, library, str(device["driver"]))
        client = entry.get("kind") == "tee-client"
        small = _small_client(content, device) if client else _small(content, device)
        only = CLIENT_CODES if client else MASTER_CODES
        source = _source(device, entry)
        subject = Subject(
            board, model, str(name), "client" if client else "master", str(device["driver"]),
            str(device.get("smmu", "")), _place(device), source, subsystem(source), _on_request(device, entry),
            of_firmware=_of_firmware(device, entry),
        )  # fmt: skip
        yield Question(subject, small, only, key_of(small, only))


def key_of(content: Mapping[str, Any], only: tuple[str, ...]) -> str:
    """The same for questions that come to the same."""
    text = json.dumps([content, only], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def bare(part: Any) -> Any:
    """A part of a platform file without what bears on no verdict."""
    if isinstance(part, Mapping):
        return {key: bare(value) for key, value in part.items() if key not in _UNSAID}
    return [bare(one) for one in part] if isinstance(part, list | tuple) else part


def _small(content: Mapping[str, Any], device: Mapping[str, Any]) -> dict[str, Any]:
    made = _common(content) | {"secure_world": {"none": True}}
    itself = {key: value for key, value in bare(device).items() if key not in _LINKS}
    if "smmu" in itself:
        made["smmus"] = {SMMU: bare(content["smmus"][itself["smmu"]])}
        itself |= {"smmu": SMMU, "streams": [1]}
    return made | _memory(content, itself) | _with_driver(content, MASTER, itself)


def _small_client(content: Mapping[str, Any], device: Mapping[str, Any]) -> dict[str, Any]:
    made = _common(content) | {"secure_world": bare(content["secure_world"])}
    return made | _with_driver(content, CLIENT, bare(device))


def _common(content: Mapping[str, Any]) -> dict[str, Any]:
    kernels = {name: bare(kernel) for name, kernel in content["kernels"].items()}
    made = {"schema": content["schema"], "platform": "one", "handoffs": list(content["handoffs"])}
    return made | {"kernels": kernels}


def _memory(content: Mapping[str, Any], device: Mapping[str, Any]) -> dict[str, Any]:
    """Memory as far as it bears on a master: where things are matters only for I/O addresses that are known."""
    memory = bare(content.get("memory") or {})
    anywhere = SMMU not in device or device.get("iova") == "unknown"
    if not memory or anywhere and memory.get("crashkernel", "unknown") == "unknown" and "dma_limit" not in memory:
        return {}
    return {"memory": memory}


def _with_driver(content: Mapping[str, Any], name: str, device: Mapping[str, Any]) -> dict[str, Any]:
    own = (content.get("drivers") or {}).get(device["driver"])
    if own is None:
        return {"devices": {name: device}}
    entry = {key: value for key, value in bare(own).items() if key not in _TOLD}
    stops = entry.get("quiesced_by")
    if isinstance(stops, Mapping):
        entry["quiesced_by"] = {key: value for key, value in stops.items() if key not in _TOLD}
    return {"devices": {name: {**device, "driver": OWN}}, "drivers": {OWN: entry}}


def _driver(content: Mapping[str, Any], library: Library, name: str) -> Mapping[str, Any]:
    spec = library.spec("drivers", name)
    known = spec.content if spec else {}
    return {**known, **((content.get("drivers") or {}).get(name) or {})}


def _on_request(device: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether its DMA is asked for: each transfer by the kernel, or a stream by a user of it."""
    dma = device.get("dma", entry.get("dma"))
    if not isinstance(dma, Mapping):
        return False
    return dma.get("requests_by") == "user" or dma.get("kind") == "one-shot" and dma.get("requests_by") == "kernel"


def _of_firmware(device: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    dma = device.get("dma", entry.get("dma"))
    return (dma.get("kind") if isinstance(dma, Mapping) else dma) == "firmware"


def _place(device: Mapping[str, Any]) -> str:
    """The device's node."""
    every = [place for value in dict(device.get("from") or {}).values() for place in _listed(value)]
    return next((place for place in every if ":/" in place), "")


def _source(device: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """A line of the driver: as the import read it, else a file that its specification cites."""
    for origin in (device.get("from") or {}, entry.get("from") or {}):
        for fact in ("driver", *origin):
            for place in _listed(origin.get(fact, ())):
                if PurePath(place.rpartition(":")[0]).suffix in (".c", ".h"):
                    return place
    refs = (str(source.get("ref", "")) for source in entry.get("sources", ()))
    return next((ref.partition("@")[0] for ref in refs if ref.partition("@")[0].endswith(".c")), "")


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def subsystem(place: str) -> str:
    """The part of the kernel that a driver belongs to, by its file: drivers/net/ethernet/x.c is of net."""
    folders = PurePath(place).parts
    if not folders:
        return "(no driver known)"
    known = {"drivers": 2, "sound": 1, "security": 1, "arch": 1, "net": 1, "fs": 1}.get(folders[0], 1)
    return "/".join(folders[:known]).removeprefix("drivers/") if len(folders) > known else folders[0]
