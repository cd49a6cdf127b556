"""Memory as a platform file has it."""

from __future__ import annotations

from kexecspec.importers.board import Board, Span
from kexecspec.importers.compose.parts import Part, part
from kexecspec.importers.facts import Fact, Place
from kexecspec.quantities import format_range

MOST = 500
"""No more regions than this are written."""


def memory(board: Board) -> Part | None:
    """RAM, what no kernel allocates from, and the place of the crash kernel; None where RAM is not known."""
    banks = board.ram.value
    if banks is None:
        return None
    kept = _within(board, banks)
    reserved = Fact([format_range(*span) for span, _ in kept], tuple(dict.fromkeys(p for _, p in kept)))
    crash = board.crashkernel
    inside = crash.value is not None and any(_holds(bank, crash.value) for bank in banks)
    written = Fact(format_range(*crash.value), crash.places) if inside and crash.value is not None else None
    return part(
        {
            "ram": Fact([format_range(*bank) for bank in banks], board.ram.places),
            "reserved": reserved if kept else None,
            "crashkernel": written or Fact(None, crash.places, "unknown"),
        }
    )


def _within(board: Board, banks: tuple[Span, ...]) -> list[tuple[Span, Place]]:
    """The regions of firmware, as far as they lie in RAM; none where they would leave nothing of it."""
    found: dict[Span, Place] = {}
    for region in board.regions:
        if region.owner == "firmware" and region.span.value is not None:
            for bank in banks:
                piece = _common(bank, region.span.value)
                if piece is not None:
                    found.setdefault(piece, region.span.places[0])
    left = any(all(bank != piece for piece in found) for bank in banks)
    return sorted(found.items())[:MOST] if left else []


def _common(bank: Span, span: Span) -> Span | None:
    start, end = max(bank[0], span[0]), min(sum(bank), sum(span))
    return (start, end - start) if start < end else None


def _holds(bank: Span, span: Span) -> bool:
    return bank[0] <= span[0] and sum(span) <= sum(bank)
