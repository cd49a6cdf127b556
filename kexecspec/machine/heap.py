"""OP-TEE's core heap, and its pool of virtual addresses for shared memory: counters with exact costs.

bget gives each buffer a 16-byte header and rounds its size up to 16 (lib/libutils/isoc/bget.c and
bget_malloc.c @3.13.0: SizeQuant 16 and struct bhead of two words on LP64).  Holes are not modelled: bget is
first fit unless CFG_CORE_BGET_BESTFIT is set, so a real heap may refuse earlier than its bytes say, never
later.
"""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.machine.config import PAGE

HEADER = 16
QUANTUM = 16
REG_SHM = 72  # sizeof(struct mobj_reg_shm), core/arch/arm/mm/mobj_dyn_shm.c@3.13.0
OLD_REG_SHM = (((3, 9, 0), REG_SHM), ((3, 8, 0), 80), ((3, 3, 0), REG_SHM), ((2, 6, 0), 64), ((0, 0, 0), 56))
# The same from that release on, of its declaration in mobj_dyn_shm.c@3.9.0 (72) and @3.8.0 (75, aligned), and in
# core/arch/arm/mm/mobj.c@3.3.0 (69, aligned), @2.6.0 and @2.5.0, with struct mobj of mobj.h (24 bytes, 32 from 3.8.0).
FFA_SHM = 72  # sizeof(struct mobj_ffa_shm), core/arch/arm/mm/mobj_ffa.c@4.9.0, and of struct mobj_ffa @4.4.0
OLD_FFA_SHM = 64  # sizeof(struct mobj_ffa) without inactive_refs, core/arch/arm/mm/mobj_ffa.c@3.13.0 and @3.18.0
PADDR = 8


def cost(size: int) -> int:
    """Heap bytes that an allocation of `size` bytes takes."""
    return max((size + QUANTUM - 1) // QUANTUM * QUANTUM, QUANTUM) + HEADER


def object_size(abi: str, version: tuple[int, int, int]) -> int:
    """The structure that a registration is kept in, without its pages."""
    if abi == "ffa":
        return FFA_SHM if version >= (4, 0, 0) else OLD_FFA_SHM
    return next(size for since, size in OLD_REG_SHM if version >= since)


def mobj_cost(pages: int, struct: int = REG_SHM) -> int:
    """What a registration of that many pages costs for as long as it lives."""
    return cost(struct + PADDR * pages)


def page_array_cost(pages: int) -> int:
    """What the page array costs while a registration is being made (msg_param_mobj_from_noncontig)."""
    return cost(PADDR * pages)


@dataclass
class Pool:
    """So many bytes, of which some are used; `refusals` counts what did not fit."""

    size: int
    used: int = 0
    refusals: int = 0

    @property
    def free(self) -> int:
        return self.size - self.used

    def take(self, amount: int) -> bool:
        """Take an amount, or refuse and change nothing."""
        if amount > self.free:
            self.refusals += 1
            return False
        self.used += amount
        return True

    def give(self, amount: int) -> None:
        """Give an amount back."""
        self.used -= amount


def va_cost(pages: int) -> int:
    """Bytes of the shared-memory address pool that a mapping takes."""
    return pages * PAGE
