"""What nobody could tell, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """Something that is open: what, why it matters or is not known, and the option that answers it."""

    asks: str
    why: str
    answer: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Devices that are not in the platform file, for one reason."""

    names: tuple[str, ...]
    why: str
