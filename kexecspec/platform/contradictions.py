"""Facts that cannot hold together: each conflict names the fewest facts that make it one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.platform.complaints import Complaints
from kexecspec.platform.secure_world import release

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Conflict:
    """Two facts and why they exclude each other."""

    says: str
    first: Path
    second: Path


def check(content: Mapping[str, Any], wrong: Complaints) -> None:
    """Adds every conflict of a platform file to `wrong`, at the first of its two facts, naming the other's line."""
    for conflict in (*_secure_world(content), *_devices(content), *_kernels(content)):
        other = wrong.span(*conflict.second)
        wrong.say("KX010", f"{conflict.says}; the minimal conflict is this and line {other.line}", conflict.first)


def _secure_world(content: Mapping[str, Any]) -> Iterator[Conflict]:
    world = content.get("secure_world", {})
    if not isinstance(world, dict):
        return
    version = _release(world.get("optee"))
    for fact, value, since in (("rpc_arg", True, "3.17.0"), ("abi", "ffa", "3.10.0"), ("dynamic_shm", True, "2.5.0")):
        if version is not None and world.get(fact) == value and version < release(since):
            says = f"{fact}: {str(value).lower()} needs OP-TEE {since} or later"
            yield Conflict(says, ("secure_world", fact), ("secure_world", "optee"))
    supplicant = world.get("supplicant", {})
    if supplicant.get("present") is False and supplicant.get("may_die") is True:
        place: Path = ("secure_world", "supplicant")
        yield Conflict("a supplicant that is not there cannot die", (*place, "may_die"), (*place, "present"))
    threads, suspended = world.get("threads"), world.get("suspended_threads")
    if isinstance(threads, int) and isinstance(suspended, int) and suspended > threads:
        says = f"{suspended} threads are suspended, and there are {threads}"
        yield Conflict(says, ("secure_world", "suspended_threads"), ("secure_world", "threads"))


def _devices(content: Mapping[str, Any]) -> Iterator[Conflict]:
    for name, entry in content.get("devices", {}).items():
        place: Path = ("devices", name)
        if "smmu" not in (entry or {}):
            for fact in ("streams", "iova"):
                if fact in (entry or {}):
                    yield Conflict(f"{fact} say how an SMMU sees {name}, and it has none", (*place, fact), place)
            if entry.get("domain") == "translated":
                yield Conflict(f"nothing translates for {name}, it has no smmu", (*place, "domain"), place)
        if entry.get("domain") == "identity" and "iova" in entry:
            yield Conflict(
                f"{name} is not translated, so it has no I/O addresses", (*place, "iova"), (*place, "domain")
            )
        if entry.get("running") is False and entry.get("quiesced_by") == "nothing":
            yield Conflict(
                f"{name} never runs, so nothing has to stop it", (*place, "quiesced_by"), (*place, "running")
            )


def _kernels(content: Mapping[str, Any]) -> Iterator[Conflict]:
    for name, entry in content.get("kernels", {}).items():
        place: Path = ("kernels", name)
        if (entry or {}).get("payload") == "other":
            for fact in ("version", "features", "kdump", "cmdline", "config"):
                if fact in entry and entry[fact] is not False:
                    yield Conflict(
                        f"{fact} is a fact about a Linux kernel, and {name} is none",
                        (*place, fact),
                        (*place, "payload"),
                    )
        if (entry or {}).get("conforming") is True and entry.get("resumes_threads") is True:
            yield Conflict(
                f"a conforming {name} resumes no foreign thread", (*place, "resumes_threads"), (*place, "conforming")
            )


def _release(text: object) -> tuple[int, int, int, int] | None:
    try:
        return release(str(text)) if text is not None else None
    except ValueError:
        return None
