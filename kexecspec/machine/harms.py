"""What the machine reports: events as they happen, harms as they are suffered, and the kernel's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class HarmKind(StrEnum):
    """The kinds of harm that a machine can suffer."""

    OOPS = "OOPS"
    HANG = "HANG"
    CORRUPTION = "CORRUPTION"
    EXHAUSTION = "EXHAUSTION"
    STORM = "STORM"
    LEAK = "LEAK"
    REFUSED = "REFUSED"


class Outcome(StrEnum):
    """How an operation ended: WAITING has not ended, DEAD never will."""

    OK = "OK"
    FAILED = "FAILED"
    WAITING = "WAITING"
    DEAD = "DEAD"


@dataclass(frozen=True)
class Harm:
    """A harm: what, where, the lines that the kernel printed about it, and the particulars."""

    kind: HarmKind
    where: str
    log: tuple[str, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One operation of the running kernel, or one world choice, as it came out."""

    actor: str
    operation: str
    outcome: Outcome = Outcome.OK
    detail: Mapping[str, object] = field(default_factory=dict)


def counted(number: int, word: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def oops(address: int, pc: str, lr: str, release: tuple[int, ...], null: bool = False) -> tuple[str, ...]:
    """The lines of an arm64 oops (arch/arm64/mm/fault.c, traps.c and process.c). The syndrome has 16 digits @6.1.192
    and 8 in reports of 5.10; what lies between them was not read.
    """
    what = "NULL pointer dereference" if null else "paging request"
    syndrome = "0000000096000004" if release >= (6, 1) else "96000004"
    return (
        f"Unable to handle kernel {what} at virtual address {address:016x}",
        f"Internal error: Oops: {syndrome} [#1] SMP",
        f"pc : {pc}",
        f"lr : {lr}",
    )


def hung_task(task: str, release: str, trace: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of kernel/hung_task.c after two minutes in D state."""
    return (
        f"INFO: task {task} blocked for more than 120 seconds.",
        f"      Not tainted {release} #1",
        '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
        "Call trace:",
        *(f" {function}" for function in trace),
    )


@dataclass
class KernelLog:
    """Everything printed since power on; `mark` says where the running kernel's part begins."""

    lines: list[str] = field(default_factory=list)
    mark: int = 0

    def say(self, *lines: str) -> tuple[str, ...]:
        """Print the lines, and give them back."""
        self.lines.extend(lines)
        return lines

    def tail(self, count: int = 12) -> tuple[str, ...]:
        """The last lines of the running kernel."""
        return tuple(self.lines[max(self.mark, len(self.lines) - count) :])
