"""QEMU's monitor: the SMMU's registers as a kernel's driver would read them, and memory, at any moment of a run."""

from __future__ import annotations

import json
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMMU = 0x0905_0000
REGISTERS = {"CR0": 0x20, "CR0ACK": 0x24, "GBPA": 0x44}
PATIENCE = 60.0
"""Seconds in which a QEMU that is at work answers."""
VALUE = re.compile(r": *0x([0-9a-f]+)")


@dataclass
class Monitor:
    """A connection to a running QEMU. `stopped` once the machine is at its end and stands still."""

    connection: socket.socket
    rest: bytes = b""
    stopped: bool = False

    def fileno(self) -> int:
        return self.connection.fileno()

    def take(self) -> list[dict[str, Any]]:
        """The messages that came, waiting for at least a part of one; none where QEMU has ended."""
        *lines, self.rest = (self.rest + self.connection.recv(65536)).split(b"\n")
        found = [json.loads(line) for line in lines if line.strip()]
        self.stopped |= any(message.get("event") == "STOP" for message in found)
        return found

    def say(self, command: str, arguments: dict[str, Any] | None = None) -> Any:
        """A command and what is returned."""
        asked = {"execute": command, "arguments": arguments or {}, "id": command}
        self.connection.sendall(json.dumps(asked).encode() + b"\n")
        end = time.time() + PATIENCE
        while time.time() < end:
            for message in self.take():
                if message.get("id") == command:
                    return message.get("return")
        return None

    def registers(self) -> dict[str, int]:
        """The SMMU's registers as they are now."""
        made = {}
        for name, offset in REGISTERS.items():
            said = self.say("human-monitor-command", {"command-line": f"xp /1wx {SMMU + offset:#x}"})
            found = VALUE.search(str(said))
            if found:
                made[name] = int(found[1], 16)
        return made

    def memory(self, start: int, size: int, file: Path) -> None:
        """Write what lies at a physical address to a file."""
        self.say("pmemsave", {"val": start, "size": size, "filename": str(file.resolve())})


def connected(path: Path, limit: float = PATIENCE) -> Monitor:
    """The monitor of a QEMU that was just started and listens at `path`."""
    end = time.time() + limit
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
            break
        except OSError:
            connection.close()
            if time.time() > end:
                raise
            time.sleep(0.05)
    connection.settimeout(PATIENCE)
    monitor = Monitor(connection)
    monitor.take()
    monitor.say("qmp_capabilities")
    return monitor
