"""The fewest of many things that still do it, found by leaving things out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def smallest(items: Sequence[T], does: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """Some of `items`, in order, that `does` holds for and of which none can be left out alone. It must hold for all of
    them; whatever it says of the others, it holds for what is returned."""
    kept = tuple(items)
    size = len(kept)
    while size:
        start, dropped = 0, False
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            if does(rest):
                kept, dropped = rest, True
            else:
                start += size
        size = size if size == 1 and dropped else size // 2
    return kept
