"""Drivers: a specification and a kernel's features become the operations of its hooks, with their facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.ir.values import Value
from kexecspec.library import Library, feature_version
from kexecspec.platform.costs import PAGE
from kexecspec.platform.facts import Hooks, Kernel, Op
from kexecspec.quantities import parse_size
from kexecspec.versions import Version

ALLOCATIONS = (
    "tee_shm_alloc",
    "tee_shm_alloc_kernel_buf",
    "tee_shm_alloc_priv_buf",
    "tee_shm_register_kernel_buf",
    "optee_get_msg_arg",
)
ENUMERATION = "enumerate_devices"
OLDER = "2."
"""Releases before any that can be named: what they have, every kernel has."""


@dataclass(frozen=True)
class Driver:
    """A driver specification, from the library or the platform file itself."""

    name: str
    content: Mapping[str, Any]
    inline: bool

    @property
    def provides(self) -> tuple[str, ...]:
        """The duties that it serves while bound."""
        return tuple(self.content.get("provides", ()))


def find_driver(name: str, content: Mapping[str, Any], library: Library) -> Driver | None:
    """The driver called `name`: the platform's own over the library's, key by key where it says `extends`."""
    own = content.get("drivers", {}).get(name)
    if own is None:
        spec = library.spec("drivers", name)
        return Driver(name, spec.content, False) if spec else None
    base = library.spec("drivers", str(own.get("extends", name)))
    merged = dict(base.content) if base else {}
    hooks = {**merged.get("hooks", {}), **own.get("hooks", {})}
    return Driver(name, {**merged, **own, "hooks": hooks}, True)


def is_client(name: str, content: Mapping[str, Any], library: Library) -> bool:
    """Whether the driver called `name` is one of a TEE client."""
    driver = find_driver(name, content, library)
    return driver is not None and driver.content.get("kind") == "tee-client"


def exists_in(driver: Driver, kernel: Kernel) -> bool:
    """Whether `kernel` is new enough to have `driver`."""
    return kernel.linux and exists_since(driver, feature_version(kernel.version))


def exists_since(driver: Driver, version: Version) -> bool:
    """Whether Linux of `version` is new enough to have `driver`."""
    since = str(driver.content.get("since", OLDER))
    return driver.inline or since.startswith(OLDER) or version >= feature_version(since)


def hooks(driver: Driver, kernel: Kernel, tee: Mapping[str, Any], owner: str, whole: bool = False) -> Hooks:
    """The operations of `driver` in `kernel`, those without bearing on any property left out; with `whole` all that
    its specification writes, those that the kernel's features leave out marked as not there.

    `tee` comes from secure_world.settled; buffers are entities called `owner.buffer`.
    """
    written = driver.content.get("hooks", {})
    probe = _operations(written.get("probe", ()), kernel, tee, owner, whole)
    shutdown = _operations(written.get("shutdown", ()), kernel, tee, owner, whole)
    if whole:
        return Hooks(probe, shutdown)
    allocated = {op.buffer: op for op in probe if op.do in ALLOCATIONS}
    kept = [
        tuple(op for op in operations if op.buffer is None or _matters(allocated.get(op.buffer), op.do))
        for operations in (probe, shutdown)
    ]
    return Hooks(kept[0], kept[1])



def gates(content: Any) -> Iterator[str]:
    """Every feature that a `when` or `unless` names, at any depth."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key in ("when", "unless"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from gates(value)
    elif isinstance(content, list | tuple):
        for item in content:
            yield from gates(item)


def buffer_sizes(driver: Driver) -> dict[str, int]:
    """The size in bytes of each buffer that the probe hook allocates."""
    items = [item for item in driver.content.get("hooks", {}).get("probe", ()) if isinstance(item, dict)]
    return {
        str(i["buffer"]): parse_size(i.get("size", PAGE)) for i in items if i["do"] in ALLOCATIONS and "buffer" in i
    }


def applies(item: Mapping[str, Any], features: frozenset[str]) -> bool:
    """Whether `when` and `unless` of a hook's item let it stand in a kernel with `features`."""
    when, unless = _several(item.get("when")), _several(item.get("unless"))
    return all(f in features for f in when) and not any(f in features for f in unless)


def _several(names: object) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)  # type: ignore[arg-type]


def _operations(items: Any, kernel: Kernel, tee: Mapping[str, Any], owner: str, whole: bool) -> tuple[Op, ...]:
    made = []
    for number, item in enumerate(items or ()):
        entry: Mapping[str, Any] = {"do": item} if isinstance(item, str) else item
        there = applies(entry, kernel.features)
        if there or whole:
            buffer = f"{owner}.{entry['buffer']}" if "buffer" in entry else None
            facts = allocation_facts(entry, kernel, tee) if entry["do"] in ALLOCATIONS else {}
            facts = _list_facts(kernel, tee) if entry["do"] == ENUMERATION else facts
            made.append(Op(str(entry["do"]), buffer, tuple(sorted(facts.items())), there, number))
    return tuple(made)


def allocation_facts(entry: Mapping[str, Any], kernel: Kernel, tee: Mapping[str, Any]) -> dict[str, Value]:
    """What one allocation does in `kernel`: whether it registers memory, is refused, is put through a dma-buf,
    and what a failure does with its pages. By kernel features, domain facts of the TEE shm history."""
    has, flags, do = kernel.features, frozenset(entry.get("flags", ())), str(entry["do"])
    dynamic = bool(tee.get("dynamic_shm", True)) and "tee-dynamic-shm" in has
    amd = tee["kind"] == "amdtee"
    explicit = do == "tee_shm_register_kernel_buf"
    if amd:
        return {
            "registers": False,
            "refused": explicit or "register" in flags,
            "dma_buf": False,
            "loses": "none",
        }
    priv = "priv" in flags or do == "tee_shm_alloc_priv_buf"
    refused = _is_refused(do, flags, has)
    loses = "none" if explicit or "optee-pool-frees-right-pages" in has else "leak"
    if loses == "leak" and "optee-pool-frees-on-error" in has:
        loses = "foreign"
    return {
        "registers": (explicit or dynamic and _pool_registers(do, flags, priv, has, tee["abi"] == "ffa"))
        and not refused,
        "refused": refused or explicit and not dynamic,
        "dma_buf": "dma_buf" in flags and "tee-shm-no-dma-buf" not in has,
        "loses": loses,
    }


def _list_facts(kernel: Kernel, tee: Mapping[str, Any]) -> dict[str, Value]:
    """What the enumeration's buffer does in `kernel`: a tee_shm_alloc with the dma-buf flag (drivers/tee/optee/device.c
    @5.10), since 5.18 a tee_shm_alloc_kernel_buf."""
    entry: Mapping[str, Any] = {"do": "tee_shm_alloc", "flags": ("dma_buf",)}
    if "tee-shm-dynamic-flag" in kernel.features:
        entry = {"do": "tee_shm_alloc_kernel_buf"}
    facts = allocation_facts(entry, kernel, tee)
    return {name: facts[name] for name in ("registers", "loses")}


def _is_refused(do: str, flags: frozenset[str], has: frozenset[str]) -> bool:
    """Whether tee_shm_alloc does not take these flags, or is no more: it gave way to functions named by purpose. Of
    these a call's argument is allocated by whichever there is."""
    gone = "tee-shm-dynamic-flag" in has
    if do not in ("tee_shm_alloc", "optee_get_msg_arg") or gone:
        return gone and do == "tee_shm_alloc"
    unknown = {"priv": "tee-shm-priv-accepted", "register": "tee-shm-register-flag"}
    return any(flag in flags and unknown[flag] not in has for flag in unknown)


def _pool_registers(do: str, flags: frozenset[str], priv: bool, has: frozenset[str], ffa: bool) -> bool:
    if ffa:
        return True
    if "tee-shm-priv" in has or "tee-shm-dynamic-flag" in has:
        return not priv
    if "tee-shm-register-flag" in has:
        return "register" in flags or "dma_buf" in flags or do in ("tee_shm_alloc_kernel_buf", "optee_get_msg_arg")
    return "optee-pool-registers-dmabuf" in has and "dma_buf" in flags


def _matters(op: Op | None, do: str) -> bool:
    """Whether what is done with a buffer bears on anything, by its allocation; what was not accepted is not freed."""
    facts = dict(op.facts) if op else {}
    return bool(facts.get("registers") or facts.get("refused") and do in ALLOCATIONS)
