"""What the parts of a platform are made from, those that are made, and how one more is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kexecspec.library import Library
from kexecspec.platform import drivers
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.drivers import Driver
from kexecspec.platform.facts import Entity, Fact, Hooks, Kernel, PerKernel, Reliance
from kexecspec.platform.reached import ways
from kexecspec.platform.spans import Spans


@dataclass
class Parts:
    """Entities by name in probe order, the duties and the service of each, and what is taken on trust."""

    entities: dict[str, Entity] = field(default_factory=dict)
    provides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    reliances: list[Reliance] = field(default_factory=list)
    features: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    """What parts are made from. With `whole`, hooks also have the operations that kernels leave out. What was found
    already is in `alike`, the hooks of masters whose entries say the same, and in `lets_pass`, about SMMUs."""

    content: Mapping[str, Any]
    library: Library
    tee: Mapping[str, Any]
    kernels: Mapping[str, Kernel]
    wrong: Complaints
    whole: bool
    spans: Spans
    alike: dict[tuple[str, bool, str], Mapping[str, Hooks]] = field(default_factory=dict)
    lets_pass: dict[str | None, bool] = field(default_factory=dict)

    @cached_property
    def memory(self) -> Mapping[str, Any]:
        """What the file says of memory; where it leaves the place open in which a crash kernel starts, None for
        that."""
        given = self.content.get("memory", {})
        crashes = any(way.kind == "crash" for way in ways(self.content))
        if given.get("crashkernel", "unknown" if crashes else []) == "unknown":
            return {**given, "crashkernel": None}
        return dict(given)

    def hooks(self, driver: Driver, owner: str) -> dict[str, Hooks]:
        """What `driver` does for `owner` in each kernel."""
        return {k.name: drivers.hooks(driver, k, self.tee, owner, self.whole) for k in self.kernels.values()}

    def is_tee_part(self, kinds: tuple[str, ...]) -> bool:
        """Whether an entity of these kinds stands on the TEE driver."""
        return "client" in kinds or "tee_driver" in kinds


def add(
    world: World, found: Parts, name: str, kinds: tuple[str, ...], facts: Mapping[str, Fact],
    hooks: Mapping[str, Hooks], driver: Driver, place: tuple[str, ...],
) -> None:  # fmt: skip
    """Adds a part with hooks, what its driver offers and what of that nobody verified."""
    there = {k.name: _present(world, name, driver, k, kinds) for k in world.kernels.values()}
    own = dict(facts) | {"present": PerKernel(there)}
    own["has_shutdown"] = PerKernel({k: bool(h.shutdown) for k, h in hooks.items()})
    kept = {k: h if there[k] else Hooks() for k, h in hooks.items()}
    asked = frozenset(drivers.gates([driver.content.get("hooks"), driver.content.get("quiesced_by")]))
    span = world.wrong.span(*place)
    found.entities[name] = Entity(name, kinds, own, kept, driver=driver.name, span=span, asks=tuple(sorted(asked)))
    found.provides[name] = driver.provides
    found.features |= asked
    if driver.inline or driver.content.get("confidence", "unverified") != "read":
        why = "described in the platform file" if driver.inline else str(driver.content.get("confidence"))
        if not (driver.inline and (driver.content.get("sources") or driver.content.get("from"))):
            found.reliances.append(Reliance(f"driver {driver.name}", why, name))


def _present(world: World, name: str, driver: Driver, kernel: Kernel, kinds: tuple[str, ...]) -> bool:
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


def does(hooks: Hooks, do: str) -> bool:
    """Whether the shutdown hook has an operation `do`."""
    return any(op.do == do and op.there for op in hooks.shutdown)
