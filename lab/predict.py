"""What kexecspec says of a scenario before it is run: verdicts, and what becomes of transactions in each phase."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kexecspec.check import read_platforms
from kexecspec.library import library
from kexecspec.machine import Event, Machine
from kexecspec.machine.devices import look
from kexecspec.replay.configure import machine_config
from lab.phases import Phase
from lab.scenario import Scenario
from lab.trace import Outcome

MEANS: dict[str, Outcome] = {
    "translated": "translated", "bypass": "bypassed", "gbpa": "aborted", "ste-abort": "aborted",
    "bad-streamid": "faulted", "translation": "faulted",
}  # fmt: skip
Predicted = dict[tuple[int, Phase], set[Outcome]]


@dataclass(frozen=True)
class Verdict:
    """One property of one kind of handoff."""

    instance: str
    verdict: str


def verdicts(platform: Path) -> tuple[Verdict, ...]:
    """What `kexecspec check` finds. Its exit code is no failure of the lab."""
    line = [sys.executable, "-m", "kexecspec", "check", str(platform), "--format", "json"]
    said = json.loads(subprocess.run(line, check=False, capture_output=True, text=True, timeout=120).stdout)
    return tuple(Verdict(f"{f['code']}/{f['instance']}@{f['handoff']}", f["verdict"]) for f in said["findings"])


def outcomes(platform: Path, scenario: Scenario) -> Predicted:
    """What may become of the master's transactions in each phase, as the executable model goes. A phase in which it
    has nothing to do has no outcome. Where a plan ends the machine is powered off, which walks as a reboot does.
    """
    ((_, read), *_) = read_platforms(str(platform), library())
    machine = Machine(machine_config(read, library(), {}))
    machine.power_on("k1")
    walk = _Walk(machine, {})
    for number, step in enumerate(scenario.plan, 1):
        walk.until("up", number)
        walk.note(number, "running")
        walk.note(number, "leaving")
        kind = step.partition("@")[0]
        if kind == "crash":
            machine.crash(f"k{number + 1}")
            walk.note(number, "between kernels")
        elif kind == "kexec":
            machine.begin("kexec", f"k{number + 1}")
            walk.until("jump", number)
            walk.note(number, "between kernels")
        else:
            machine.begin("reboot-force", "k1")
            walk.until("reset", number)
    return walk.found


@dataclass(frozen=True)
class _Walk:
    machine: Machine
    found: Predicted

    def note(self, kernel: int, phase: Phase) -> None:
        """What would become of a transaction now."""
        for device in self.machine.state.devices.values():
            into = self.found.setdefault((kernel, phase), set())
            if device.on:
                seen = look(self.machine.state, device)
                off = seen.how == "bypass" and not any(one.translates for one in self.machine.state.smmus.values())
                into.add("passed-disabled" if off else MEANS[seen.how])

    def until(self, operation: str, kernel: int) -> None:
        """Goes on until that operation, and looks between any two."""
        for event in self._events():
            if event.operation == operation:
                return
            phase = self._phase(event)
            if phase is not None:
                self.note(kernel, phase)

    def _events(self) -> Iterator[Event]:
        for _ in range(200):
            yield self.machine.advance()

    def _phase(self, event: Event) -> Phase | None:
        state = self.machine.state
        if state.phase == "walk":
            return "leaving"
        if event.actor in state.smmus:
            return "before the driver's probe" if event.operation == "bound" else "SMMU probe"
        if event.actor in state.devices and event.operation not in ("attach", "bound", "dma_start"):
            return "driver's probe"
        return "before the SMMU's probe" if state.window == "gap" else None
