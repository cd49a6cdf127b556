"""What was read of a driver in a kernel tree. Every answer has its places, and says how far it can be believed.

Nothing here is absent because it could not be read: then it is `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from kexecspec.importers.facts import Fact, Place, unknown

State = Literal["present", "absent", "maybe", "unknown"]
"""maybe: only with the configuration that `condition` names. unknown: the initialiser could not be read whole."""

Handoff = Literal["kexec", "reboot", "crash"]
HANDOFFS: tuple[Handoff, ...] = ("kexec", "reboot", "crash")

Table = Literal[
    "of", "pci", "amba", "acpi", "fsl-mc", "usb", "platform", "virtio", "mdio", "tee", "ffa", "i2c", "spi", "auxiliary"
]
"""The kinds of table by which a bus finds the driver of a device."""

Effect = Literal["stops", "writes", "perhaps", "keeps"]
"""What a function does to the master: it stops its DMA, it writes a register, it may stop it (power is taken away, the
code was not understood), or it is known to leave the DMA as it is."""

Stopper = Literal["shutdown", "core", "bus", "child", "supplier", "nothing", "unknown"]
"""In the words of a driver's `quiesced_by`."""


@dataclass(frozen=True, slots=True)
class Match:
    """One row of an id table. `text`: the compatible; `8086:1572` (`*` for any) with `/class` where a class is asked
    for; `0xID/0xMASK` for amba; an ACPI or platform name; `1957:dpni` for fsl-mc; a UUID for tee and ffa."""

    table: Table
    text: str
    place: Place
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """A call that bears on the master, reached from a hook by the calls of `path` (the hook's function first).

    `condition` is the C text of what it depends on, innermost last; empty where it is always made.
    `why` says what the function does, and where that is known from.
    """

    function: str
    effect: Effect
    place: Place
    path: tuple[str, ...] = ()
    condition: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of a driver. `stops`: whether it stops the master; known to be false only where all that it calls was
    followed or is declared. An absent or empty hook stops nothing. unmaps: it takes buffers out of the IOMMU, and
    unmaps_first whether it does so before what stops the master."""

    name: str
    state: State
    function: str
    place: Place
    stops: Fact[bool]
    condition: str = ""
    reached: tuple[Reached, ...] = ()
    unmaps: bool = False
    unmaps_first: Fact[bool] = field(default_factory=unknown)

    @property
    def runs(self) -> bool:
        """Whether there may be code in it."""
        return self.state != "absent"


@dataclass(frozen=True, slots=True)
class Quiesced:
    """What stops the master on one kind of handoff. `by.note` is the reason in a sentence; `name`: the child, core or
    supplier; `feature`: the kernel feature (of specs/kernels) that this rests on, where there is one, and `otherwise`
    what holds in a kernel without it."""

    handoff: Handoff
    by: Fact[Stopper]
    name: str = ""
    feature: str = ""
    otherwise: Stopper = "nothing"


@dataclass(frozen=True, slots=True)
class Dma:
    """What the driver does as a bus master.

    master: it issues DMA of its own. False, and read, where it only has channels of a DMA engine, or only registers.
    kind, requests_by: words of the driver schema. uses: the calls of the DMA API that were seen; posts: one of them
    maps or allocates a buffer."""

    master: Fact[bool]
    kind: Fact[str]
    writes: Fact[bool]
    requests_by: Fact[str]
    uses: tuple[Reached, ...] = ()
    posts: bool = False


@dataclass(frozen=True, slots=True)
class TeeCall:
    """One call of the TEE client API, in the order of the source. `do` is the operation's name in a driver
    specification; `size` in bytes, None where it is not a constant that could be read."""

    hook: str
    do: str
    place: Place
    size: int | None = None
    flags: tuple[str, ...] = ()
    buffer: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class DriverRead:
    """A driver as its source has it.

    name: what the kernel calls it (`.driver.name`, `.name`). place: its struct. files: those that were followed.
    hooks: of its own bus's struct and of its dev_pm_ops: probe shutdown remove suspend (and late, noirq, runtime ...).
    notifiers: what a reboot notifier of it reaches, which runs on kexec and reboot. devres: what a devm action
    reaches, which runs on unbinding only. children: where it makes or populates devices below itself.
    condition: the configuration without which the struct is not compiled. notes: what else a reader should know.
    partial: a file of it could not be read whole, and something may be missing.
    """

    name: str
    bus: str
    place: Place
    matches: tuple[Match, ...]
    hooks: tuple[Hook, ...]
    dma: Dma
    quiesced: tuple[Quiesced, ...]
    tee: tuple[TeeCall, ...] = ()
    notifiers: tuple[Reached, ...] = ()
    devres: tuple[Reached, ...] = ()
    children: tuple[Reached, ...] = ()
    files: tuple[str, ...] = ()
    condition: str = ""
    notes: tuple[str, ...] = ()
    partial: bool = False

    def hook(self, name: str) -> Hook | None:
        """The hook called `name`; None where the driver's bus has no such hook."""
        return next((h for h in self.hooks if h.name == name), None)

    def stopped(self, handoff: Handoff) -> Quiesced:
        """What stops the master on `handoff`."""
        return next(q for q in self.quiesced if q.handoff == handoff)


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or folder that could not be read, or not whole; what it says is missing from the index."""

    place: Place
    says: str


class Index(Protocol):
    """A kernel tree, read. Answers are in a fixed order: by file and line."""

    @property
    def identity(self) -> str:
        """A name of the tree's contents: it changes when any file does that was looked at."""
        ...

    @property
    def version(self) -> str:
        """What the top Makefile says, such as 6.1.192; empty where there is none."""
        ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read. Where there is any, a driver that is not found may be there all the same."""
        ...

    def drivers_for(self, compatible: str) -> tuple[DriverRead, ...]:
        """The drivers whose of_device_id tables name `compatible`."""
        ...

    def drivers_by(self, table: Table, text: str) -> tuple[DriverRead, ...]:
        """The drivers with a row of that kind that fits `text`; a row's `*` fits anything."""
        ...

    def drivers_called(self, name: str, bus: str = "") -> tuple[DriverRead, ...]:
        """The drivers that the kernel calls `name`, on any bus or on `bus`."""
        ...

    def every(self) -> Iterable[DriverRead]:
        """All drivers of the tree."""
        ...
