"""One platform, large: seconds and memory of `check` over the number of devices, and what a one-line edit costs.

`python benchmarks/scale.py [SIZES...]` (100 1000 10000). Devices of fifty shapes (ten drivers behind five kinds of
SMMU, 64 to one), kexec, crash and reboot without bound, all properties. Whole processes without a cache, medians of
RUNS (3) runs, the sizes in turn; memory is all processes together, pages that they share counted for each. Then the
last size but one again, as often, each time with a new cache: filled, then asked again, and once more after one device
got another driver. Writes README's table.
"""

from __future__ import annotations

import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RUNS = int(os.environ.get("RUNS", "3"))
MARKS = "<!-- scale: written by make bench-scale -->", "<!-- end of scale -->"
DRIVERS = (
    "bnxt_en", "generic-platform-shutdown", "generic-platform", "generic-pci", "generic-pci-shutdown",
    "sdhci-of-esdhc", "fsl_enetc", "caam", "ahci_qoriq", "fsl-edma",
)  # fmt: skip
SMMUS = (
    'variant: "arm,smmu-v3"', 'variant: "arm,smmu-v3", reset: {gbpa: abort}',
    'variant: "arm,smmu-v3", coherent: false', 'variant: "arm,smmu-v3", abort_is_fatal: true',
    'variant: "arm,mmu-500"',
)  # fmt: skip
BEHIND_ONE = 64
HEAD = """\
schema: kexecspec/platform/1
platform: large
memory: {ram: [0x8000_0000 + 2GiB, 0x8_8000_0000 + 6GiB], crashkernel: 0xc000_0000 + 256MiB}
kernels:
  prod: {version: 6.12}
  kdump: {version: 6.12, kdump: true}
first: prod
handoffs: [prod -systemctl kexec-> prod, prod -crash-> kdump, kdump -reboot-> prod]
"""


@dataclass(frozen=True)
class Measured:
    """One run: seconds, MiB, and what it said."""

    seconds: float
    mebibytes: float
    said: str


def platform(devices: int) -> str:
    """A platform file with so many devices, one to a line."""
    shapes = list(product(range(len(SMMUS)), DRIVERS))
    behind = [0] * len(SMMUS)
    lines = []
    for number in range(devices):
        kind, driver = shapes[number % len(shapes)]
        smmu, behind[kind] = f"smmu{kind}x{behind[kind] // BEHIND_ONE}", behind[kind] + 1
        window = 0xFFF0_0000 - number % 4096 * 0x1_0000
        place = f"smmu: {smmu}, streams: [{behind[kind]}], iova: {window:#x} + 64KiB"
        lines.append(f"  d{number}: {{driver: {driver}, {place}}}")
    smmus = [
        f"  smmu{kind}x{one}: {{{SMMUS[kind]}}}"
        for kind, number in enumerate(behind)
        for one in range(math.ceil(number / BEHIND_ONE))
    ]
    return "\n".join((HEAD + "smmus:", *smmus, "devices:", *lines, ""))


def edited(text: str) -> str:
    """The platform file with another driver in one line."""
    line = next(line for line in text.splitlines() if line.startswith("  d7: "))
    return text.replace(line, re.sub(r"driver: [\w-]+", "driver: dwc3", line))


def run(file: Path, cache: str) -> Measured:
    """`kexecspec check` of a file, as a process of its own; `cache` as KEXECSPEC_CACHE."""
    command = [sys.executable, "-c", "import sys; from kexecspec.cli import main; sys.exit(main())", "check", str(file)]
    with tempfile.TemporaryFile("w+") as said:
        began, peaks = time.monotonic(), [0.0]
        process = subprocess.Popen(
            [*command, "--exit-zero"],
            stdout=said,
            env={**os.environ, "PYTHONPATH": str(ROOT), "KEXECSPEC_CACHE": cache},
        )
        watching = threading.Thread(target=_watch, args=(process.pid, peaks))
        watching.start()
        process.wait()
        seconds = time.monotonic() - began
        watching.join()
        said.seek(0)
        return Measured(seconds, max(peaks), said.read())


def _watch(pid: int, peaks: list[float]) -> None:
    """Notes, until a process is gone, how much it and its children have in use."""
    while now := sum(_resident(one) for one in (pid, *_children(pid))):
        peaks.append(now)
        time.sleep(0.05)


def _children(pid: int) -> Iterator[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, below):
        yield child
        yield from _children(child)


def _resident(pid: int) -> float:
    """MiB of memory that a process has in use; 0 for one that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return 0.0


def exponent(points: Sequence[tuple[int, float]]) -> float:
    """The slope of time over size, both logarithmic, by least squares."""
    sizes, times = [math.log(size) for size, _ in points], [math.log(seconds) for _, seconds in points]
    return statistics.linear_regression(sizes, times).slope


def main() -> None:
    """Measures all sizes and the edit, and writes README's table."""
    sizes = [int(size) for size in sys.argv[1:]] or [100, 1000, 10000]
    rows = ["| devices | time | memory | verdict |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {size: folder / f"large-{size}.yaml" for size in sizes}
        for size, file in files.items():
            file.write_text(platform(size))
        found = {size: [run(file, "off")] for size, file in files.items()}
        for _ in range(RUNS - 1):
            for size, file in files.items():
                found[size].append(run(file, "off"))
        middle = {size: statistics.median(one.seconds for one in runs) for size, runs in found.items()}
        for size, runs in found.items():
            peak = max(one.mebibytes for one in runs)
            rows.append(f"| {size} | {middle[size]:.1f} s | {peak:.0f} MiB | {_verdict(runs[0])} |")
        size = sizes[max(0, len(sizes) - 2)]
        edit = folder / f"edited-{size}.yaml"
        edit.write_text(edited(files[size].read_text()))
        second: list[list[Measured]] = [[], []]
        for number in range(RUNS):
            _, *twice = (run(file, f"{folder}/cache-{number}") for file in (files[size], files[size], edit))
            for runs, one in zip(second, twice, strict=True):
                runs.append(one)
    for what, runs in zip(("again", "with one line edited"), second, strict=True):
        seconds, peak = statistics.median(one.seconds for one in runs), max(one.mebibytes for one in runs)
        rows.append(f"| {size} {what} | {seconds:.1f} s | {peak:.0f} MiB | {_verdict(runs[0])} |")
    if len(sizes) > 1:
        rows += ["", f"Time grows as the number of devices to the power of {exponent(list(middle.items())):.2f}."]
    print("\n".join(rows))
    pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
    table = "\n".join((MARKS[0], *rows, MARKS[1]))
    README.write_text(pattern.sub(lambda _: table, README.read_text()))


def _verdict(one: Measured) -> str:
    verdict = next(line for line in one.said.splitlines() if re.match("(PASS|FAIL|UNDECIDED|DISAGREEMENT)  ", line))
    return verdict.partition(": ")[2]


if __name__ == "__main__":
    main()
