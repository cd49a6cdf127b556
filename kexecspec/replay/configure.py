"""A platform as the executable machine takes it: memory, secure world, SMMUs, devices and kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from kexecspec.ir.values import BoolSort, EnumSort, IntSort, Value
from kexecspec.library import Library
from kexecspec.machine.config import (
    DeviceConfig,
    GicConfig,
    Hooks,
    KernelConfig,
    MachineConfig,
    MemoryMap,
    SecureConfig,
    Service,
    SmmuConfig,
    numbers,
)
from kexecspec.machine.tasks import USER
from kexecspec.platform.drivers import Driver, find_driver
from kexecspec.platform.facts import Entity, Kernel, Links, Platform, Unknown
from kexecspec.platform.masters import dma_of
from kexecspec.platform.secure_world import NO_LIMIT, release
from kexecspec.platform.spans import Spans
from kexecspec.quantities import parse_size
from kexecspec.replay.hooks import driver_hooks
from kexecspec.replay.windows import in_reservation, iova_window, memory_map

Facts = Mapping[str, Value]
TEE = "tee"


def machine_config(platform: Platform, library: Library, facts: Facts, crashed: bool = False) -> MachineConfig:
    """The machine that `platform` describes. `facts` holds the values chosen for unknown facts; where a
    master's window of addresses leaves a choice, it hits memory of a crash kernel if `crashed`, else of another."""
    memory, spans = memory_map(platform), cache(lambda: Spans(platform.plain))
    devices = tuple(_device(platform, library, entity, facts, memory, crashed, spans) for entity in _devices(platform))
    return MachineConfig(
        kernels=tuple(_kernel(platform, library, kernel) for kernel in platform.kernels.values()),
        memory=replace(memory, nested=in_reservation(memory, tuple(one.iova for one in devices if one.iova))),
        secure=_secure(platform, library, facts),
        smmus=tuple(_smmu(platform, library, entity, facts) for entity in platform.of_kind("smmu")),
        devices=devices,
        gics=tuple(_gic(entity, facts) for entity in platform.of_kind("gic")),
        warm_clears=frozenset({"secure_world", "smmus", "devices"}) - platform.warm_keeps,
    )


def fact(entity: Entity, name: str, facts: Facts) -> Any:
    """A fact of `entity`; one left unknown has the value in `facts`, or the first of its sort."""
    found = entity.facts.get(name, False)
    if not isinstance(found, Unknown):
        return found
    chosen = facts.get(f"{entity.name}.{name}")
    if chosen is not None:
        return chosen
    match found.sort:
        case BoolSort():
            return False
        case IntSort(low, _):
            return low
        case EnumSort(labels):
            return labels[0]


def tee_driver(platform: Platform) -> Entity | None:
    """The driver of the trusted OS, if there is one."""
    return next(iter(platform.of_kind("tee_driver")), None)


def _devices(platform: Platform) -> tuple[Entity, ...]:
    walkers = platform.of_kind("walker")
    return tuple(e for e in walkers if not {"smmu", "tee_driver", "gic"} & set(e.kinds))


def _driver(platform: Platform, library: Library, entity: Entity) -> Driver:
    found = find_driver(entity.driver, platform.plain, library)
    assert found is not None
    return found


def _entry(platform: Platform, section: str, name: str) -> dict[str, Any]:
    table: Any = platform.plain.get(section, {})
    return dict(table.get(name) or {})


# Kernels.


def _kernel(platform: Platform, library: Library, kernel: Kernel) -> KernelConfig:
    walkers = [e for e in platform.of_kind("walker") if _present(e, kernel.name)]
    own = _hooks(platform, library, kernel, walkers)
    hooks = {e.driver: own[e.name] for e in walkers}
    return KernelConfig(
        name=kernel.name,
        features=_features(kernel),
        release=kernel.version or "payload",
        kdump=kernel.recognises_kdump,
        kdump_denied=bool(kernel.facts["kdump_denied"]),
        disable_bypass=bool(kernel.facts["disable_bypass"]),
        passthrough=bool(kernel.facts["passthrough"]),
        linux=kernel.linux,
        smmu_aware=bool(kernel.facts["smmu_aware"]),
        adopts=bool(kernel.facts["adopts"]),
        drivers=hooks,
        device_hooks={e.name: own[e.name] for e in walkers if own[e.name] != hooks[e.driver]},
        duties=tuple(_duty(platform, duty, providers) for k, duty, providers, _ in platform.duties if k == kernel.name),
        min_threads=int(kernel.facts["min_threads"]),
    )


def _hooks(platform: Platform, library: Library, kernel: Kernel, walkers: Sequence[Entity]) -> dict[str, Hooks]:
    """What the kernel does with each of `walkers`; those of one driver share it where they are stopped alike."""
    found: dict[str, Hooks] = {}
    known: dict[object, Hooks] = {}
    for entity in walkers:
        key = (entity.driver, "device" in entity.kinds, entity.hooks.get(kernel.name))
        if key not in known:
            known[key] = driver_hooks(_driver(platform, library, entity), kernel, entity)
        found[entity.name] = known[key]
    return found


def _features(kernel: Kernel) -> frozenset[str]:
    """What SMMUv3's driver makes of its parameter is settled by the command line; the rest stands as it is."""
    features = kernel.features - {"smmu3-disable-bypass-param"}
    return features if kernel.facts["unattached_abort"] else features - {"smmu3-unattached-abort"}


def _duty(platform: Platform, duty: str, providers: tuple[str, ...]) -> str:
    driver = tee_driver(platform)
    return TEE if driver is not None and providers == (driver.name,) else duty


def _present(entity: Entity, kernel: str) -> bool:
    present: Any = entity.facts["present"]
    return bool(present.values[kernel])


# The secure world.


def _secure(platform: Platform, library: Library, facts: Facts) -> SecureConfig:
    driver = tee_driver(platform)
    if driver is None:
        return SecureConfig(kind="none", threads=0)
    tee = platform.entities[TEE]
    given: Any = platform.plain.get("secure_world", {})
    version = release(str(given.get("optee", "0.0")))
    handles = int(fact(tee, "handles", facts))
    log: Mapping[str, Any] = _driver(platform, library, driver).content.get("log", {})
    return SecureConfig(
        kind="amdtee" if "amdtee" in given else "optee",
        version=version[:3],
        abi="ffa" if fact(tee, "ffa", facts) else "smc",
        threads=int(fact(tee, "threads", facts)),
        heap_size=int(fact(tee, "heap", facts)),
        base_use=int(fact(tee, "base", facts)),
        session_bytes=int(fact(tee, "session_cost", facts)),
        dynamic_shm=bool(given.get("dynamic_shm", version >= release("2.6.0"))),
        prealloc_cache=bool(fact(tee, "prealloc", facts)),
        rpc_arg=True,
        handles=None if handles >= NO_LIMIT else handles,
        va_space=_va_space(given),
        rejects_overlap=bool(fact(tee, "overlap_refused", facts)),
        services=_services(platform, library, facts),
        suspended_threads=int(fact(tee, "suspended", facts)),
        supplicant=bool(fact(tee, "supplicant", facts)),
        driver=driver.driver,
        driver_name=str(log.get("name", driver.driver)),
        dev_name=str(log.get("dev", "firmware:optee")),
        needs=_needs(platform, driver),
        lists_devices=bool(tee.facts["lists"]),
    )


def _va_space(given: Mapping[str, Any]) -> int:
    size = given.get("va_space", "32MiB")
    return parse_size("32MiB" if size == "unknown" else size)


def _services(platform: Platform, library: Library, facts: Facts) -> tuple[Service, ...]:
    given: Any = platform.plain.get("secure_world", {})
    declared: Mapping[str, Any] = given.get("services", {}) if isinstance(given, dict) else {}
    made = {USER: Service(USER, pseudo=False, makes_rpc=bool(fact(platform.entities[TEE], "user_rpc", facts)))}
    made |= {name: _service(name, entry or {}, False) for name, entry in declared.items()}
    for entity in platform.of_kind("client"):
        driver = _driver(platform, library, entity)
        name = service_of(platform, driver, entity)
        base = driver.content.get("service", {})
        entry = {**(base if base.get("name", name) == name else {}), **(declared.get(name) or {})}
        made[name] = _service(name, entry, bool(fact(entity, "makes_rpc", facts)))
    return tuple(made.values())


def service_of(platform: Platform, driver: Driver, entity: Entity) -> str:
    """The name of the service that a client talks to."""
    entry = _entry(platform, "devices", entity.name)
    return str(entry.get("service", driver.content.get("service", {}).get("name", entity.name)))


def _service(name: str, entry: Mapping[str, Any], makes_rpc: bool) -> Service:
    flags = entry.get("ta_flags", ("multi_session",))
    rpc = entry.get("makes_rpc", False)
    return Service(
        name=name,
        pseudo=bool(entry.get("pseudo", True)),
        makes_rpc=makes_rpc if rpc == "unknown" else bool(rpc),
        single_instance="single_instance" in flags,
        multi_session="multi_session" in flags,
        keep_alive="keep_alive" in flags,
    )


# Interrupt controllers, SMMUs and devices.


def _gic(entity: Entity, facts: Facts) -> GicConfig:
    its, efi = bool(fact(entity, "its", facts)), bool(fact(entity, "efi", facts))
    return GicConfig(entity.name, entity.driver, its, efi)


def _smmu(platform: Platform, library: Library, entity: Entity, facts: Facts) -> SmmuConfig:
    v3, enabled = bool(entity.facts["v3"]), bool(entity.facts["reset_on"])
    return SmmuConfig(
        name=entity.name,
        driver=entity.driver,
        version=3 if v3 else 2,
        reset_clientpd=not enabled,
        reset_enabled=enabled,
        two_level_table=bool(entity.facts["two_level"]),
        coherent=bool(entity.facts["coherent"]),
        reset_gbpa_abort=bool(fact(entity, "reset_abort", facts)),
        abort_is_fatal=bool(entity.facts["fatal"]),
    )


def _device(
    platform: Platform, library: Library, entity: Entity, facts: Facts, memory: MemoryMap, crashed: bool,
    spans: Callable[[], Spans],
) -> DeviceConfig:
    driver, entry = _driver(platform, library, entity), _entry(platform, "devices", entity.name)
    log: Mapping[str, Any] = driver.content.get("log", {})
    client = "client" in entity.kinds
    common: dict[str, Any] = {
        "bus": str(entry.get("bus", driver.content.get("bus", "platform"))),
        "service": service_of(platform, driver, entity) if client else None,
        "provides": driver.provides,
        "needs": _needs(platform, entity),
        "suppliers": _suppliers(platform, entity),
        "driver_name": str(log.get("name", "")),
        "dev_name": str(log.get("dev", "")),
        "older_name": _older(log),
        "absent_in": frozenset(k.name for k in platform.kernels.values() if k.linux and not _present(entity, k.name)),
    }
    if "device" in entity.kinds:
        assumed: Any = platform.plain.get("assume", {})
        common |= _master(entity, driver, entry, facts, assumed.get("fabric_drains", True) is not False)
        common["streams"] = _streams(platform, spans, entry, entity, facts)
        common["iova"] = iova_window(platform, entity, entry, facts, memory, crashed)
    return DeviceConfig(entity.name, entity.driver, **common)


def _older(log: Mapping[str, Any]) -> tuple[tuple[int, ...], str] | None:
    older = log.get("older")
    return (numbers(str(older["before"])), str(older["dev"])) if older else None


def _master(
    entity: Entity, driver: Driver, entry: Mapping[str, Any], facts: Facts, drains: bool
) -> dict[str, Any]:
    dma = dma_of(entry, driver)
    kind = str(dma["kind"]) if entity.facts["running"] or entity.facts["one_shot"] else "none"
    if kind not in ("none", "one-shot") and not fact(entity, "writes", facts):
        kind = "periodic-read"
    return {
        "smmu": entry.get("smmu"),
        "domain": "identity" if entity.facts["identity"] else "translated",
        "dma": kind,
        "recurrent": bool(fact(entity, "recurrent", facts)),
        "posted": 0 if kind == "one-shot" else 4,
        "bus_master": "ignored" if fact(entity, "gating_ignored", facts) else "honoured",
        "behind_port": bool(entry.get("behind_port", False)),
        "drains": drains,
    }


def _streams(
    platform: Platform, spans: Callable[[], Spans], entry: Mapping[str, Any], entity: Entity, facts: Facts
) -> tuple[int, ...]:
    """Its stream ids; where they are not stated, as the choice says of whether they share a span with others."""
    smmu = entry.get("smmu")
    if smmu is None or entry.get("streams"):
        return tuple(entry.get("streams", ())) if smmu else ()
    together = bool(fact(platform.entities[smmu], "spans_shared", facts))
    return spans().streams(smmu, together)[entity.name]


def _needs(platform: Platform, entity: Entity) -> tuple[str, ...]:
    """The parts that must have probed before this one, by the machine's names."""
    return tuple(TEE if "tee_driver" in platform.entities[n].kinds else n for n in _supplier_names(entity))


def _suppliers(platform: Platform, entity: Entity) -> tuple[str, ...]:
    return tuple(n for n in _supplier_names(entity) if "tee_driver" not in platform.entities[n].kinds)


def _supplier_names(entity: Entity) -> tuple[str, ...]:
    suppliers = entity.facts.get("suppliers")
    return suppliers.names if isinstance(suppliers, Links) else ()
