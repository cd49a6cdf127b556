"""Which driver a device has: the seam between boards and what is known of drivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kexecspec.importers.board import Master
from kexecspec.importers.facts import Fact


@dataclass(frozen=True)
class Chosen:
    """A driver for a device: `driver` is its name, in the library or with `entry` of the platform's own `drivers`.
    `facts` are of the device itself, over those of the driver. `kind`: a bus master, or a TEE client. `narrow`: no
    call was seen that lets it address more than the 32 bits that devices have without one."""

    driver: Fact[str]
    entry: Mapping[str, Any] | None = None
    facts: Mapping[str, Fact[Any]] = field(default_factory=dict)
    kind: Literal["master", "client"] = "master"
    narrow: bool = False


@dataclass(frozen=True)
class NoMaster:
    """No driver is named: the device issues no DMA, or nobody can tell. `why` in a sentence."""

    why: str


Choose = Callable[[Master], Chosen | NoMaster]
"""Decides for one device. One behind an IOMMU is a master unless something says otherwise."""
