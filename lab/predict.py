"""What kexecspec says of a scenario before it is run: verdicts, and what becomes of transactions in each phase."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kexecspec.library import library
from kexecspec.machine import Event, Machine
from kexecspec.machine.devices import look
from kexecspec.machine.smmu import SmmuV3
from kexecspec.platform.ways import read_platforms
from kexecspec.replay.configure import machine_config
from lab.phases import Phase
from lab.scenario import Scenario
from lab.trace import Outcome

MEANS: dict[str, Outcome] = {
    "translated": "translated", "bypass": "bypassed", "gbpa": "aborted", "ste-abort": "aborted",
    "bad-streamid": "faulted", "translation": "faulted",
}  # fmt: skip
Standing = tuple[bool, bool]
"""CR0.SMMUEN and GBPA.ABORT."""


@dataclass(frozen=True)
class Expected:
    """What may be seen in a phase: what becomes of the master's transactions, and where the SMMU stands."""

    outcomes: set[Outcome] = field(default_factory=set)
    standings: set[Standing] = field(default_factory=set)


Predicted = dict[tuple[int, Phase], Expected]


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


def expected(platform: Path, scenario: Scenario) -> Predicted:
    """What may be seen in each phase, as the executable model goes. A phase in which the master has nothing to do has
    no outcome. Where a plan ends the machine is powered off, which walks as a reboot does. init.sh loads each kernel by
    kexec_load.
    """
    ((_, read), *_) = read_platforms(str(platform), library())
    machine = Machine(machine_config(read, library(), {}))
    machine.power_on("k1")
    walk = _Walk(machine, scenario.driver, {})
    for number, step in enumerate(scenario.plan, 1):
        walk.until("up", number)
        walk.note(number, "running")
        walk.note(number, "leaving")
        kind = step.partition("@")[0]
        if kind == "crash":
            machine.crash(f"k{number + 1}")
            walk.note(number, "between kernels")
            walk.note(number + 1, "before the SMMU's probe")
        elif kind == "kexec":
            machine.begin("kexec", f"k{number + 1}", tree_handed_on=True)
            walk.until("jump", number)
            walk.note(number, "between kernels")
            walk.note(number + 1, "before the SMMU's probe")
        else:
            machine.begin("reboot-force", "k1")
            walk.until("reset", number)
    return walk.found


AFTER: dict[str, Phase] = {
    "smmu3_gbpa_abort": "before the SMMU's probe",
    "smmu3_disable": "SMMU probe",
    "smmu3_enable": "before the driver's probe",
    "bound": "before the driver's probe",
}
"""The phase that an operation of the SMMU's driver leads to."""


@dataclass(frozen=True)
class _Walk:
    machine: Machine
    driver: str
    found: Predicted

    def note(self, kernel: int, phase: Phase) -> None:
        """What would become of a transaction now, and where the SMMU stands."""
        into = self.found.setdefault((kernel, phase), Expected())
        into.outcomes.update(self._seen())
        smmus = (one for one in self.machine.state.smmus.values() if isinstance(one, SmmuV3))
        into.standings.update((one.smmuen, one.gbpa_abort) for one in smmus)

    def until(self, operation: str, kernel: int) -> None:
        """Goes on until that operation, and looks between any two."""
        for _ in range(200):
            before = self._seen()
            event = self.machine.advance()
            if event.operation == operation:
                return
            phase = self._phase(event)
            if phase is None:
                continue
            self.note(kernel, phase)
            if event.operation in ("iommu_probe_device", "attach"):
                self.found[kernel, phase].outcomes.update(before)

    def _seen(self) -> tuple[Outcome, ...]:
        return tuple(self._outcomes())

    def _outcomes(self) -> Iterator[Outcome]:
        state = self.machine.state
        for device in state.devices.values():
            if device.on and device.config.driver == self.driver:
                seen = look(state, device)
                off = seen.how == "bypass" and not any(one.translates for one in state.smmus.values())
                yield "passed-disabled" if off else MEANS[seen.how]

    def _phase(self, event: Event) -> Phase | None:
        state = self.machine.state
        if state.phase == "walk":
            return "leaving"
        if event.actor in state.smmus:
            return AFTER.get(event.operation)
        if event.actor in state.devices and event.operation not in ("bound", "dma_start"):
            own = state.devices[event.actor].config.driver == self.driver
            return "driver's probe" if own else "before the driver's probe"
        return "before the SMMU's probe" if state.window == "gap" else None
