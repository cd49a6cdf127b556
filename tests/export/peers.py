"""Other model checkers, each asked about a file that `export` wrote, in processes that end with their time."""

from __future__ import annotations

import importlib.util
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kexecspec.export.formats import FORMATS
from kexecspec.export.model import Model

ROOT = Path(__file__).parent.parent.parent
ABC = next((name for name in ("berkeley-abc", "abc", "yosys-abc") if shutil.which(name)), "berkeley-abc")
NUSMV = next((name for name in ("NuSMV", "nusmv", "nuXmv") if shutil.which(name)), "NuSMV")
PROVED, REFUTED, OPEN = "PROVED", "REFUTED", "open"
MEMORY = 8 << 30
"""Address space that a peer may use, in bytes."""

Command = tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """A checker that reads `form`. `needs` are programs and modules, `comes` is how they are installed; `commands` are
    run in a folder with the file `model`; `answer` is what the output of the last one says: PROVED, REFUTED, OPEN, or
    nothing where it is none that is known. `decides` says whether it can prove."""

    name: str
    form: str
    needs: tuple[str, ...]
    comes: str
    commands: Callable[[int], tuple[Command, ...]]
    answer: Callable[[str], str]
    decides: bool = True


@dataclass(frozen=True)
class Answer:
    """PROVED, REFUTED, OPEN or nothing; seconds of each command, the largest memory of one in MiB, the output's end."""

    verdict: str
    seconds: tuple[float, ...]
    mebibytes: float
    said: str = ""


def missing(peer: Peer) -> tuple[str, ...]:
    """What of a peer is not installed."""
    return tuple(
        name
        for name in peer.needs
        if shutil.which(name) is None and (name not in ("z3", "cvc5") or importlib.util.find_spec(name) is None)
    )


def ask(peer: Peer, model: Model, seconds: int) -> Answer:
    """What a peer says of a model within so many seconds in all."""
    with tempfile.TemporaryDirectory() as folder:
        text = FORMATS[peer.form](model, model.prop.id)
        Path(folder, "model").write_bytes(text.encode() if isinstance(text, str) else text)
        return asked(peer, Path(folder), seconds)


def asked(peer: Peer, folder: Path, seconds: int) -> Answer:
    """What a peer says of the file `model` in a folder. One whose next step is a program that the last one was to make,
    and did not, has given up."""
    spent: list[float] = []
    peak, said = 0.0, ""
    for command in peer.commands(seconds):
        if command[0].startswith("./") and not (folder / command[0]).exists():
            return Answer(OPEN, tuple(spent), peak, said[-2000:])
        took, mebibytes, said, ended = run(command, folder, seconds - sum(spent))
        spent.append(took)
        peak = max(peak, mebibytes)
        if not ended:
            return Answer(OPEN, tuple(spent), peak, f"not done within {seconds} s")
    return Answer(peer.answer(said), tuple(spent), peak, said[-2000:])


def run(command: Command, folder: Path, seconds: float) -> tuple[float, float, str, bool]:
    """Seconds, MiB and output of a command, and whether it came to its end. Its process group is killed when its time
    is over."""
    began = time.monotonic()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=_bounded,
        )  # fmt: skip
    late = False
    while True:
        number, process.returncode, usage = os.wait4(process.pid, os.WNOHANG)
        if number:
            break
        if time.monotonic() - began > seconds and not late:
            os.killpg(process.pid, signal.SIGKILL)
            late = True
        time.sleep(0.002)
    took = time.monotonic() - began
    return took, usage.ru_maxrss / 1024, (folder / "said").read_text(errors="replace"), not late


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _abc(engine: str) -> Callable[[int], tuple[Command, ...]]:
    return lambda seconds: ((ABC, "-q", f"read_aiger model; {engine} -T {seconds}"),)


def _abc_says(text: str) -> str:
    if re.search(r"was asserted in frame \d+", text):
        return REFUTED
    if "Property proved" in text:
        return PROVED
    return OPEN if re.search(r"UNDECIDED|[Tt]imeout|No output asserted|Does not work for combinational", text) else ""


def _spin_says(text: str) -> str:
    if "assertion violated" in text:
        return REFUTED
    if re.search(r"max search depth too small|out of memory|Search not completed", text):
        return OPEN
    return PROVED if "errors: 0" in text else ""


def _spin(seconds: int) -> tuple[Command, ...]:
    return (
        ("spin", "-a", "model"),
        ("gcc", "-O2", "-w", "-DSAFETY", f"-DMEMLIM={MEMORY >> 21}", "-o", "pan", "pan.c"),
        ("./pan", "-m2000000"),
    )


def _rumur(seconds: int) -> tuple[Command, ...]:
    return (
        ("rumur", "--deadlock-detection", "off", "--output", "model.c", "model"),
        ("gcc", "-O2", "-w", "-mcx16", "-o", "found", "model.c", "-lpthread"),
        ("./found",),
    )


def _rumur_says(text: str) -> str:
    if re.search(r'Invariant .* failed|invariant ".*" failed', text):
        return REFUTED
    if re.search(r"out of memory|allocat", text):
        return OPEN
    return PROVED if "No error found" in text else ""


def _smv_says(text: str) -> str:
    found = re.search(r"^-- invariant .* is (true|false)$", text, re.M | re.S)
    return "" if found is None else PROVED if found[1] == "true" else REFUTED


def _solver(engine: str, name: str) -> Callable[[int], tuple[Command, ...]]:
    return lambda seconds: ((sys.executable, "-m", "tests.export.solvers", engine, name, "model"),)


def _solver_says(text: str) -> str:
    found = re.match(r"(PROVED|REFUTED|UNKNOWN)", text)
    return "" if found is None else OPEN if found[1] == "UNKNOWN" else found[1]


_DEBIAN = "apt-get install"
PEERS: Mapping[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("ABC pdr", "aiger", (ABC,), f"{_DEBIAN} berkeley-abc", _abc("pdr"), _abc_says),
        Peer("ABC bmc3", "aiger", (ABC,), f"{_DEBIAN} berkeley-abc", _abc("bmc3 -F 400"), _abc_says, False),
        Peer("SPIN", "promela", ("spin", "gcc"), f"{_DEBIAN} spin gcc", _spin, _spin_says),
        Peer("rumur", "murphi", ("rumur", "gcc"), f"{_DEBIAN} rumur gcc", _rumur, _rumur_says),
        Peer("NuSMV", "smv", (NUSMV,), "from its authors", lambda seconds: ((NUSMV, "-dcx", "model"),), _smv_says),
        Peer("z3 Spacer", "smtlib", ("z3",), "pip install z3-solver", _solver("spacer", "z3"), _solver_says),
        Peer("z3 k-induction", "btor2", ("z3",), "pip install z3-solver", _solver("induction", "z3"), _solver_says),
        Peer("z3 BMC", "btor2", ("z3",), "pip install z3-solver", _solver("bmc", "z3"), _solver_says, False),
        Peer("cvc5 k-induction", "smtlib", ("cvc5",), "pip install cvc5", _solver("induction", "cvc5"), _solver_says),
        Peer("cvc5 BMC", "smtlib", ("cvc5",), "pip install cvc5", _solver("bmc", "cvc5"), _solver_says, False),
    )
}
"""By name. Those that do not decide can only refute. Bit-vectors are what z3 is quicker with, integers what cvc5 is."""
