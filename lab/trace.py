"""Read QEMU's trace of an SMMUv3: what became of each transaction, and what was written to the SMMU's registers.

A fault is recorded as an event only while the event queue is on, which a kdump kernel leaves off; what QEMU then
says of it (`-d guest_errors`) has no time of its own and is given that of the line before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["translated", "bypassed", "passed-disabled", "aborted", "faulted"]

OUTCOMES: dict[str, Outcome] = {
    "smmuv3_translate_success": "translated",
    "smmuv3_translate_bypass": "bypassed",
    "smmuv3_translate_disable": "passed-disabled",
    "smmuv3_translate_abort": "aborted",
}
"""`bypassed` by a stream table entry, `passed-disabled` by an SMMU that is off, `aborted` by an entry that says so;
`faulted` where there is no entry or no mapping, whether or not that is recorded."""

REGISTERS = {0x20: "CR0", 0x44: "GBPA", 0x50: "IRQ_CTRL"}
ENABLED = 1

LINE = re.compile(r"\d+@(\d+\.\d+):(\w+) ?(.*)")
FAILED = re.compile(r"smmuv3\S* translation failed for iova=0x([0-9a-f]+) \((\w+)\)")
SID = re.compile(r"\bsid=(?:0x)?([0-9a-f]+)")
VALUE = re.compile(r"\b(iova|translated|addr|val)[:=] *(?:0x)?([0-9a-f]+)")


@dataclass(frozen=True)
class Transaction:
    """One transaction of a master, as the SMMU judged it. `to` is where it went, if it was translated."""

    time: float
    outcome: Outcome
    stream: int | None
    address: int | None
    to: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Frame:
    """A frame came to the network card; `full` says that it had no descriptor left."""

    time: float
    full: bool


@dataclass(frozen=True)
class Write:
    """A write to one of the registers that decide what becomes of transactions."""

    time: float
    register: str
    value: int


@dataclass(frozen=True)
class Registers:
    """What the monitor read of the SMMU: CR0.SMMUEN and GBPA.ABORT."""

    time: float
    enabled: bool
    aborts: bool


FRAMES = {"e1000e_rx_receive_iov": False, "e1000e_rx_can_recv_rings_full": True}
Event = Transaction | Write | Frame | Registers
GBPA_ABORT = 1 << 20
READ = re.compile(r"^(\d+\.\d+) CR0=(0x[0-9a-f]+).* GBPA=(0x[0-9a-f]+)$")


def transaction(time: float, event: str, rest: str) -> Transaction:
    """The transaction that a line with an outcome tells of."""
    values = {name: int(value, 16) for name, value in VALUE.findall(rest)}
    sid = SID.search(rest)
    address = values.get("iova", values.get("addr"))
    return Transaction(time, OUTCOMES[event], int(sid[1], 16) if sid else None, address, values.get("translated"))


def registers(lines: Iterable[str]) -> Iterator[Registers]:
    """What was read of the SMMU while a machine ran."""
    for line in lines:
        found = READ.match(line)
        if found is not None:
            cr0, gbpa = int(found[2], 16), int(found[3], 16)
            yield Registers(float(found[1]), bool(cr0 & ENABLED), bool(gbpa & GBPA_ABORT))


def read(lines: Iterable[str]) -> Iterator[Event]:
    """What a trace tells, in its order; lines of other kinds, and one that was cut off, are passed over."""
    time = 0.0
    for line in lines:
        failed = FAILED.search(line)
        if failed is not None:
            yield Transaction(time, "faulted", None, int(failed[1], 16), why=failed[2])
            continue
        found = LINE.match(line)
        if found is None:
            continue
        time, event, rest = float(found[1]), found[2], found[3]
        if event in OUTCOMES:
            yield transaction(time, event, rest)
        elif event in FRAMES:
            yield Frame(time, FRAMES[event])
        elif event == "smmuv3_write_mmio":
            values = {name: int(value, 16) for name, value in VALUE.findall(rest)}
            if values.get("addr") in REGISTERS and "val" in values:
                yield Write(time, REGISTERS[values["addr"]], values["val"])
