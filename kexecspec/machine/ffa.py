"""The FF-A half of the TEE: shares with handles that the SPMC gives out, and the RX/TX buffer pair.

From core/arch/arm/kernel/thread_spmc.c and core/arch/arm/mm/mobj_ffa.c @4.9.0, with an SPMC at S-EL1.
Overlap is looked at only between ordinary and protected memory: cmp_pa_overlap says yes to two ordinary
shares, there and at 4.10.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kexecspec.machine.heap import mobj_cost, object_size
from kexecspec.machine.objects import Pages, Registration
from kexecspec.machine.secure import SecureWorld

FFA_OK, FFA_INVALID_PARAMETERS, FFA_NO_MEMORY, FFA_BUSY, FFA_DENIED = 0, -2, -3, -4, -6
FIRST_HANDLE = 1 << 62


@dataclass
class FfaPartition:
    """What the SPMC keeps for the normal world; registrations live in the secure world's own list."""

    secure: SecureWorld
    used: set[int] = field(default_factory=set)
    rxtx_generation: int | None = None

    def reset(self) -> None:
        """A platform reset."""
        self.used, self.rxtx_generation = set(), None

    @property
    def handles(self) -> tuple[Registration, ...]:
        """Every live share, newest first."""
        return tuple(one for one in self.secure.registrations if one.explicit)

    def rxtx_map(self, generation: int) -> int:
        """FFA_RXTX_MAP: denied while a pair is mapped, whoever mapped it."""
        if self.rxtx_generation is not None:
            return FFA_DENIED
        self.rxtx_generation = generation
        return FFA_OK

    def rxtx_unmap(self) -> int:
        """FFA_RXTX_UNMAP."""
        self.rxtx_generation = None
        return FFA_OK

    def share(self, pages: Pages, generation: int, client: str) -> tuple[int, int]:
        """FFA_MEM_SHARE: a handle, or why not."""
        secure = self.secure
        secure.refusal = ""
        bit = next(n for n in range(len(self.used) + 1) if n not in self.used)
        if secure.config.handles is not None and bit >= secure.config.handles:
            secure.refusal = "handles"
            return FFA_NO_MEMORY, 0
        count = sum(size for _, size in pages)
        if not secure.heap.take(self._cost(count)):
            secure.refusal = "heap"
            return FFA_NO_MEMORY, 0
        if self._overlaps(pages):
            secure.heap.give(self._cost(count))
            secure.refusal = "overlap"
            return FFA_INVALID_PARAMETERS, 0
        self.used.add(bit)
        secure.registrations.insert(0, Registration(FIRST_HANDLE | bit, pages, generation, client))
        return FFA_OK, FIRST_HANDLE | bit

    def _cost(self, pages: int) -> int:
        config = self.secure.config
        return mobj_cost(pages, object_size(config.abi, config.version))

    def reclaim(self, handle: int) -> int:
        """OPTEE_FFA_UNREGISTER_SHM and FFA_MEM_RECLAIM: busy while a thread still uses the memory."""
        found = self.secure.find(handle)
        if found is None:
            return FFA_INVALID_PARAMETERS
        if found.refs:
            return FFA_BUSY
        self.secure.registrations.remove(found)
        self.secure.heap.give(self._cost(found.count))
        self.used.discard(handle & ~FIRST_HANDLE)
        return FFA_OK

    def _overlaps(self, pages: Pages) -> bool:
        secure = self.secure
        taken = [(start, count) for start, count, _ in secure.protected]
        if secure.config.rejects_overlap:
            taken += [piece for one in self.handles for piece in one.pages]
        return any(s < first + count and first < s + size for s, size in taken for first, count in pages)
