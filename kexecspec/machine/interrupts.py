"""The LPI tables of a GICv3: memory of one kernel that the redistributors go on using under the next.

its_init, allocate_lpi_tables, gic_check_reserved_range and redist_disable_lpis from drivers/irqchip/irq-gic-v3-its.c,
efi_mem_reserve_persistent from drivers/firmware/efi/efi.c, @6.1.192 and 6.12.117.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kexecspec.machine.config import PAGE, GicConfig
from kexecspec.machine.harms import HarmKind
from kexecspec.machine.memory import PageAllocator, PhysicalMemory

PROPERTY_PAGES, PENDING_PAGES = 16, 16
FEATURE = "gicv3-lpi-tables-reserved"
Pages = tuple[int, int]


@dataclass
class Gic:
    """The redistributors of one GICv3. `tables` are the property table and the pending table, as pages, and
    `generation` the kernel that allocated them; `listed` is EFI's list of reservations, which only a reset empties.
    `covered`: the next kernel's image is put where the property table lies, which is the world's choice.
    """

    config: GicConfig
    enabled: bool = False
    generation: int = 0
    tables: tuple[Pages, ...] = ()
    listed: list[Pages] = field(default_factory=list)
    covered: bool = False

    def reset(self) -> None:
        """A platform reset turns LPIs off and starts the firmware anew."""
        self.enabled, self.generation, self.tables = False, 0, ()
        self.listed.clear()

    @property
    def reserved(self) -> bool:
        """Whether every later kernel leaves the memory of the tables in use alone."""
        return bool(self.tables) and all(table in self.listed for table in self.tables)


@dataclass(frozen=True)
class Booting:
    """What the start of the interrupt controller knows of the kernel that starts."""

    memory: PhysicalMemory
    pages: PageAllocator
    generation: int
    kdump: bool
    knows_reservations: bool


@dataclass(frozen=True)
class Started:
    """What the kernel said, and the pages of its own memory that were written."""

    lines: tuple[str, ...] = ()
    hit: tuple[int, ...] = ()

    @property
    def harm(self) -> HarmKind | None:
        """What was suffered, if anything was."""
        return HarmKind.CORRUPTION if self.hit else None


def init_lpis(gic: Gic, booting: Booting) -> Started:
    """its_init and its_cpu_init of a kernel that starts: find LPIs enabled or not, then go on with the tables that are
    there or make new ones.
    """
    covered, gic.covered = gic.covered, False
    if not gic.config.its:
        return Started()
    if not gic.enabled:
        _allocate(gic, booting)
        return Started()
    if booting.knows_reservations and _allowed(gic, booting, covered):
        return Started(("GICv3: Using preallocated redistributor tables",), tuple(_written(gic.tables[:1], booting)))
    checked = (_not_reserved(gic.tables[0]),) if booting.knows_reservations else ()
    lines = (*checked, "GICv3: CPU0: Booted with LPIs enabled, memory probably corrupted")
    hit = tuple(_written(gic.tables, booting))
    _allocate(gic, booting)
    return Started(lines, hit)


def left_enabled(gic: Gic, booting: Booting) -> Started:
    """A kernel starts that does nothing about interrupt controllers: the redistributors keep pending bits in the
    pending table that they have (Arm IHI 0069, GICR_PENDBASER), whoever's memory that is now."""
    if not gic.enabled or gic.reserved and booting.knows_reservations:
        return Started()
    return Started((), tuple(_written(gic.tables[1:], booting)))


def _allowed(gic: Gic, booting: Booting, covered: bool) -> bool:
    """enabled_lpis_allowed: the property table is in a reserved range, whatever that is reserved for."""
    return booting.kdump or gic.tables[0] in gic.listed or covered


def _not_reserved(table: Pages) -> str:
    """What gic_check_reserved_range says of the property table; both addresses are the table's own."""
    start, end = table[0] * PAGE, (table[0] + table[1]) * PAGE - 1
    return f"GICv3: Expected reserved range [0x{start:016x}:0x{end:016x}], not found"


def _written(tables: tuple[Pages, ...], booting: Booting) -> Iterator[int]:
    """The pages of these tables that are memory of the kernel that starts; whatever it put there is lost."""
    for start, count in tables:
        for victim in booting.memory.meeting(start, count):
            victim.contents, victim.writer = "garbage", "LPI table"
        yield from (page for page in range(start, start + count) if booting.pages.may_use(page))


def _allocate(gic: Gic, booting: Booting) -> None:
    """New tables, reserved for ever where EFI has a list for that."""
    sizes = (PROPERTY_PAGES, PENDING_PAGES)
    made = [booting.pages.alloc(count, "LPI table") for count in sizes]
    gic.tables = tuple((extent.start, extent.count) for extent in made if extent is not None)
    gic.enabled, gic.generation = True, booting.generation
    if gic.config.efi and booting.knows_reservations:
        gic.listed.extend(gic.tables)
