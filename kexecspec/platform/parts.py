"""The parts of a platform as entities: the TEE, its drivers and clients, SMMUs, devices, buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kexecspec.ir.values import BOOL
from kexecspec.library import Library
from kexecspec.platform import drivers, masters, secure_world
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.costs import argument_bytes, heap_cost
from kexecspec.platform.drivers import Driver
from kexecspec.platform.facts import Entity, Fact, Hooks, Kernel, Link, Links, PerKernel, Reliance, Unknown
from kexecspec.platform.reached import ways


@dataclass
class Parts:
    """Entities by name in probe order, the duties and the service of each, and what is taken on trust."""

    entities: dict[str, Entity] = field(default_factory=dict)
    provides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    reliances: list[Reliance] = field(default_factory=list)
    features: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _World:
    content: Mapping[str, Any]
    library: Library
    tee: Mapping[str, Any]
    kernels: Mapping[str, Kernel]
    wrong: Complaints
    whole: bool

    def hooks(self, driver: Driver, owner: str) -> dict[str, Hooks]:
        """What `driver` does for `owner` in each kernel."""
        return {k.name: drivers.hooks(driver, k, self.tee, owner, self.whole) for k in self.kernels.values()}

    def is_tee_part(self, kinds: tuple[str, ...]) -> bool:
        """Whether an entity of these kinds stands on the TEE driver."""
        return "client" in kinds or "tee_driver" in kinds


def parts(
    content: Mapping[str, Any],
    library: Library,
    tee: Mapping[str, Any],
    kernels: Mapping[str, Kernel],
    wrong: Complaints,
    whole: bool = False,
) -> Parts:
    """All entities of a platform file but the kernels. What cannot be is added to `wrong`. With `whole`, hooks also
    have the operations that kernels leave out."""
    world, found = _World(content, library, tee, kernels, wrong, whole), Parts()
    for name, own in content.get("drivers", {}).items():
        if own.get("extends", "optee") not in library.names("drivers"):
            known = library.names("drivers")
            wrong.unknown("driver", own["extends"], known, ("drivers", name, "extends"))
    _no_smmu(found)
    for name, entry in content.get("smmus", {}).items():
        _smmu(world, found, name, entry or {})
    if tee["kind"] != "none":
        _tee(world, found)
    for name, entry in content.get("devices", {}).items():
        _device(world, found, name, entry or {})
    _link(world, found)
    _rivals(found)
    return found


def _tee(world: _World, found: Parts) -> None:
    facts = secure_world.facts(world.tee, world.content, world.wrong) | _services_facts(world)
    found.entities["tee"] = Entity("tee", ("tee",), facts, span=world.wrong.span("secure_world"))
    names = {
        "amdtee": ("amdtee",),
        "optee": ("arm_ffa", "optee-ffa") if world.tee["abi"] == "ffa" else ("optee",),
    }
    for name in names[world.tee["kind"]]:
        driver = drivers.find_driver(name, world.content, world.library)
        if driver is not None:
            tee = driver.content.get("kind") == "tee"
            kinds = ("walker", "client", "tee_driver") if tee else ("walker", "provider")
            _client(world, found, name, {}, driver, kinds, ("secure_world",))


def _device(world: _World, found: Parts, name: str, entry: Mapping[str, Any]) -> None:
    place = ("devices", name)
    driver = drivers.find_driver(str(entry.get("driver")), world.content, world.library)
    if driver is None:
        known = sorted({*world.library.names("drivers"), *world.content.get("drivers", {})})
        world.wrong.unknown("driver", entry.get("driver"), known, (*place, "driver"))
    elif driver.content.get("kind") == "tee-client":
        if world.tee["kind"] == "none":
            world.wrong.say(
                "KX010",
                f"{name} is a TEE client, and there is no secure world",
                (*place, "driver"),
                "secure_world: {optee: VERSION}, or remove the device",
            )
        else:
            _client(world, found, name, entry, driver, ("walker", "client"), place)
    else:
        _master(world, found, name, entry, driver, place)


def _client(
    world: _World, found: Parts, name: str, entry: Mapping[str, Any], driver: Driver, kinds: tuple[str, ...],
    place: tuple[str, ...],
) -> None:  # fmt: skip
    service = _service(world, entry, driver, place)
    found.services[name] = str(entry.get("service", driver.content.get("service", {}).get("name", name)))
    flags = service.get("ta_flags", ())
    caller = driver.content.get("caller")
    called = caller is None or any(d.get("driver") == caller for d in world.content.get("devices", {}).values())
    hooks = world.hooks(driver, name)
    buffers = _buffers(world, found, name, driver, hooks, place)
    rpc = service.get("makes_rpc", False)
    facts: dict[str, Fact] = {
        "calls_kernel": driver.content.get("calls") == "kernel" and called and world.tee["kind"] == "optee",
        "makes_rpc": Unknown(BOOL) if rpc == "unknown" else bool(rpc),
        "single_session": "single_instance" in flags and "multi_session" not in flags,
        "rivals": Links(()),
        "buffers": Links(buffers),
        "has_buffers": bool(buffers),
        "allocates": any(
            "buffer" in i for i in driver.content.get("hooks", {}).get("probe", ()) if isinstance(i, dict)
        ),
        "drains_in_shutdown": any(_does(h, "disable_shm_cache") for h in hooks.values()),
    }
    _add(world, found, name, kinds, facts, hooks, driver, place)


def _services_facts(world: _World) -> dict[str, Fact]:
    """What the services of all callers together may do: RPCs, and locks that a suspended call keeps."""
    drivers_used = [
        drivers.find_driver(str(d.get("driver")), world.content, world.library)
        for d in world.content.get("devices", {}).values()
    ]
    own = [
        {
            **dict(d.content.get("service", {})),
            **world.tee.get("services", {}).get(d.content.get("service", {}).get("name"), {}),
        }
        for d in drivers_used
        if d is not None
    ]
    used = [
        world.tee.get("services", {}).get(s, {})
        for k in world.content.get("kernels", {}).values()
        for s in (k or {}).get("user_space", {}).get("services", ())
    ]
    return {
        "user_rpc": any(s.get("makes_rpc", True) for s in used) if used else True,
        "kernel_rpc": any(s.get("makes_rpc", False) for s in own),
        "has_lock": any(s.get("locks") for s in (*own, *used, *world.tee.get("services", {}).values())),
    }


def _service(world: _World, entry: Mapping[str, Any], driver: Driver, place: tuple[str, ...]) -> dict[str, Any]:
    base: dict[str, Any] = dict(driver.content.get("service", {}))
    services = world.tee.get("services", {})
    wanted = entry.get("service", base.get("name"))
    if "service" in entry and entry["service"] not in services and entry["service"] != base.get("name"):
        world.wrong.unknown("service", entry["service"], sorted(services), (*place, "service"))
    return {**base, **services.get(wanted, {})}


def _buffers(
    world: _World,
    found: Parts,
    owner: str,
    driver: Driver,
    hooks: Mapping[str, Hooks],
    place: tuple[str, ...],
) -> tuple[str, ...]:
    used = {op.buffer for h in hooks.values() for op in h.probe if op.buffer}
    made = []
    for short, size in drivers.buffer_sizes(driver).items():
        name = f"{owner}.{short}"
        if name not in used:
            continue
        made.append(name)
        costs = {
            k.name: heap_cost(size, "tee-exact-pages" in k.features, world.tee.get("costs", {}))
            for k in world.kernels.values()
        }
        call = {k.name: argument_bytes(world.tee) for k in world.kernels.values()}
        put = {
            k: any(op.buffer == name and op.there and dict(op.facts).get("dma_buf", False) for op in h.probe)
            for k, h in hooks.items()
        }
        facts: dict[str, Fact] = {
            "owner": Link(owner),
            "size": size,
            "bytes": PerKernel({k: cost[0] for k, cost in costs.items()}),
            "need": PerKernel({k: cost[1] + call[k] for k, cost in costs.items()}),
            "deferred_free": PerKernel(put),
        }
        found.entities[name] = Entity(name, ("buffer",), facts, span=world.wrong.span(*place))
    return tuple(made)


def _no_smmu(found: Parts) -> None:
    absent: dict[str, Fact] = dict.fromkeys(
        (
            "exists",
            "on",
            "off_abort",
            "irq",
            "released",
            "off_by_hook",
            "live",
            "v3",
            "fatal",
            "reports",
            "coherent",
            "two_level",
            "reset_on",
        ),
        False,
    )
    found.entities["no smmu"] = Entity("no smmu", ("nothing",), absent)


def _smmu(world: _World, found: Parts, name: str, entry: Mapping[str, Any]) -> None:
    place = ("smmus", name)
    variant = world.library.smmu_variant(str(entry.get("variant")))
    if variant is None:
        known = sorted(str(spec.content["variant"]) for spec in world.library.all("smmu"))
        world.wrong.unknown("SMMU variant", entry.get("variant"), known, (*place, "variant"))
        return
    v3 = variant.content.get("architecture") == "v3"
    driver = drivers.find_driver(str(entry.get("driver", variant.content["driver"])), world.content, world.library)
    if driver is None:
        world.wrong.unknown("driver", entry.get("driver"), list(world.library.names("drivers")), (*place, "driver"))
        return
    reset = entry.get("reset", {})
    clients = tuple(d for d, e in world.content.get("devices", {}).items() if (e or {}).get("smmu") == name)
    enabled = bool(reset.get("enabled", False)) if v3 else reset.get("clientpd", True) is False
    facts: dict[str, Fact] = {
        "exists": True,
        "v3": v3,
        "fatal": entry.get("abort_is_fatal", False) is True,
        "coherent": entry.get("coherent", True) is not False,
        "qcom": "qcom" in str(variant.content["variant"]),
        "reports": not v3,
        "two_level": v3 and entry.get("two_level_table", True) is not False,
        "reset_on": enabled,
        "reset_abort": Unknown(BOOL) if reset.get("gbpa") == "unknown" else v3 and reset.get("gbpa") == "abort",
        "devices": Links(clients),
    }
    hooks = world.hooks(driver, name)
    _add(world, found, name, ("walker", "smmu"), facts, hooks, driver, place)


def _master(
    world: _World, found: Parts, name: str, entry: Mapping[str, Any], driver: Driver, place: tuple[str, ...]
) -> None:
    smmu = entry.get("smmu")
    if smmu is not None and smmu not in world.content.get("smmus", {}):
        world.wrong.unknown("SMMU", smmu, sorted(world.content.get("smmus", {})), (*place, "smmu"))
    written = world.hooks(driver, name)
    hooks = {k: masters.hooks(entry, driver, world.kernels[k], h, world.whole) for k, h in written.items()}
    drains = world.content.get("assume", {}).get("fabric_drains", True) is not False
    facts = masters.facts(entry, driver, _memory(world.content), smmu is not None, drains)
    facts |= {"smmu": Link(str(smmu) if smmu else "no smmu"), "streams": str(entry.get("streams", []))}
    facts |= {"open_to_payload": PerKernel({k.name: _open_to(world, name, k) for k in world.kernels.values()})}
    facts |= {"unmaps_in_hook": any(_does(h, "dma_unmap") for h in hooks.values())}
    _add(world, found, name, ("walker", "device"), facts, hooks, driver, place)


def _memory(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the file says of memory; where it leaves the place open in which a crash kernel starts, None for that."""
    given = content.get("memory", {})
    crashes = any(way.kind == "crash" for way in ways(content))
    if given.get("crashkernel", "unknown" if crashes else []) == "unknown":
        return {**given, "crashkernel": None}
    return dict(given)


def _add(
    world: _World, found: Parts, name: str, kinds: tuple[str, ...], facts: Mapping[str, Fact],
    hooks: Mapping[str, Hooks], driver: Driver, place: tuple[str, ...],
) -> None:  # fmt: skip
    there = {k.name: _present(world, name, driver, k, kinds) for k in world.kernels.values()}
    own = dict(facts) | {"present": PerKernel(there)}
    own["has_shutdown"] = PerKernel({k: bool(h.shutdown) for k, h in hooks.items()})
    kept = {k: h if there[k] else Hooks() for k, h in hooks.items()}
    found.entities[name] = Entity(name, kinds, own, kept, driver=driver.name, span=world.wrong.span(*place))
    found.provides[name] = driver.provides
    found.features |= frozenset(
        f
        for hook in driver.content.get("hooks", {}).values()
        for item in hook or ()
        if isinstance(item, dict)
        for key in ("when", "unless")
        for f in ([item[key]] if isinstance(item.get(key), str) else item.get(key, ()))
    )
    if driver.inline or driver.content.get("confidence", "unverified") != "read":
        why = "described in the platform file" if driver.inline else str(driver.content.get("confidence"))
        if not (driver.inline and driver.content.get("sources")):
            found.reliances.append(Reliance(f"driver {driver.name}", why, name))


def _present(world: _World, name: str, driver: Driver, kernel: Kernel, kinds: tuple[str, ...]) -> bool:
    entry = world.content.get("kernels", {}).get(kernel.name) or {}
    if (
        "smmu" in kinds
        and entry.get("smmu_aware") is False
        or world.is_tee_part(kinds)
        and entry.get("tee_aware") is False
    ):
        return False
    chosen = entry.get("devices")
    listed = (
        chosen is None or name in chosen or "device" not in kinds and "client" not in kinds or "tee_driver" in kinds
    )
    switched = entry.get("drivers", {}).get(driver.name)
    there = drivers.exists_in(driver, kernel) if switched is None else kernel.linux and switched is not False
    return listed and there


def _open_to(world: _World, name: str, kernel: Kernel) -> bool:
    """Whether a payload that is no Linux may use a device: any, unless the file says which."""
    chosen = (world.content.get("kernels", {}).get(kernel.name) or {}).get("devices")
    return not kernel.linux and (chosen is None or name in chosen)


def _link(world: _World, found: Parts) -> None:
    for name, entity in list(found.entities.items()):
        if "walker" not in entity.kinds or "smmu" in entity.kinds:
            continue
        driver = drivers.find_driver(entity.driver, world.content, world.library)
        needs = driver.content.get("needs", ()) if driver else ()
        suppliers = tuple(n for need in needs for n, offers in found.provides.items() if need in offers and n != name)
        if suppliers:
            found.entities[name] = replace(entity, facts={**entity.facts, "suppliers": Links(suppliers)})


def _rivals(found: Parts) -> None:
    """Clients of one service are each other's rivals, where it has one session for all of them."""
    for name, entity in list(found.entities.items()):
        if entity.facts.get("single_session"):
            others = tuple(n for n, service in found.services.items() if service == found.services[name] and n != name)
            found.entities[name] = replace(entity, facts={**entity.facts, "rivals": Links(others)})


def _does(hooks: Hooks, do: str) -> bool:
    """Whether the shutdown hook has an operation `do`."""
    return any(op.do == do and op.there for op in hooks.shutdown)
