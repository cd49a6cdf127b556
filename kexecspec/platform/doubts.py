"""Which facts of a platform nobody has verified the ground of: doubted features, drivers and versions, what the file
assumes, and the facts that each of them decides."""

from __future__ import annotations

from collections.abc import Mapping

from kexecspec.library import Library
from kexecspec.platform.assumed import MEMORY, MEMORY_FACTS
from kexecspec.platform.drivers import ALLOCATIONS, ENUMERATION, find_driver, gates
from kexecspec.platform.facts import Entity, Link, Platform, Reliance
from kexecspec.platform.stated import Stated

KERNEL_FACTS: Mapping[str, tuple[str, ...]] = {
    "adopts": ("smmu3-kexec-adopt", "smmu3-kdump-adopt"),
    "disable_bypass": ("smmu2-disable-bypass-default",),
    "unattached_abort": ("smmu3-unattached-abort", "smmu3-disable-bypass-param"),
    "rpc_registers": ("tee-shm-priv", "optee-rpc-alloc-priv"),
}
"""The features that decide a fact of a kernel (see kernels.py)."""

SHARED_MEMORY = (
    "tee-dynamic-shm", "tee-shm-priv", "tee-shm-priv-accepted", "tee-shm-dynamic-flag", "tee-shm-register-flag",
    "tee-shm-no-dma-buf", "optee-pool-registers-dmabuf", "optee-pool-frees-on-error", "optee-pool-frees-right-pages",
)  # fmt: skip
"""The features that decide what an allocation does, and whether its buffer matters (see drivers.py)."""

ADDED: Mapping[str, tuple[str, ...]] = {
    "pci_clear_master": ("pci-clear-master-on-kexec", "pci-clear-master-always"),
    "port_clear_master": ("pci-port-shutdown",),
    "iommu_probe_device": ("smmu3-unattached-abort", "smmu3-disable-bypass-param"),
}
"""The features that decide an operation that no driver writes (see masters.py)."""

AMOUNTS: Mapping[str, tuple[str, ...]] = {"buffer": ("tee-exact-pages",), "client": ("optee-rpc-arg",)}
"""The features that decide how much of the secure heap the parts of a kind take."""


OF_KERNELS = frozenset(one for table in (KERNEL_FACTS, ADDED) for features in table.values() for one in features)
"""Those that make facts of kernels and operations that no driver writes: no driver has to name them, and no rule."""

DECIDING = OF_KERNELS.union(SHARED_MEMORY, *AMOUNTS.values())
"""All of these."""


class Doubts:
    """What doubts bear on in a platform that was resolved whole and looks at `facts`; each fact is looked at once."""

    def __init__(self, platform: Platform, library: Library, facts: Mapping[str, Stated]) -> None:
        self.platform, self.facts = platform, facts
        self.decided = {name: deciding(fact, platform, library) for name, fact in facts.items()}

    def bear_on(self, doubt: Reliance, names: frozenset[str]) -> bool:
        """Whether what is doubted may decide one of the state variables and facts called `names`. It says yes too
        often rather than too seldom."""
        known = [name for name in names if name in self.facts]
        subject = doubt.subject
        if subject in self.platform.kernels:
            return any(subject in (self.facts[name].kernel, self.facts[name].part) for name in known)
        if subject in self.platform.entities:
            own = any(self.facts[name].part == subject for name in known)
            return own or any(_part_of(name, subject) for name in names)
        if subject == MEMORY:
            return any(name.rpartition(".")[2] in MEMORY_FACTS for name in names)
        if any(subject in self.decided[name] for name in known):
            return True
        kinds = {kind for kind, features in AMOUNTS.items() if subject in features}
        parts = [entity.name for entity in self.platform.entities.values() if kinds.intersection(entity.kinds)]
        return any(_part_of(name, part) for name in names for part in parts)


def deciding(fact: Stated, platform: Platform, library: Library) -> frozenset[str]:
    """The kernel features that may decide `fact`."""
    if fact.kind == "feature":
        return frozenset((fact.key,))
    if fact.kind == "kernel":
        return frozenset(KERNEL_FACTS.get(fact.key, ()))
    entity = platform.entities.get(fact.part)
    if entity is None:
        return frozenset()
    if fact.kind == "operation" and fact.op is not None:
        driver = find_driver(entity.driver, platform.plain, library)
        content = driver.content if driver else {}
        written = content.get("hooks", {}).get(fact.hook, ()) if fact.op.item is not None else ()
        deciding = written[fact.op.item] if fact.op.item is not None else content.get("quiesced_by", {})
        memory = SHARED_MEMORY if fact.op.buffer or fact.op.do in (*ALLOCATIONS, ENUMERATION) else ()
        return frozenset((*gates(deciding), *memory, *ADDED.get(fact.op.do, ())))
    return _of_buffer(entity, platform, library) if "buffer" in entity.kinds else frozenset()


def _of_buffer(entity: Entity, platform: Platform, library: Library) -> frozenset[str]:
    owner = entity.facts.get("owner")
    driver = platform.entities[owner.name].driver if isinstance(owner, Link) else ""
    found = find_driver(driver, platform.plain, library)
    return frozenset((*SHARED_MEMORY, *gates(found.content.get("hooks", {}) if found else {})))


def _part_of(name: str, part: str) -> bool:
    return name.startswith(f"{part}.")
