"""The secure world: versions, boards and defaults become facts of the TEE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kexecspec.diagnostics import quote
from kexecspec.ir.values import IntSort
from kexecspec.library import Library
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.costs import PAGE, heap_cost
from kexecspec.platform.facts import Fact, Unknown
from kexecspec.quantities import parse_size

NO_LIMIT = 1_000_000
LARGEST_HEAP = 16 << 20
"""Bytes. A run that fills the heap is laid out step by step, so its size bounds the longest trace."""
HEAP_SIZE = ("secure_world", "heap", "size")
BASE_USE = ("secure_world", "heap", "base_use")
Release = tuple[int, int, int, int]
APART: Mapping[str, tuple[str, ...]] = {
    "smc": ("2.0.0", "2.5.0", "2.6.0", "3.3.0", "3.8.0", "3.9.0", "3.12.0", "3.17.0"),
    "ffa": ("3.10.0", "3.12.0", "3.17.0", "4.0.0"),
    "board": ("3.18.0", "4.0.0", "4.5.0"),
}
"""The releases from which on something of specs/tee/optee.yaml is otherwise, by ABI, and those that only boards tell
apart."""


def settled(content: Mapping[str, Any], library: Library, wrong: Complaints) -> dict[str, Any]:
    """The `secure_world` of a platform file with every default filled in; `{"kind": "none"}` without one."""
    given = content.get("secure_world", "none")
    if given == "none" or given.get("none"):
        return {"kind": "none", "abi": "none", "rpc_arg": False}
    kind = "amdtee" if "amdtee" in given else "optee"
    spec = library.spec("tee", kind)
    known: Mapping[str, Any] = spec.content if spec else {}
    version = _version(str(given.get("optee", "0.0")), wrong)
    abi = given.get("abi", "smc")
    merged = {**known.get("defaults", {}), **_board(given, known, version, wrong)}
    merged |= {k: v for k, v in given.items() if k not in ("heap", "supplicant")} | {"kind": kind, "abi": abi}
    heap = given.get("heap", {})
    usual = merged.get("heap") if isinstance(merged.get("heap"), int) else 65536
    merged["heap"] = _size(heap.get("size", usual), wrong, HEAP_SIZE)
    if merged["heap"] > LARGEST_HEAP:
        wrong.say("KX007", f"the heap is larger than {LARGEST_HEAP >> 20} MiB", HEAP_SIZE, "it lies in secure RAM")
    merged["base_use"] = heap.get("base_use", "unknown")
    merged["supplicant"] = {"present": True, "may_die": False} | given.get("supplicant", {})
    for name, entry in known.get("capabilities", {}).items():
        merged.setdefault(str(name), kind == "optee" and version >= release(str(entry["since"])))
    spmc = known.get("spmcs", {}).get(merged.get("spmc", "s-el1"), {})
    merged["overlap_refused"] = abi == "ffa" and spmc.get("overlap") == "rejected"
    merged["costs"] = _costs(known.get("costs", {}), abi, version)
    return merged


def release(text: str) -> Release:
    """An OP-TEE release such as 3.13.0 or 4.0.0-rc1, in order; candidates come first. Raises ValueError."""
    match = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?(?:-rc(\d+))?", text)
    if match is None:
        raise ValueError(f"{quote(text)} is no OP-TEE release such as 3.13.0")
    major, minor, patch, candidate = match.groups()
    return int(major), int(minor), int(patch or 0), int(candidate) if candidate else 1000


def releases_apart(given: Mapping[str, Any]) -> tuple[str, ...]:
    """One release of each kind that an unknown OP-TEE may be, for the `secure_world` of a platform file."""
    own = APART.get(str(given.get("abi", "smc")), APART["smc"])
    oldest = release(own[0])
    return tuple(sorted({*own, *(r for r in APART["board"] if "board" in given and release(r) > oldest)}, key=release))


def _version(text: str, wrong: Complaints) -> Release:
    try:
        return release(text)
    except ValueError as error:
        wrong.say("KX009", str(error), ("secure_world", "optee"))
        return release("0.0")


def _board(given: Mapping[str, Any], known: Mapping[str, Any], version: Release, wrong: Complaints) -> dict[str, Any]:
    board, boards = given.get("board"), known.get("boards", {})
    if board is None:
        return {}
    if board not in boards:
        wrong.unknown("board", board, sorted(boards), ("secure_world", "board"))
        return {}
    entry = {k: v for k, v in boards[board].items() if k in ("threads", "heap", "va_space")}
    before = boards[board].get("before", {})
    if before and version < release(str(before["version"])):
        entry |= {k: v for k, v in before.items() if k != "version"}
    if entry.get("threads") == "cores" and "threads" not in given:
        wrong.say(
            "KX008",
            f"board {board} has a secure thread for each core; say how many",
            ("secure_world", "board"),
            "threads: NUMBER",
        )
        entry["threads"] = 2
    return entry


def _costs(table: Mapping[str, Any], abi: str, version: Release) -> dict[str, int]:
    def of(rows: Any) -> int:
        fitting = [row for row in rows or () if version >= release(str(row["since"]))]
        return int(max(fitting, key=lambda row: release(str(row["since"])))["bytes"]) if fitting else 0

    quantum, header = int(table.get("quantum", 16)), int(table.get("header", 16))
    session = of(table.get("session"))
    return {
        "quantum": quantum,
        "header": header,
        "object": of(table.get("object", {}).get(abi)) or 72,
        "per_page": int(table.get("page", 8)),
        "transient_per_page": int(table.get("transient", {}).get(abi, {}).get("page", 8)),
        "session": -(-session // quantum) * quantum + header if session else 0,
    }


def facts(tee: Mapping[str, Any], content: Mapping[str, Any], wrong: Complaints) -> dict[str, Fact]:
    """The facts of the TEE entity that rules speak of. `tee` comes from `settled`."""
    assume = content.get("assume", {})
    kernels = [entry or {} for entry in content.get("kernels", {}).values()]
    spaces = [entry.get("user_space", {}) for entry in kernels]
    heap, ffa = int(tee["heap"]), tee["abi"] == "ffa"
    return {
        "threads": _count(tee.get("threads", 2), 2),
        "suspended": int(tee.get("suspended_threads", 0)),
        "heap": heap,
        "base": _base(tee["base_use"], heap, wrong),
        "ffa": ffa,
        "dynamic_shm": bool(tee.get("dynamic_shm", False)),
        "prealloc": bool(tee.get("prealloc_cache", True)) and not ffa,
        "handles": _count(tee.get("handles", 64), 64) if ffa else NO_LIMIT,
        "overlap_refused": ffa and bool(tee.get("overlap_refused", False)),
        "rxtx_refused": ffa and bool(tee.get("rxtx_refused", True)),
        "supplicant": bool(tee["supplicant"]["present"]),
        "may_die": bool(tee["supplicant"]["may_die"]),
        "in_flight_none": assume.get("in_flight") == "none",
        "session_cost": int(tee.get("costs", {}).get("session", 0)),
        "page_cost": heap_cost(PAGE, True, tee.get("costs", {}))[0],
        "page_need": heap_cost(PAGE, True, tee.get("costs", {}))[1],
        "sessions": max([int(space.get("sessions", 0)) for space in spaces], default=0),
        "pages": max([int(space.get("pages", 0)) for space in spaces], default=0),
    }


def _count(given: object, default: int) -> int:
    return given if isinstance(given, int) else default


def _base(given: object, heap: int, wrong: Complaints) -> Fact:
    match given:
        case int():
            return given
        case [first, last]:
            low, high = _size(first, wrong, BASE_USE), _size(last, wrong, BASE_USE)
            if not 0 <= low <= high <= heap:
                wrong.say("KX007", "the base use is an interval, least first, that the heap can hold", BASE_USE)
            return Unknown(IntSort(low, high)) if low < high else low
        case "unknown":
            return Unknown(IntSort(0, heap // 2))
        case _:
            return _size(given, wrong, BASE_USE)


def _size(value: object, wrong: Complaints, path: tuple[str, ...]) -> int:
    try:
        return parse_size(value)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        wrong.say("KX009", str(error), path)
        return 65536
