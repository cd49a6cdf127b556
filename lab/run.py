"""Run one scenario under QEMU, in bounded time, and keep what was seen: the console with times, the SMMU's trace, its
registers, and memory where that is asked for."""

from __future__ import annotations

import os
import re
import selectors
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from lab.console import MARK
from lab.fetch import firmware, qemu
from lab.initramfs import build, image
from lab.memory import fills, kept
from lab.monitor import Monitor, connected
from lab.scenario import SCENARIOS, Scenario

OUT = Path(__file__).parent / "out"
TRACES = ("smmuv3_translate_*", "smmuv3_write_mmio", "e1000e_rx_receive_iov", "e1000e_rx_can_recv_rings_full")
FRAME = bytes.fromhex("ffffffffffff") + bytes.fromhex("525400123457") + bytes.fromhex("88b5") + b"\xa5" * 1400
BURSTS, FRAMES = re.compile(rb"SMMU currently enabled! Resetting|LAB step=\d+ leaving"), 20
"""Phases of milliseconds begin at these lines: so many frames are sent at once, 0.1 ms apart."""
SILENCE = 45.0
"""Seconds: a machine that says nothing for so long is not waited for."""
LOOK = re.compile(rb"Bye!|Linux version|" + MARK.pattern.encode())
"""Lines at which the SMMU's registers are read."""


def virt(scenario: Scenario) -> str:
    """QEMU's -machine."""
    return f"virt,iommu=smmuv3,gic-version=3,its={'on' if scenario.its else 'off'}"


def qemu_line(scenario: Scenario, trace: Path, ports: tuple[int, int], monitor: Path) -> list[str]:
    """QEMU's command line for a scenario. The archive it starts with also holds the kernels that come next. With
    acpi=off firmware hands on the device tree that the machine has without it."""
    append = [
        "console=ttyAMA0",
        f"crashkernel={scenario.crashkernel}",
        "panic=-1",
        f"lab.plan={','.join(scenario.plan)}",
        "lab.step=1",
        f"lab.wait={scenario.wait}",
        f"lab.driver={scenario.driver}",
        f"lab.more={scenario.more.replace(' ', '+')}",
        f"lab.once={scenario.once.replace(' ', '+')}",
        scenario.append,
    ]
    net = (
        f"dgram,id=n0,local.type=inet,local.host=127.0.0.1,local.port={ports[0]},"
        f"remote.type=inet,remote.host=127.0.0.1,remote.port={ports[1]}"
    )
    words = [
        *("nice", "-n", "5", qemu()),
        *(
            "-machine",
            virt(scenario) + (",acpi=off" if scenario.efi else ""),
            "-cpu",
            "cortex-a57",
            "-smp",
            "1",
            "-m",
            str(scenario.memory),
        ),
        *(("-bios", str(firmware())) if scenario.efi else ()),
        *("-display", "none", "-serial", "stdio", "-qmp", f"unix:{monitor},server=on,wait=off"),
        *("-action", "reboot=shutdown,shutdown=pause", "-net", "none", "-netdev", net),
        *("-device", f"{scenario.card},netdev=n0,romfile="),
        *(("-device", f"{scenario.beside},romfile=") if scenario.beside else ()),
        *fills(scenario, trace.parent),
        *("-kernel", str(image(scenario.first)), "-initrd", str(build(scenario.releases))),
        *("-append", " ".join(append).strip()),
    ]
    words += [word for name in TRACES for word in ("-trace", name)]
    return [*words, "-d", "guest_errors", "-D", str(trace), "-msg", "timestamp=on"]


@dataclass
class Sender:
    """Sends frames to the machine's card: steadily, and many at once when told to."""

    port: int
    rate: float
    stop: threading.Event = field(default_factory=threading.Event)

    def steadily(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not self.stop.wait(1 / self.rate):
                out.sendto(FRAME, ("127.0.0.1", self.port))

    def burst(self, count: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for _ in range(count):
                out.sendto(FRAME, ("127.0.0.1", self.port))
                time.sleep(0.0001)


@dataclass
class Watch:
    """What happens while a machine runs: its console is written, and at some lines the world outside acts."""

    scenario: Scenario
    monitor: Monitor
    sender: Sender
    console: TextIO
    registers: TextIO
    rest: bytes = b""

    def read(self, came: bytes) -> None:
        """Take what came of the console."""
        now = time.time()
        *lines, self.rest = (self.rest + came).split(b"\n")
        for line in lines:
            if self.scenario.rate and BURSTS.search(line):
                self.sender.burst(FRAMES)
            self.console.write(f"{now:.6f} {line.decode('utf-8', 'replace').rstrip()}\n")
        self.console.flush()
        if any(LOOK.search(line) for line in lines) and not self.monitor.stopped:
            self.look()

    def look(self) -> None:
        """Note what the SMMU's registers are."""
        values = " ".join(f"{name}={value:#x}" for name, value in self.monitor.registers().items())
        self.registers.write(f"{time.time():.6f} {values}\n")

    def until_it_ends(self, console: int, limit: float) -> str:
        """Go on until the machine stands still or is late; how it ended."""
        end = heard = time.time()
        end += limit
        ready = selectors.DefaultSelector()
        ready.register(console, selectors.EVENT_READ)
        ready.register(self.monitor, selectors.EVENT_READ)
        while time.time() < min(end, heard + SILENCE) and not self.monitor.stopped:
            for key, _ in ready.select(min(1.0, max(0.0, end - time.time()))):
                if key.fd != console:
                    self.monitor.take()
                elif came := os.read(console, 65536):
                    heard = time.time()
                    self.read(came)
        self.read(b"\n" if self.rest else b"")
        if self.monitor.stopped:
            return "ended"
        return "killed when it was late" if time.time() >= end else "killed when it had long said nothing"


def run(scenario: Scenario) -> str:
    """Run a scenario; its folder under `out/` is written anew. How it ended."""
    folder = OUT / scenario.name
    folder.mkdir(parents=True, exist_ok=True)
    base = 20000 + os.getpid() % 20000
    sender, began = Sender(base, scenario.rate), time.time()
    with tempfile.TemporaryDirectory() as short:
        line = qemu_line(scenario, folder / "trace.txt", (base, base + 1), Path(short, "qmp"))
        (folder / "command.txt").write_text(shlex.join(line) + "\n", encoding="utf-8")
        machine = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            ended = watched(scenario, machine, connected(Path(short, "qmp")), sender, folder)
        finally:
            sender.stop.set()
            machine.kill()
            machine.wait()
    ended = f"{ended}, {time.time() - began:.0f} s"
    (folder / "ended.txt").write_text(ended + "\n", encoding="utf-8")
    return ended


def watched(
    scenario: Scenario, machine: subprocess.Popen[bytes], monitor: Monitor, sender: Sender, folder: Path
) -> str:
    """The run itself, and a look at the machine where it stands still."""
    assert machine.stdout is not None
    if scenario.rate:
        threading.Thread(target=sender.steadily, daemon=True).start()
    with (
        (folder / "console.txt").open("w", encoding="utf-8") as console,
        (folder / "registers.txt").open("w", encoding="utf-8") as registers,
    ):
        watch = Watch(scenario, monitor, sender, console, registers)
        ended = watch.until_it_ends(machine.stdout.fileno(), scenario.limit)
        watch.look()
    for start, size in scenario.look:
        monitor.memory(start, size, kept(folder, start))
    return ended


def main() -> None:
    """`python -m lab.run [NAME...]`: the scenarios of these names, or all."""
    wanted = sys.argv[1:]
    unknown = set(wanted) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        names = ", ".join(one.name for one in SCENARIOS)
        raise SystemExit(f"no scenario {', '.join(sorted(unknown))}; there are {names}")
    for scenario in SCENARIOS:
        if not wanted or scenario.name in wanted:
            print(f"{scenario.name}: {run(scenario)}", flush=True)


if __name__ == "__main__":
    main()
