"""Read a lab machine's console: the marks of its init, the jumps from kernel to kernel, and what is worth showing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kernel", "up", "driver", "running", "leaving", "bye", "done"]

MARK = re.compile(r"LAB step=(\d+) (\w[\w-]*)(.*)")
KINDS: dict[str, Kind] = {"up": "up", "driver": "driver", "running": "running", "leaving": "leaving", "done": "done"}
LINE = re.compile(r"(\d+\.\d+) (.*)")
WORTH = re.compile(
    r"arm-smmu-v3 .*(enabled|event|disabl|abort|timeout|GERROR|CMD_SYNC)|event 0x"
    r"|GICv3: .*(prealloc|LPI property|Booted with|reserved)|Unable to handle|Kernel panic|Internal error|WARNING:"
    r"|Detected .*Hang|no-kexec|no-interface|no-driver|stalled|Bad page|still here",
)


@dataclass(frozen=True)
class Mark:
    """A moment of a run that the console tells. Kernels count from 1."""

    time: float
    kernel: int
    kind: Kind


def text(line: str) -> tuple[float, str] | None:
    """When a line came, and what it says; None for one without a time."""
    found = LINE.match(line)
    return (float(found[1]), found[2]) if found else None


def marks(lines: Iterable[str]) -> Iterator[Mark]:
    """The marks of a console, in order. A kernel begins where it tells its version."""
    kernel = 0
    for line in lines:
        read = text(line)
        if read is None:
            continue
        time, says = read
        if "] Linux version " in says:
            kernel += 1
            yield Mark(time, kernel, "kernel")
        elif says.endswith("Bye!"):
            yield Mark(time, kernel, "bye")
        elif (found := MARK.search(says)) and found[2] in KINDS:
            yield Mark(time, kernel, KINDS[found[2]])


def worth(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines that a report shows, each with the kernel that said it, without time stamps."""
    kernel = 0
    for line in lines:
        read = text(line)
        if read is None:
            continue
        kernel += "] Linux version " in read[1]
        if WORTH.search(read[1]):
            yield kernel, re.sub(r"^\[ *[\d.]+\] ", "", read[1])
