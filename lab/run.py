"""Run one scenario under QEMU, in bounded time, and keep what was seen: the console with times, the SMMU's trace."""

from __future__ import annotations

import os
import selectors
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from lab.initramfs import build, image
from lab.scenario import SCENARIOS, Scenario

OUT = Path(__file__).parent / "out"
TRACES = ("smmuv3_translate_*", "smmuv3_write_mmio", "e1000e_rx_receive_iov", "e1000e_rx_can_recv_rings_full")
FRAME = bytes.fromhex("ffffffffffff") + bytes.fromhex("525400123457") + bytes.fromhex("88b5") + b"\xa5" * 1400


def qemu_line(scenario: Scenario, trace: Path, ports: tuple[int, int], extra: tuple[str, ...] = ()) -> list[str]:
    """QEMU's command line for a scenario. The archive it starts with also holds the kernels that come next."""
    append = [
        "console=ttyAMA0",
        "crashkernel=512M",
        "panic=-1",
        f"lab.plan={','.join(scenario.plan)}",
        "lab.step=1",
        f"lab.wait={scenario.wait}",
        f"lab.driver={scenario.driver}",
        f"lab.more={scenario.more.replace(' ', '+')}",
        scenario.append,
    ]
    net = (
        f"dgram,id=n0,local.type=inet,local.host=127.0.0.1,local.port={ports[0]},"
        f"remote.type=inet,remote.host=127.0.0.1,remote.port={ports[1]}"
    )
    return [
        "nice",
        "-n",
        "15",
        "qemu-system-aarch64",
        "-machine",
        f"virt,iommu=smmuv3,gic-version=3,its={'on' if scenario.its else 'off'}",
        "-cpu",
        "cortex-a57",
        "-smp",
        "1",
        "-m",
        "2048",
        "-nographic",
        "-monitor",
        "none",
        "-no-reboot",
        "-net",
        "none",
        "-netdev",
        net,
        "-device",
        f"{scenario.card},netdev=n0",
        "-kernel",
        str(image(scenario.first)),
        "-initrd",
        str(build(scenario.releases)),
        "-append",
        " ".join(append).strip(),
        *(word for name in TRACES for word in ("-trace", name)),
        "-d",
        "guest_errors",
        "-D",
        str(trace),
        "-msg",
        "timestamp=on",
        *extra,
    ]


def send(port: int, rate: float, stop: threading.Event) -> None:
    """Send frames to the machine's card until told to stop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while not stop.wait(1 / rate):
            out.sendto(FRAME, ("127.0.0.1", port))


def watch(qemu: subprocess.Popen[bytes], console: Path, limit: float) -> str:
    """Write the console's lines, each with the time it came, until QEMU ends or is late; how it ended."""
    assert qemu.stdout is not None
    end, rest = time.time() + limit, b""
    ready = selectors.DefaultSelector()
    ready.register(qemu.stdout, selectors.EVENT_READ)
    with console.open("w", encoding="utf-8") as out:
        while time.time() < end:
            if not ready.select(min(1.0, max(0.0, end - time.time()))):
                continue
            read = os.read(qemu.stdout.fileno(), 65536)
            if not read:
                return f"ended with {qemu.wait()}"
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                out.write(f"{time.time():.6f} {line.decode('utf-8', 'replace').rstrip()}\n")
            out.flush()
        if rest:
            out.write(f"{time.time():.6f} {rest.decode('utf-8', 'replace').rstrip()}\n")
    qemu.kill()
    qemu.wait()
    return f"killed after {limit:.0f} s"


def run(scenario: Scenario, extra: tuple[str, ...] = ()) -> str:
    """Run a scenario; its folder under `out/` is written anew. How it ended."""
    folder = OUT / scenario.name
    folder.mkdir(parents=True, exist_ok=True)
    base = 20000 + os.getpid() % 20000
    ports = (base, base + 1)
    line = qemu_line(scenario, folder / "trace.txt", ports, extra)
    (folder / "command.txt").write_text(shlex.join(line) + "\n", encoding="utf-8")
    stop, began = threading.Event(), time.time()
    qemu = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        if scenario.rate:
            threading.Thread(target=send, args=(ports[0], scenario.rate, stop), daemon=True).start()
        ended = watch(qemu, folder / "console.txt", scenario.limit)
    finally:
        stop.set()
        if qemu.poll() is None:
            qemu.kill()
    ended = f"{ended}, {time.time() - began:.0f} s"
    (folder / "ended.txt").write_text(ended + "\n", encoding="utf-8")
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
