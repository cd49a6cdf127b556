"""How seldom Python looks for garbage that refers to itself."""

from __future__ import annotations

import gc

SELDOM = (500_000, 20, 100)


def look_seldom() -> None:
    """Has this process look for it seldom. Almost all that a command makes lives to its end or goes when nobody refers
    to it; looking through it took up to a third of the time of a large import or check."""
    gc.set_threshold(*SELDOM)
