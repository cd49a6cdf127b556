"""A kernel's log with `initcall_debug`, as moments: when drivers probed, and when their shutdown hooks ran.

The lines are those of init/main.c (`calling`, `initcall ... returned`), drivers/base/dd.c (`probe of ... returned`) and
drivers/base/core.c (`DRIVER DEVICE: shutdown`), which are the same in 6.1.192 and 6.12.117. A probe that returned 0 is
one that succeeded, what failed shows the error's number, mostly without its sign. A log that has no 0 is of an older
kernel, where 1 says that device and driver were bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kexecspec.diagnose.lines import Line

_STAMP = re.compile(r"(?:<[0-9]+>)?\[ *([0-9]+)\.([0-9]{6})\](?:\[ *[CT][0-9]+\])? ?(.*)")
_PROBE = re.compile(r"probe of (\S+) returned (-?[0-9]+) after ([0-9]+) usecs")
_INITCALL = re.compile(r"initcall \S+\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[\S+\])? returned -?[0-9]+ after ([0-9]+) usecs")
_HOOK = re.compile(r"(\S+) (\S+): shutdown$")
_SAYS = re.compile(r"([A-Za-z][\w-]*) ([\w.:-]+): ")
_LAST = re.compile(r"Starting new kernel|\bBye!|Starting crashdump kernel")
_FIRST = re.compile(r"Booting Linux on physical CPU|\bLinux version [0-9]")


@dataclass(frozen=True)
class Timed:
    """What a log tells, in microseconds: of the kernel that starts the beginning and the end of each device's probe,
    since its clock began; of the one that left when each hook began and when the jump came. `stamped`: lines have
    times; else they are sums of initcalls, and at least what is said. `drivers`: devices by driver."""

    probes: Mapping[str, tuple[int, int]]
    hooks: Mapping[str, int]
    jump: int | None
    stamped: bool
    drivers: Mapping[str, frozenset[str]]

    @property
    def says_nothing(self) -> bool:
        """Whether there is no line of initcall_debug in it."""
        return not self.probes and not self.hooks


@dataclass
class _Clock:
    """Time by stamps; where there are none, by what initcalls and the probes in them took."""

    now: int = 0
    inside: int = 0
    stamped: bool = False
    drivers: dict[str, set[str]] = field(default_factory=dict)

    def read(self, line: str) -> str:
        """The line's text; the clock is set by it."""
        found = _STAMP.match(line)
        if found is None:
            return line
        self.stamped, self.now = True, int(found[1]) * 1_000_000 + int(found[2])
        return found[3]


def timed(lines: Sequence[Line]) -> Timed:
    """What the log tells. Of several boots in it the last counts, and what came before that one as its predecessor."""
    starts = [n for n, line in enumerate(lines) if _FIRST.search(line.text)]
    last = _boot(starts, lines)
    clock, old = _Clock(), _Clock()
    hooks, jump = _departure(lines[:last] if last else lines, old)
    probes = _arrival(lines[last:], clock)
    for name, devices in old.drivers.items():
        clock.drivers.setdefault(name, set()).update(devices)
    drivers = {name: frozenset(devices) for name, devices in clock.drivers.items()}
    return Timed(probes, hooks, jump, clock.stamped or bool(hooks), drivers)


def _boot(starts: Sequence[int], lines: Sequence[Line]) -> int:
    """Where the last boot begins; its first two lines may both be there."""
    if not starts:
        return 0
    last = starts[-1]
    if len(starts) > 1 and last - starts[-2] <= 3 and "Booting Linux" in lines[starts[-2]].text:
        return starts[-2]
    return last


def _departure(lines: Iterable[Line], clock: _Clock) -> tuple[dict[str, int], int | None]:
    hooks, jump = dict[str, int](), None
    for line in lines:
        text = clock.read(line.text)
        found = _HOOK.search(text)
        if not clock.stamped:
            continue
        if found:
            hooks.setdefault(found[2], clock.now)
            clock.drivers.setdefault(found[1], set()).add(found[2])
        elif hooks and _LAST.search(text):
            jump = clock.now
    return hooks, jump


def _arrival(lines: Iterable[Line], clock: _Clock) -> dict[str, tuple[int, int]]:
    probes: dict[int, dict[str, tuple[int, int]]] = {0: {}, 1: {}}
    for line in lines:
        text = clock.read(line.text)
        if found := _PROBE.search(text):
            took, code = int(found[3]), int(found[2])
            end = clock.now if clock.stamped else clock.now + clock.inside + took
            clock.inside += took
            if code in probes:
                probes[code].setdefault(found[1], (max(0, end - took), end))
        elif found := _INITCALL.search(text):
            clock.now += 0 if clock.stamped else int(found[1])
            clock.inside = 0
        elif found := _SAYS.match(text):
            clock.drivers.setdefault(found[1], set()).add(found[2])
    return probes[0] or probes[1]


def device_of(name: str, driver: str, alone: bool, given: Mapping[str, str], log: Timed) -> str | None:
    """What the log calls the device that the platform calls `name`: as `given`, the same, or, where it stands `alone`
    with its driver, the one device that the log shows with that driver."""
    known = {*log.probes, *log.hooks}
    if name in given:
        return given[name]
    if name in known:
        return name
    devices = log.drivers.get(driver, frozenset()) & known
    return next(iter(devices)) if alone and len(devices) == 1 else None
