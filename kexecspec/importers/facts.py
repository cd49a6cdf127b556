"""A fact that was read somewhere: its value, the places that say so, and how far it can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Confidence = Literal["read", "assumed", "unknown"]
"""read: it stands in the places named. assumed: nobody said so, and it is taken to be so. unknown: left open."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact was read: a line of a file, a node of a device tree, or a file as a whole."""

    file: str
    line: int = 0
    node: str = ""

    def __str__(self) -> str:
        """As messages and platform files write it: `drivers/x.c:120` or `board.dtb:/soc/usb@3100000`."""
        if self.node:
            return f"{self.file}:{self.node}"
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value with its places; without a value it is unknown. `note` says in a sentence what was made of it."""

    value: T | None
    places: tuple[Place, ...] = ()
    confidence: Confidence = "read"
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value to go by, read or assumed."""
        return self.confidence != "unknown" and self.value is not None


def unknown(*places: Place, note: str = "") -> Fact[T]:
    """A fact that nobody could tell; `places` were looked at."""
    return Fact(None, places, "unknown", note)


def assumed(value: T, *places: Place, note: str = "") -> Fact[T]:
    """A fact that nobody said, taken to be `value`."""
    return Fact(value, places, "assumed", note)
