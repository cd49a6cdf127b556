"""python -m benchmarks.peers: kexecspec and other model checkers about the same platforms, side by side in one session.

D drivers that are TEE clients, two secure threads, any number of kexecs; safe, and with the first driver keeping its
memory. The one property is that the first driver's memory is not registered any more after a kexec: of all drivers the
one about which ABC has its proof soonest. Who is asked gets the file that `kexecspec export` writes for nothing; what
writing costs has rows of its own. Times are medians over whole processes, memory is that of the largest process. Writes
README's table, peers.svg and peers.png.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers_plot import plot
from tests.export.peers import OPEN, PEERS, PROVED, REFUTED, Answer, Peer, asked, missing

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MARKS = "<!-- peers: written by make bench-peers -->", "<!-- end of peers -->"
PACKAGES = {"yosys": "yosys-abc", "berkeley-abc": "berkeley-abc", "spin": "spin", "rumur": "rumur"}
"""Debian's packages, and a program of each. yosys brings an ABC too, which is taken where there is no other."""
PROPERTY = "KX102/tee0@kexec"
SAFE, BROKEN = "safe", "one broken"
STARTS = "from kexecspec.cli import checking, commands, opening; opening.load_tool()"
PICTURE = "![seconds over the number of drivers, both logarithmic](benchmarks/peers.svg)"
PLATFORM = """\
schema: kexecspec/platform/1
platform: drivers-{count}
secure_world: {{optee: 3.13.0, threads: 2, heap: {{size: 1MiB, base_use: 20000}}, supplicant: {{present: false}}}}
devices:
{devices}
kernels:
  prod: {{version: 6.12}}
handoffs: [prod -systemctl kexec-> prod]
"""


@dataclass(frozen=True)
class Measured:
    """The median of some runs: seconds, MiB, and what was said. `late` where it was not done in time."""

    seconds: float
    mebibytes: float
    verdict: str
    late: bool = False


Table = dict[tuple[str, str, int], Measured]
"""Who, SAFE or BROKEN, how many drivers."""


def platform(count: int, broken: bool) -> str:
    """The platform file; the first driver is the one that may be broken."""
    hook = ["" if broken and number == 0 else "-shutdown" for number in range(count)]
    devices = "\n".join(f"  tee{number}: {{driver: generic-tee-client{end}}}" for number, end in enumerate(hook))
    return PLATFORM.format(count=count, devices=devices)


def own(prop: str) -> Iterator[Peer]:
    """kexecspec itself: Python without any work, the tool with all that a check takes loaded, from the file to the
    verdict, and the front end of the others."""
    yield _own("Python starts", ("--version",), lambda text: OPEN)
    yield Peer("kexecspec starts", "", (), "", lambda _: ((sys.executable, "-c", STARTS),), lambda text: OPEN)
    yield _own("kexecspec check", ("check", "--no-cache", "model", "--only", prop), _says)
    for form in ("aiger", "smtlib"):
        arguments = ("export", "model", "--only", prop, "--format", form, "-o", "written")
        yield _own(f"kexecspec export {form}", arguments, lambda text: "" if text else OPEN)


def _own(name: str, arguments: tuple[str, ...], answer: Callable[[str], str]) -> Peer:
    command = (sys.executable, "-m", "kexecspec", *arguments)
    return Peer(name, "", (), "", lambda _: (command,), answer)


def _says(text: str) -> str:
    found = re.search(r"^(PASS|FAIL)  .*: (1 of 1 proved|1 refuted)$", text, re.M)
    return "" if found is None else PROVED if found[1] == "PASS" else REFUTED


def measure(peer: Peer, content: bytes, runs: int, limit: int) -> Measured:
    """The median of several runs on a file; of one where that is not done in time."""
    answers: list[Answer] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "model").write_bytes(content)
            answers.append(asked(peer, Path(folder), limit))
        if sum(answers[-1].seconds) >= limit or answers[-1].verdict == "":
            break
    seconds = [sum(answer.seconds) for answer in answers]
    verdicts = {answer.verdict for answer in answers}
    peak = statistics.median(answer.mebibytes for answer in answers)
    verdict = answers[-1].verdict if len(verdicts) == 1 else ""
    return Measured(statistics.median(seconds), peak, verdict, seconds[-1] >= limit)


def measured(sizes: Sequence[int], runs: int, limit: int, only: str) -> Table:
    """Everybody about every size; who was late for one is not asked about larger ones."""
    found: Table = {}
    late: set[tuple[str, str]] = set()
    for count, kind in itertools.product(sizes, (SAFE, BROKEN)):
        for peer, content in _asked(count, kind, only):
            if (peer.name, kind) not in late:
                one = found[peer.name, kind, count] = measure(peer, content, runs, limit)
                said = "late" if one.late else one.verdict or "nothing that is known"
                figures = f"{one.seconds:8.2f} s {one.mebibytes:6.0f} MiB"
                print(f"{count:>4} {kind:11} {peer.name:24} {figures}  {said}", flush=True)
                late.update([(peer.name, kind)] if one.late else [])
    return found


def _asked(count: int, kind: str, only: str) -> Iterator[tuple[Peer, bytes]]:
    """Everybody who may have an answer, with their file."""
    prop, source = PROPERTY, platform(count, kind == BROKEN).encode()
    files: dict[str, bytes] = {"": source}
    for peer in (*own(prop), *PEERS.values()):
        if re.search(only, peer.name) and not missing(peer) and (peer.decides or kind == BROKEN):
            if peer.form not in files:
                files[peer.form] = _exported(source, prop, peer.form)
            yield peer, files[peer.form]


def _exported(source: bytes, prop: str, form: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model").write_bytes(source)
        command = [sys.executable, "-m", "kexecspec", "export", "model", "--only", prop, "--format", form, "-o", "out"]
        subprocess.run(command, cwd=folder, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        return Path(folder, "out").read_bytes()


def wrong(table: Table) -> list[str]:
    """Verdicts that are not what they have to be."""
    found = []
    for (name, kind, count), one in table.items():
        right = PROVED if kind == SAFE else REFUTED
        if one.verdict not in (right, OPEN):
            found.append(f"{name} says {one.verdict or 'nothing that is known'} of {count} drivers, {kind}")
    return found


def rows(table: Table, sizes: Sequence[int], limit: int) -> Iterator[str]:
    """README's table."""
    yield f"| seconds (MiB) | {' | '.join(f'{count} drivers' for count in sizes)} |"
    yield f"|---|{'---|' * len(sizes)}"
    for kind in (SAFE, BROKEN):
        for name in dict.fromkeys(name for name, of, _ in table if of == kind):
            asked = name in {peer.name for peer in PEERS.values()}
            cells = (_cell(table.get((name, kind, count)), limit, asked) for count in sizes)
            yield f"| {name}, {kind} | {' | '.join(cells)} |"


def shown(table: Table) -> dict[tuple[str, str, int], float]:
    """What the plot shows: the seconds of everybody who was done in time, peers that gave up left out."""
    peers = {peer.name for peer in PEERS.values()}
    done = {key: one for key, one in table.items() if not one.late}
    return {key: one.seconds for key, one in done.items() if key[0] not in peers or one.verdict != OPEN}


def _cell(one: Measured | None, limit: int, asked: bool) -> str:
    if one is None:
        return "-"
    if asked and one.verdict == OPEN and not one.late:
        return "gave up"
    return f"> {limit}" if one.late else f"{one.seconds:.2f} ({one.mebibytes:.0f})" if one.verdict else "?"


def install() -> None:
    """What Debian has of the peers, where we may install it; what is not there is named."""
    may = shutil.which("apt-get") is not None and os.geteuid() == 0
    for package, program in PACKAGES.items():
        if shutil.which(program) is None and may:
            subprocess.run(["apt-get", "install", "-y", "-qq", package], check=False, stdout=subprocess.DEVNULL)
        if shutil.which(program) is None:
            print(f"{package} is not here{'' if may else f' (apt-get install {package}, as root)'}")
    absent = [peer for peer in PEERS.values() if missing(peer)]
    told = (f"{peer.name} is left out: no {' '.join(missing(peer))} ({peer.comes})" for peer in absent)
    print("\n".join(told))


def main() -> int:
    """1 where a verdict is wrong, and then nothing is written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[4, 8, 16, 32, 64, 128])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=int, default=120, help="seconds for each run")
    parser.add_argument("--only", default="", help="who, as a regular expression; then nothing is written")
    given = parser.parse_args()
    install()
    table = measured(sizes := given.sizes, given.runs, given.limit, given.only)
    objections = wrong(table)
    print("\n".join([*objections, *rows(table, sizes, given.limit)]))
    if not objections and not given.only:
        plot(shown(table), (SAFE, BROKEN), ROOT / "benchmarks")
        text = "\n".join([*rows(table, sizes, given.limit), "", PICTURE])
        pattern = re.compile(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), re.DOTALL)
        README.write_text(pattern.sub(lambda _: f"{MARKS[0]}\n{text}\n{MARKS[1]}", README.read_text()))
    return 1 if objections else 0


if __name__ == "__main__":
    sys.exit(main())
