"""The state that every part of the machine shares, and the few things that all of them do to it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kexecspec.machine.config import KernelConfig, MachineConfig
from kexecspec.machine.ffa import FfaPartition
from kexecspec.machine.harms import Event, Harm, HarmKind, KernelLog, Outcome, oops
from kexecspec.machine.memory import PageAllocator, PhysicalMemory, pages_of, slice_of, usable_pages, without
from kexecspec.machine.secure import SecureWorld

if TYPE_CHECKING:
    from kexecspec.machine.devices import Device
    from kexecspec.machine.interrupts import Gic
    from kexecspec.machine.iommu_driver import IommuCore
    from kexecspec.machine.smmu import Smmu
    from kexecspec.machine.tee_driver import TeeDriver

Steps = Generator[Event, None, int]
"""A piece of the kernel's program: events on the way, an errno (0 for success) at the end."""


class KernelDied(Exception):
    """The running kernel oopsed; it does nothing any more."""


@dataclass
class Staged:
    """An image that waits for its handoff."""

    kernel: str
    generation: int


@dataclass
class State:
    """Everything that there is.  One instance per machine; parts are given it and change it.

    Of the running kernel's /chosen: `limited` is linux,usable-memory-range, the crashkernel ranges, and `headers`
    linux,elfcorehdr.
    """

    config: MachineConfig
    memory: PhysicalMemory
    secure: SecureWorld
    ffa: FfaPartition
    log: KernelLog = field(default_factory=KernelLog)
    harms: list[Harm] = field(default_factory=list)
    smmus: dict[str, Smmu] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    gics: dict[str, Gic] = field(default_factory=dict)
    generation: int = 0
    kernel: KernelConfig | None = None
    allocator: PageAllocator | None = None
    tee: TeeDriver | None = None
    iommu: IommuCore | None = None
    staged: Staged | None = None
    entered_by: str = "reset"
    phase: str = "off"
    window: str = ""
    user_space: bool = True
    supplicant: bool = True
    dead: bool = False
    cookies: int = 0
    next_cookie: int | None = None
    fail_next: str | None = None
    rpc_at_open: bool = False
    crashes: int = 0
    limited: bool = False
    headers: bool = False

    def running(self) -> KernelConfig:
        """The running kernel; ValueError when none runs."""
        if self.kernel is None:
            raise ValueError("no kernel runs")
        return self.kernel

    def kdump(self) -> bool:
        """What is_kdump_kernel() answers in the running kernel."""
        kernel = self.running()
        return kernel.kdump or self.headers and kernel.linux and self.entered_by == "kexec" and not kernel.kdump_denied

    def pages(self) -> PageAllocator:
        """The running kernel's page allocator; ValueError when none runs."""
        if self.allocator is None:
            raise ValueError("no kernel runs")
        return self.allocator

    def tee_driver(self) -> TeeDriver:
        """The running kernel's TEE driver; ValueError when no kernel runs."""
        if self.tee is None:
            raise ValueError("no kernel runs")
        return self.tee

    def iommu_core(self) -> IommuCore:
        """The running kernel's IOMMU core; ValueError when no kernel runs."""
        if self.iommu is None:
            raise ValueError("no kernel runs")
        return self.iommu

    def fresh_cookie(self) -> int:
        """The address of the next struct tee_shm: no two kernels have the same, unless the world says so."""
        if self.next_cookie is not None:
            cookie, self.next_cookie = self.next_cookie, None
            return cookie
        self.cookies += 1
        return 0xFFFF_0000_0000_0000 + (self.generation << 24) + self.cookies * 0x100

    def harm(self, kind: HarmKind, where: str, *lines: str, **detail: object) -> Harm:
        """Record a harm, with what the kernel printed about it, which may be nothing."""
        harm = Harm(kind, where, lines, {"generation": self.generation, **detail})
        self.harms.append(harm)
        return harm

    def die(self, where: str, lines: tuple[str, ...], **detail: object) -> KernelDied:
        """The running kernel oopses here."""
        self.dead = True
        self.log.say(
            *lines,
            "---[ end trace 0000000000000000 ]---",
            "Kernel panic - not syncing: Oops: Fatal exception",
        )
        self.harm(HarmKind.OOPS, where, *lines, **detail)
        return KernelDied(where)

    def dereference(self, cookie: int, known: bool, site: str, pc: str, lr: str) -> None:
        """The kernel follows a pointer that secure world gave it; one that it never made is not mapped."""
        if not known:
            raise self.die(site, oops(cookie + 0x44, pc, lr, self.running().numbers), cookie=cookie)

    def secure_write(
        self, pages: tuple[tuple[int, int], ...], writer: str, generation: int, **detail: object
    ) -> bool:
        """Secure world writes there: whoever else owns a page of it now is corrupted."""
        hit = False
        for start, count in pages:
            for victim in self.memory.extents:
                if victim.meets(start, count) and victim.generation != generation:
                    victim.contents, victim.writer, hit = "garbage", writer, True
                    self.harm(
                        HarmKind.CORRUPTION,
                        writer,
                        f"page {start:#x} of {victim.purpose} was written by {writer}",
                        page=start,
                        victim=victim.purpose,
                        owner=victim.generation,
                        **detail,
                    )
        return hit

    def boot_memory(self, crash: bool) -> None:
        """A new kernel's allocator over the memory that it may use; a crash kernel that another one loaded lives in
        a part of the reservation that this one does not use.
        """
        usable = usable_pages(self.config.memory, crash)
        nested = tuple(map(pages_of, self.config.memory.nested)) if crash else ()
        if self.crashes > 1:
            usable = slice_of(usable, self.crashes - 1) + nested
        for gic in self.gics.values():
            usable = without(usable, gic.listed)
        self.allocator = PageAllocator(self.memory, self.generation, usable, spared=nested)


def waiting(actor: str, operation: str, why: str, **detail: object) -> Event:
    """An event that says: not done yet."""
    return Event(actor, operation, Outcome.WAITING, {"why": why, **detail})
