"""Physical pages: who owns them, for what, and who wrote them last.

Pages are kept as extents, so that a registration of a thousand pages is one object.  Only a generation that
runs, or an image that is staged, owns pages: a dead kernel's pages belong to nobody.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from kexecspec.machine.config import PAGE, MemoryMap, Range

SLICES = 8

@dataclass
class Extent:
    """`count` pages from page number `start`, owned by `generation` for `purpose`."""

    start: int
    count: int
    generation: int
    purpose: str
    contents: str = "zero"
    writer: str = ""

    @property
    def end(self) -> int:
        return self.start + self.count

    def holds(self, page: int) -> bool:
        """Whether this page is one of them."""
        return self.start <= page < self.end

    def meets(self, start: int, count: int) -> bool:
        """Whether any of these pages is one of them."""
        return self.start < start + count and start < self.end


_start = attrgetter("start")


def pages_of(span: Range) -> tuple[int, int]:
    """First page and number of pages of a byte range."""
    first = span.start // PAGE
    return first, (span.end + PAGE - 1) // PAGE - first


@dataclass
class PhysicalMemory:
    """All pages of the machine that anybody owns, as extents in their order; no two of them meet."""

    map: MemoryMap
    extents: list[Extent] = field(default_factory=list)

    def is_ram(self, page: int) -> bool:
        """Whether there is RAM at this page."""
        return any(span.start <= page * PAGE < span.end for span in self.map.ram)

    def is_ram_of_kernels(self, page: int) -> bool:
        """Whether there is RAM at this page that firmware or a device has not reserved."""
        reserved = any(span.start <= page * PAGE < span.end for span in self.map.reserved)
        return self.is_ram(page) and not reserved

    def owner(self, page: int) -> Extent | None:
        """Who owns this page now."""
        return next(iter(self.meeting(page, 1)), None)

    def meeting(self, start: int, count: int) -> Sequence[Extent]:
        """The extents that have any of these pages."""
        first = bisect_right(self.extents, start, key=_start) - 1
        last = bisect_left(self.extents, start + count, key=_start)
        found = self.extents[max(0, first) : last]
        return found if not found or found[0].meets(start, count) else found[1:]

    def own(self, generation: int) -> tuple[Extent, ...]:
        """Everything that a generation owns."""
        return tuple(extent for extent in self.extents if extent.generation == generation)

    def take(self, start: int, count: int, generation: int, purpose: str) -> Extent:
        """Give these pages to a generation."""
        extent = Extent(start, count, generation, purpose)
        insort(self.extents, extent, key=_start)
        return extent

    def release(self, extent: Extent) -> None:
        """Give an extent back, if it is still owned."""
        place = bisect_left(self.extents, extent.start, key=_start)
        if self.extents[place : place + 1] == [extent]:
            del self.extents[place]

    def tear(self, start: int, count: int) -> tuple[Extent, ...]:
        """Free these pages whoever owns them, and say whose they were."""
        victims = tuple(self.meeting(start, count))
        for victim in victims:
            self.release(victim)
            for first, last in ((victim.start, start), (start + count, victim.end)):
                if last > first:
                    self.take(first, last - first, victim.generation, victim.purpose)
        return victims

    def forget(self, keep: int) -> None:
        """A kernel died: only what this generation owns is still owned."""
        self.extents = [extent for extent in self.extents if extent.generation == keep]


@dataclass
class PageAllocator:
    """A kernel's page allocator: upwards through the memory it may use, unless told where.

    `place` is the page that the next allocation gets.  A page that is not this kernel's to give raises
    ValueError.  What is `spared` is its own too and is given out only by name.
    """

    memory: PhysicalMemory
    generation: int
    usable: tuple[tuple[int, int], ...]
    cursor: int = 0
    place: int | None = None
    spared: tuple[tuple[int, int], ...] = ()

    def may_use(self, page: int) -> bool:
        """Whether the page is in the memory that this kernel was told to use."""
        return any(start <= page < start + count for start, count in self.usable)

    def is_free(self, start: int, count: int) -> bool:
        """Whether the whole run is usable and nobody's."""
        fits = any(first <= start and start + count <= first + size for first, size in self.usable)
        return fits and not self.memory.meeting(start, count)

    def alloc(self, count: int, purpose: str) -> Extent | None:
        """`count` contiguous pages, or None when no run is long enough."""
        start = self._placed(count) if self.place is not None else self._next(count)
        if start is None:
            return None
        return self.memory.take(start, count, self.generation, purpose)

    def free(self, extent: Extent) -> None:
        """Give an extent back; the last one given out is given out again first."""
        if extent.end == self.cursor:
            self.cursor = extent.start
        self.memory.release(extent)

    def _placed(self, count: int) -> int:
        start, self.place = self.place, None
        assert start is not None
        if not self.is_free(start, count):
            raise ValueError(f"page {start:#x} is not free for {count} pages")
        return start

    def _next(self, count: int) -> int | None:
        for low in (self.cursor, 0):
            for first, size in self.usable:
                start = self._fit(max(first, low), first + size, count)
                if start is not None:
                    self.cursor = start + count
                    return start
        return None

    def _fit(self, start: int, end: int, count: int) -> int | None:
        while start + count <= end:
            clash = [extent.end for extent in self.memory.meeting(start, count)]
            clash += [first + size for first, size in self.spared if first < start + count and start < first + size]
            if not clash:
                return start
            start = max(clash)
        return None


def usable_pages(memory: MemoryMap, crash: bool) -> tuple[tuple[int, int], ...]:
    """The memory that a kernel may use: the crashkernel ranges, or RAM without everything that is spoken
    for.
    """
    if crash:
        return tuple(pages_of(span) for span in memory.crashkernel)
    taken = [*memory.reserved, *memory.crashkernel, *([memory.static_shm] if memory.static_shm else [])]
    return without(tuple(pages_of(span) for span in memory.ram), [pages_of(span) for span in taken])


def without(usable: tuple[tuple[int, int], ...], taken: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """What is left of runs of pages."""
    for start, count in taken:
        usable = tuple(piece for first, size in usable for piece in _without(first, size, start, count))
    return usable


def slice_of(usable: tuple[tuple[int, int], ...], number: int) -> tuple[tuple[int, int], ...]:
    """One of SLICES equal parts of each run of pages."""
    return tuple((start + count // SLICES * (number % SLICES), count // SLICES) for start, count in usable)


def _without(first: int, size: int, start: int, count: int) -> list[tuple[int, int]]:
    if start >= first + size or start + count <= first:
        return [(first, size)]
    pieces = []
    if start > first:
        pieces.append((first, start - first))
    if start + count < first + size:
        pieces.append((start + count, first + size - start - count))
    return pieces
