"""Cut a run into phases: what became of transactions in each, and what the SMMU's registers were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.console import Mark
from lab.trace import ENABLED, Event, Frame, Outcome, Registers, Transaction, Write

Phase = Literal[
    "before the SMMU's probe",
    "SMMU probe",
    "before the driver's probe",
    "driver's probe",
    "running",
    "leaving",
    "between kernels",
]


@dataclass(frozen=True)
class Span:
    """A phase of one kernel's life. The time between two kernels counts to the one that left."""

    kernel: int
    phase: Phase
    begin: float
    end: float


@dataclass(frozen=True)
class Cell:
    """What was seen in a phase: outcomes, why transactions faulted, frames that came and whether the card had room
    for the last of them, where the SMMU stood at the end as it was written, and what was read of it meanwhile."""

    span: Span
    outcomes: tuple[tuple[Outcome, int], ...]
    faults: tuple[str, ...]
    frames: int
    full: bool
    enabled: bool
    gbpa: int | None
    read: tuple[Registers, ...] = ()


AT: dict[str, Phase] = {
    "kernel": "before the SMMU's probe",
    "driver": "driver's probe",
    "running": "running",
    "leaving": "leaving",
    "bye": "between kernels",
}


def turns(marks: Sequence[Mark], writes: Iterable[Write]) -> list[tuple[float, int, Phase]]:
    """When each phase begins. The SMMU's probe begins with a kernel's first write to CR0 and ends with the one that
    enables."""
    found = [(mark.time, mark.kernel, AT[mark.kind]) for mark in marks if mark.kind in AT]
    begins = [mark.time for mark in marks if mark.kind == "kernel"]
    probing, probed = set[int](), set[int]()
    for write in writes:
        kernel = sum(begin <= write.time for begin in begins)
        if write.register == "CR0" and kernel and kernel not in probing:
            probing.add(kernel)
            found.append((write.time, kernel, "SMMU probe"))
        if write.register == "CR0" and write.value & ENABLED and kernel not in probed:
            probed.add(kernel)
            found.append((write.time, kernel, "before the driver's probe"))
    return sorted(found)


def spans(marks: Sequence[Mark], writes: Iterable[Write], end: float) -> tuple[Span, ...]:
    """The phases of a run in order. A kernel's last phase ends with the run."""
    began = turns(marks, writes)
    ends = [time for time, _, _ in began[1:]] + [end]
    return tuple(Span(kernel, phase, time, until) for (time, kernel, phase), until in zip(began, ends, strict=True))


def cell(span: Span, events: Iterable[Event]) -> Cell:
    """What happened in a phase, given all events of the run in order."""
    outcomes, faults, frames, full = Counter[Outcome](), set[str](), 0, False
    enabled, gbpa, read = False, None, list[Registers]()
    for event in events:
        if event.time >= span.end:
            break
        match event:
            case Write(_, "CR0", value):
                enabled = bool(value & ENABLED)
            case Write(_, "GBPA", value):
                gbpa = value
            case Frame(time, none_left):
                full = none_left
                frames += time >= span.begin and not none_left
            case Transaction(time, outcome) if time >= span.begin:
                outcomes[outcome] += 1
                faults |= {event.why} if event.why else set()
            case Registers(time) if time >= span.begin:
                read.append(event)
    return Cell(span, tuple(sorted(outcomes.items())), tuple(sorted(faults)), frames, full, enabled, gbpa, tuple(read))


def cells(marks: Sequence[Mark], events: Sequence[Event], end: float) -> tuple[Cell, ...]:
    """Every phase of a run with what was seen in it."""
    ordered = sorted(events, key=lambda event: event.time)
    writes = [event for event in ordered if isinstance(event, Write)]
    return tuple(cell(span, ordered) for span in spans(marks, writes, end))
