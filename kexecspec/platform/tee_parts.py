"""The TEE, its drivers and clients, and their buffers as entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kexecspec.ir.values import BOOL
from kexecspec.platform import drivers, secure_world
from kexecspec.platform.adding import Parts, World, add, does
from kexecspec.platform.costs import argument_bytes, heap_cost
from kexecspec.platform.drivers import ENUMERATION, Driver
from kexecspec.platform.facts import Entity, Fact, Hooks, Link, Links, Op, PerKernel, Unknown

ARGUMENTS = "args"
"""The TEE driver's buffer for the arguments of calls."""


def add_tee(world: World, found: Parts) -> None:
    """The trusted OS, and the drivers through which it is called."""
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
            add_client(world, found, name, {}, driver, kinds, ("secure_world",))
            if tee:
                _add_first_calls(world, found, name)


def add_client(
    world: World, found: Parts, name: str, entry: Mapping[str, Any], driver: Driver, kinds: tuple[str, ...],
    place: tuple[str, ...],
) -> None:  # fmt: skip
    """A driver that calls the trusted OS, and the buffers that it shares with it."""
    service = _service(world, entry, driver, place)
    found.services[name] = str(entry.get("service", driver.content.get("service", {}).get("name", name)))
    flags = service.get("ta_flags", ())
    caller = driver.content.get("caller")
    called = caller is None or any(d.get("driver") == caller for d in world.content.get("devices", {}).values())
    hooks = world.hooks(driver, name)
    buffers = _buffers(world, found, name, driver, hooks, place)
    rpc = service.get("makes_rpc", False)
    probes = [h.probe for h in hooks.values() if h.probe]
    opens = all(any(op.do == "tee_client_open_session" and op.there for op in ops) for ops in probes)
    facts: dict[str, Fact] = {
        "calls_kernel": driver.content.get("calls") == "kernel" and called and world.tee["kind"] == "optee",
        "makes_rpc": Unknown(BOOL) if rpc == "unknown" else bool(rpc),
        "single_session": "single_instance" in flags and "multi_session" not in flags,
        "rivals": Links(()),
        "bars_user": "single_instance" in flags and "multi_session" not in flags and opens
        and found.services[name] == _users_service(world),
        "on_tee_bus": "tee_driver" not in kinds and on_tee_bus(entry, driver),
        "enumerates": False,
        "calls_for_all": "tee_driver" in kinds,
        "buffers": Links(buffers),
        "has_buffers": bool(buffers),
        "allocates": any(
            "buffer" in i for i in driver.content.get("hooks", {}).get("probe", ()) if isinstance(i, dict)
        ),
        "drains_in_shutdown": any(does(h, "disable_shm_cache") for h in hooks.values()),
    }
    add(world, found, name, kinds, facts, hooks, driver, place)


def _add_first_calls(world: World, found: Parts, name: str) -> None:
    """What the TEE driver's own first calls need: the page of their arguments where it is kept, and over FF-A one for
    the list of the devices on the TEE bus, where there are any (the component tee says why not over SMC)."""
    tee, own = found.entities["tee"], found.entities[name]
    args = f"{name}.{ARGUMENTS}"
    kept = {k: any(op.buffer == args and op.there and _registers(op) for op in h.probe) for k, h in own.hooks.items()}
    listed = tuple(_clients(world))
    facts: dict[str, Fact] = {
        "args": Links((args,) if args in found.entities else ()),
        "keeps_arguments": PerKernel(kept),
        "lists": world.tee["abi"] == "ffa" and "at_probe" in listed,
        "off_bus": "" in listed,
    }
    found.entities["tee"] = replace(tee, facts={**tee.facts, **facts})
    asks = any(op.do == ENUMERATION and _registers(op) for h in own.hooks.values() for op in h.probe)
    found.entities[name] = replace(own, facts={**own.facts, "enumerates": bool(facts["lists"]) and asks})


def _registers(op: Op) -> bool:
    return bool(dict(op.facts).get("registers"))


def _clients(world: World) -> Iterator[str]:
    """Of each device that is a TEE client, when the secure world lists it for the TEE bus; "" where that is another."""
    for entry in world.content.get("devices", {}).values():
        driver = drivers.find_driver(str((entry or {}).get("driver")), world.content, world.library)
        if driver is not None and driver.content.get("kind") == "tee-client":
            yield str(driver.content.get("listed", "at_probe")) if on_tee_bus(entry or {}, driver) else ""


def on_tee_bus(entry: Mapping[str, Any], driver: Driver) -> bool:
    """Whether a TEE client's device is one that the secure world lists."""
    return bool(entry.get("bus", driver.content.get("bus")) == "tee")


def _services_facts(world: World) -> dict[str, Fact]:
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


def _users_service(world: World) -> str | None:
    """The one service through which user space can cause RPCs; None where it may be another one, too."""
    spaces = [(k or {}).get("user_space", {}) for k in world.content.get("kernels", {}).values()]
    used = [s.get("services") for s in spaces if s.get("sessions")]
    declared = world.tee.get("services", {})
    asking = {name for names in used for name in names or (None,) if declared.get(name, {}).get("makes_rpc", True)}
    return asking.pop() if len(asking) == 1 else None


def _service(world: World, entry: Mapping[str, Any], driver: Driver, place: tuple[str, ...]) -> dict[str, Any]:
    base: dict[str, Any] = dict(driver.content.get("service", {}))
    services = world.tee.get("services", {})
    wanted = entry.get("service", base.get("name"))
    if "service" in entry and entry["service"] not in services and entry["service"] != base.get("name"):
        world.wrong.unknown("service", entry["service"], sorted(services), (*place, "service"))
    return {**base, **services.get(wanted, {})}


def _refuse_unallocated(world: World, driver: Driver) -> None:
    """A driver of the platform file's own frees what its probe allocates, and nothing else."""
    allocated = tuple(drivers.buffer_sizes(driver))
    for number, item in enumerate(driver.content.get("hooks", {}).get("shutdown") or () if driver.inline else ()):
        if isinstance(item, dict) and "buffer" in item and item["buffer"] not in allocated:
            path = ("drivers", driver.name, "hooks", "shutdown", number, "buffer")
            world.wrong.unknown("buffer", item["buffer"], allocated, path)


def _buffers(
    world: World,
    found: Parts,
    owner: str,
    driver: Driver,
    hooks: Mapping[str, Hooks],
    place: tuple[str, ...],
) -> tuple[str, ...]:
    _refuse_unallocated(world, driver)
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
