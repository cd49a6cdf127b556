"""The two generations of Arm SMMU: registers, stream tables, and what they make of one transaction.

SMMUv1 and v2 from drivers/iommu/arm/arm-smmu/arm-smmu.{c,h} @6.12.117 and Arm IHI 0062; SMMUv3 from
arm-smmu-v3.{c,h} @6.12.117 and Arm IHI 0070 (GBPA, STE.Config, C_BAD_STREAMID, F_TRANSLATION).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kexecspec.machine.config import SmmuConfig

STRTAB_SPLIT = 8


class Result(StrEnum):
    """What becomes of a transaction."""

    OK = "OK"
    FAULT = "FAULT"
    ABORT = "ABORT"


class Entry(StrEnum):
    """What a stream's entry says."""

    TRANSLATE = "TRANSLATE"
    BYPASS = "BYPASS"
    ABORT = "ABORT"
    UNKNOWN = "UNKNOWN"


@dataclass(eq=False)
class PageTable:
    """A translation table: who made it, in which page it lies, and what it maps (pages, not bytes)."""

    generation: int
    page: int
    spans: list[tuple[int, int, int]] = field(default_factory=list)

    def look_up(self, page: int) -> int | None:
        """The physical page behind an I/O page."""
        for iova, physical, count in self.spans:
            if iova <= page < iova + count:
                return physical + page - iova
        return None


@dataclass
class Stream:
    """A stream's entry, the table it points at, and the kernel that wrote it."""

    entry: Entry
    generation: int
    table: PageTable | None = None
    fault_irq: bool = True


@dataclass(frozen=True)
class Translation:
    """The outcome of one transaction; `irq` says whether the SMMU interrupts the processor about it."""

    result: Result
    how: str
    page: int | None = None
    table: PageTable | None = None
    irq: bool = False
    lines: tuple[str, ...] = ()


@dataclass
class SmmuV2:
    """sCR0's CLIENTPD, USFCFG and GFIE (with GFRE, GCFGFIE and GCFGFRE), and the stream mapping entries."""

    config: SmmuConfig
    clientpd: bool = True
    usfcfg: bool = False
    gfie: bool = False
    streams: dict[int, Stream] = field(default_factory=dict)
    bound: bool = False

    def reset(self) -> None:
        """The state that firmware leaves."""
        self.clientpd, self.usfcfg, self.gfie = self.config.reset_clientpd, False, False
        self.streams, self.bound = {}, False

    @property
    def translates(self) -> bool:
        """Whether any client traffic is looked at."""
        return not self.clientpd

    def translate(self, stream: int, page: int, write: bool) -> Translation:
        """One transaction of a stream to an I/O page."""
        if self.clientpd:
            return Translation(Result.OK, "bypass", page)
        found = self.streams.get(stream)
        if found is None:
            if not self.usfcfg:
                return Translation(Result.OK, "bypass", page)
            return Translation(Result.FAULT, "unmatched", irq=self.gfie, lines=self._unmatched(stream, write))
        if found.entry is Entry.BYPASS:
            return Translation(Result.OK, "bypass", page)
        if found.entry is not Entry.TRANSLATE or found.table is None:
            return Translation(Result.FAULT, "stream-fault", irq=self.gfie, lines=self._global(stream, write))
        physical = found.table.look_up(page)
        if physical is not None:
            return Translation(Result.OK, "translated", physical, found.table)
        irq = found.fault_irq
        return Translation(
            Result.FAULT, "context", table=found.table, irq=irq, lines=self._context(page, write, stream)
        )

    def old_words(self, stream: int, write: bool) -> tuple[str, ...]:
        """What a driver without CONFIG_ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT says of an unmatched stream."""
        first, second = self._global(stream, write)
        return first, second.replace("GFSR 0x00000001", "GFSR 0x00000002")

    def _unmatched(self, stream: int, write: bool) -> tuple[str, ...]:
        name = self.config.name
        return (
            (
                f"arm-smmu {name}: Blocked unknown Stream ID 0x{stream & 0xFFFF:x}; boot with "
                '"arm-smmu.disable_bypass=0" to allow, but this may have security implications'
            ),
            (
                f"arm-smmu {name}: \tGFSR 0x00000002, GFSYNR0 0x{2 if write else 0:08x}, "
                f"GFSYNR1 0x{stream:08x}, GFSYNR2 0x00000000"
            ),
        )

    def _global(self, stream: int, write: bool) -> tuple[str, ...]:
        name = self.config.name
        return (
            f"arm-smmu {name}: Unexpected global fault, this could be serious",
            (
                f"arm-smmu {name}: \tGFSR 0x00000001, GFSYNR0 0x{2 if write else 0:08x}, "
                f"GFSYNR1 0x{stream:08x}, GFSYNR2 0x00000000"
            ),
        )

    def _context(self, page: int, write: bool, stream: int) -> tuple[str, ...]:
        return (
            (
                f"arm-smmu {self.config.name}: Unhandled context fault: fsr=0x402, iova=0x{page << 12:08x}, "
                f"fsynr=0x{0x11 if write else 0x1:x}, cbfrsynra=0x{stream:x}, cb=0"
            ),
        )


@dataclass
class SmmuV3:
    """CR0's SMMUEN, CMDQEN and EVTQEN, GBPA.ABORT, the stream table, and the command queue.

    `unlisted` is what a stream without an entry of its own meets: with a two-level table it has no second
    level yet, which is C_BAD_STREAMID; with a linear one the driver's initial entry. `spans` are the second levels
    that there are, by their number in the first, each with what its entries were written as.
    """

    config: SmmuConfig
    smmuen: bool = False
    cmdqen: bool = False
    evtqen: bool = False
    gbpa_abort: bool = False
    streams: dict[int, Stream] = field(default_factory=dict)
    spans: dict[int, Entry] = field(default_factory=dict)
    unlisted: Entry = Entry.UNKNOWN
    table_generation: int = 0
    table_page: int | None = None
    queued: int = 0
    bound: bool = False

    def reset(self) -> None:
        """The state that firmware leaves."""
        self.smmuen, self.gbpa_abort = self.config.reset_enabled, self.config.reset_gbpa_abort
        self.cmdqen = self.evtqen = self.bound = False
        self.streams, self.spans, self.unlisted, self.table_generation = {}, {}, Entry.BYPASS, 0
        self.table_page, self.queued = None, 0

    @property
    def translates(self) -> bool:
        """Whether any client traffic is looked at."""
        return self.smmuen

    def translate(self, stream: int, page: int, write: bool) -> Translation:
        """One transaction of a stream to an I/O page."""
        if not self.smmuen:
            if self.gbpa_abort:
                return Translation(Result.ABORT, "gbpa")
            return Translation(Result.OK, "bypass", page)
        found = self.streams.get(stream)
        entry = found.entry if found else self.first_entry(stream)
        if entry is Entry.BYPASS:
            return Translation(Result.OK, "bypass", page)
        if entry is Entry.ABORT:
            return Translation(Result.ABORT, "ste-abort")
        if found is None or found.table is None:
            return Translation(
                Result.FAULT, "bad-streamid", irq=self.evtqen, lines=self._event(0x02, stream)
            )
        physical = found.table.look_up(page)
        if physical is not None:
            return Translation(Result.OK, "translated", physical, found.table)
        lines = self._event(0x10, stream, page)
        return Translation(Result.FAULT, "translation", table=found.table, irq=self.evtqen, lines=lines)

    def first_entry(self, stream: int) -> Entry:
        """What a stream meets that nobody attached."""
        return self.spans.get(stream >> STRTAB_SPLIT, self.unlisted)

    def sync(self) -> tuple[str, ...]:
        """A command and its CMD_SYNC: nothing when they complete, else what the driver prints after a
        second.
        """
        if self.cmdqen:
            return ()
        self.queued += 2
        if self.queued > self.config.cmdq_entries:
            return (f"arm-smmu-v3 {self.config.name}: CMDQ timeout",)
        return (
            (
                f"arm-smmu-v3 {self.config.name}: CMD_SYNC timeout at 0x{self.queued:08x} "
                f"[hwprod 0x{self.queued:08x}, hwcons 0x00000000]"
            ),
        )

    @property
    def queue_full(self) -> bool:
        """Whether the last command found no room, which never comes: the queue takes as many as it has entries."""
        return self.queued > self.config.cmdq_entries

    def _event(self, code: int, stream: int, page: int | None = None) -> tuple[str, ...]:
        """The record of an event; C_BAD_STREAMID has no address."""
        name = self.config.name
        words = ((stream << 32) | code, 0, (page or 0) << 12, 0)
        return (
            f"arm-smmu-v3 {name}: event 0x{code:02x} received:",
            *(f"arm-smmu-v3 {name}: \t0x{word:016x}" for word in words),
        )


Smmu = SmmuV2 | SmmuV3


def new_smmu(config: SmmuConfig) -> Smmu:
    """The SMMU that the configuration asks for, as firmware leaves it."""
    smmu: Smmu = SmmuV3(config) if config.version >= 3 else SmmuV2(config)
    smmu.reset()
    return smmu
