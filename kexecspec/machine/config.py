"""What a machine is made of: plain frozen facts, given once.

Nothing here decides anything.  A driver's hooks come already filtered for one kernel's features, so that the
machine reads a list of operations and gives each of them the meaning that the kernel's sources give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PAGE = 4096
KIB = 1024
MIB = 1024 * 1024


@dataclass(frozen=True)
class Range:
    """Bytes [start, start + size)."""

    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True)
class MemoryMap:
    """Where RAM is and which of it is spoken for before any kernel runs. Where in the reservation a crash kernel
    makes its own for the next is its choice: `nested` is in all of them, and nobody has put anything there.
    """

    ram: tuple[Range, ...] = (Range(0x8000_0000, 1024 * MIB),)
    reserved: tuple[Range, ...] = ()
    crashkernel: tuple[Range, ...] = ()
    static_shm: Range | None = None
    nested: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Service:
    """A trusted application or pseudo TA, with the flags that decide who may open a second session."""

    name: str
    pseudo: bool = True
    makes_rpc: bool = False
    single_instance: bool = False
    multi_session: bool = True
    keep_alive: bool = False


@dataclass(frozen=True)
class SecureConfig:
    """The TEE: `kind` is optee, amdtee or none.

    `base_use` is what OP-TEE has allocated from its heap before the first kernel.  `session_bytes` is the
    heap cost of a session, header included: sizeof(struct tee_ta_session) is 152 in OP-TEE 3.13.0, so 176.
    `rejects_overlap` is the claim that FF-A shares may not overlap; the sources up to 4.10.0 reject an
    overlap only when one of the two is protected memory, which the machine models whatever this says.
    `lists_devices`: the enumeration of devices opens a session and allocates a buffer, as it does where there is
    something to list; without it those are left out of account.
    `driver_name` and `dev_name` are what the log says.
    """

    kind: str = "optee"
    version: tuple[int, int, int] = (3, 13, 0)
    abi: str = "smc"
    threads: int = 2
    heap_size: int = 65536
    base_use: int = 20000
    session_bytes: int = 176
    dynamic_shm: bool = True
    prealloc_cache: bool = True
    rpc_arg: bool = False
    handles: int | None = 64
    va_space: int = 32 * MIB
    va_leaks: bool = False
    rejects_overlap: bool = False
    services: tuple[Service, ...] = ()
    suspended_threads: int = 0
    supplicant: bool = True
    driver: str = "optee"
    driver_name: str = "optee"
    dev_name: str = "firmware:optee"
    lists_devices: bool = True
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class SmmuConfig:
    """One SMMU.  `version` is 2 for SMMUv1 and v2, 3 for SMMUv3; the rest is what firmware and silicon
    decide.
    """

    name: str
    driver: str = "arm-smmu"
    version: int = 2
    qcom: bool = False
    reset_clientpd: bool = True
    reset_enabled: bool = False
    reset_gbpa_abort: bool = False
    abort_is_fatal: bool = False
    two_level_table: bool = True
    coherent: bool = True
    cmdq_entries: int = 256


@dataclass(frozen=True)
class GicConfig:
    """A GICv3. `its`: it has an ITS, so kernels enable LPIs; `efi`: EFI keeps a list of reservations for them."""

    name: str
    driver: str = "gicv3-its"
    its: bool = True
    efi: bool = False


@dataclass(frozen=True)
class DeviceConfig:
    """A device: a DMA master, a TEE client (bus `tee`, or a `service`), or both.

    `dma` is ring, one-shot, periodic-read, periodic-write, firmware, msi or none.  `recurrent`: the world
    outside keeps giving it work.  `iova` is the window its buffers are mapped at, `posted` how many it
    posts. `quiesced_by`: shutdown and nothing add nothing of their own; core, bus, child and supplier stop
    the engine at the device's turn in the walk.  `driver_name` and `dev_name` are the names that the kernel
    prints, `older_name` the device's in releases before one.  `absent_in`
    names kernels that do not drive it, although they may have its driver.  Of one that does not `drain`, writes
    are still under way in the fabric when it and the port above it may issue no more.
    """

    name: str
    driver: str
    bus: str = "platform"
    smmu: str | None = None
    streams: tuple[int, ...] = ()
    domain: str = "translated"
    iova: Range | None = None
    dma: str = "none"
    recurrent: bool = False
    posted: int = 4
    bus_master: str = "honoured"
    behind_port: bool = False
    drains: bool = True
    quiesced_by: str = "nothing"
    starts_at_probe: bool = True
    service: str | None = None
    suppliers: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    driver_name: str = ""
    dev_name: str = ""
    older_name: tuple[tuple[int, ...], str] | None = None
    absent_in: frozenset[str] = frozenset()

    def printed(self, kernel: KernelConfig) -> tuple[str, str]:
        """What this kernel's log calls driver and device; their own names where nothing else is known."""
        older = self.older_name is not None and kernel.numbers < self.older_name[0]
        device = self.older_name[1] if older and self.older_name else self.dev_name
        return self.driver_name or self.driver, device or self.name


@dataclass(frozen=True)
class Operation:
    """One step of a driver's hook, by the kernel's own name.  In a shutdown hook the parameter `edges` names
    the handoffs on which it is done; without it, on all.
    """

    do: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Hooks:
    """A driver's hooks, as one kernel has them; `runtime` is what it does when it is asked for something."""

    probe: tuple[Operation, ...] = ()
    shutdown: tuple[Operation, ...] = ()
    remove: tuple[Operation, ...] = ()
    runtime: tuple[Operation, ...] = ()


def numbers(release: str) -> tuple[int, ...]:
    """The numbers of a kernel's release, of a candidate those of its release; nothing where it has none."""
    return tuple(int(part) for part in release.split("-")[0].split(".") if part.isdigit())


@dataclass(frozen=True)
class KernelConfig:
    """A kernel, or a payload that is none (`linux` false).

    `kdump` is what is_kdump_kernel() answers where nobody hands on a crash kernel's device tree: elfcorehdr was given.
    `kdump_denied`: it answers no whatever the tree says (elfcorehdr=0xffffffffffffffff, or no CONFIG_CRASH_DUMP).
    `disable_bypass` is the value of the
    SMMU driver's parameter after defaults and command line.  `drivers` holds the hooks of each driver it
    has, `device_hooks` those of devices that differ from others of their driver.
    """

    name: str
    features: frozenset[str] = frozenset()
    release: str = "6.1.0"
    kdump: bool = False
    kdump_denied: bool = False
    disable_bypass: bool = True
    passthrough: bool = False
    linux: bool = True
    smmu_aware: bool = True
    adopts: bool = False
    drivers: Mapping[str, Hooks] = field(default_factory=dict)
    device_hooks: Mapping[str, Hooks] = field(default_factory=dict)
    probe_order: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    min_threads: int = 1

    def hooks(self, device: DeviceConfig) -> Hooks | None:
        """What this kernel does with a device; None without its driver."""
        return self.device_hooks.get(device.name, self.drivers.get(device.driver))

    def has(self, feature: str) -> bool:
        """Whether the kernel has this feature."""
        return feature in self.features

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of `release`, for the wording of its log."""
        return numbers(self.release)


@dataclass(frozen=True)
class MachineConfig:
    """The whole machine; `warm_clears` is what its reset clears."""

    kernels: tuple[KernelConfig, ...]
    memory: MemoryMap = MemoryMap()
    secure: SecureConfig = SecureConfig()
    smmus: tuple[SmmuConfig, ...] = ()
    devices: tuple[DeviceConfig, ...] = ()
    gics: tuple[GicConfig, ...] = ()
    warm_clears: frozenset[str] = frozenset({"secure_world", "smmus", "devices"})

    def kernel(self, name: str) -> KernelConfig:
        """The kernel of that name; KeyError when there is none."""
        for kernel in self.kernels:
            if kernel.name == name:
                return kernel
        raise KeyError(name)
