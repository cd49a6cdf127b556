"""`python -m tests.faults.sick ILLNESS ARGUMENT...`: kexecspec with something wrong inside of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import kexecspec.check
import kexecspec.confirm
import kexecspec.source
from kexecspec.cli import checking, main
from kexecspec.ir.system import Property
from kexecspec.ir.verdict import Exhausted, Judgement, Verdict
from kexecspec.solve import aside, budget, judge, together
from kexecspec.solve import recheck as rechecking


def _waits(name: str) -> Callable[..., Any]:
    """Tells by a file beside the input that it has been reached, and then takes for ever."""

    def wait(*_: object, **__: object) -> None:
        Path(f"reached-{name}").touch()
        time.sleep(60)

    return wait


def _for_victim(act: Callable[[], object]) -> Callable[..., Any]:
    """The judge of one property, which does `act` for KX103."""
    real = judge._judged

    def judged(system: Any, small: Any, prop: Property, known: Any) -> Any:
        if prop.code == "KX103":
            act()
        return real(system, small, prop, known)

    return judged


def _left_open(engine: Callable[[str], object]) -> None:
    """The usual way has no answer on KX103, and each other engine does `engine` with its name first."""
    real = judge._judged

    def judged(system: Any, small: Any, prop: Property, known: Any) -> Any:
        name = known.desk.effort.engine
        if prop.code == "KX103" and name is None:
            return Judgement(prop.id, Verdict.UNKNOWN, Exhausted("tired", None), {})
        if name is not None:
            engine(name)
        return real(system, small, prop, known)

    judge._judged = judged


def _one_crashes(name: str) -> None:
    if name == "runs":
        os.kill(os.getpid(), signal.SIGSEGV)


def _raises(error: BaseException) -> Callable[..., Any]:
    def act(*_: object, **__: object) -> None:
        raise error

    return act


def _solver_error() -> None:
    import z3

    raise z3.Z3Exception("out of order\x1b[2J")


def _once() -> None:
    """Kills its own process the first time only."""
    try:
        Path("killed").touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _impatient(act: Callable[[], object]) -> None:
    together.judge_together.__defaults__ = (budget.RLIMIT, 0.7)  # type: ignore[attr-defined]
    judge._judged = _for_victim(act)


def _vanishing() -> None:
    """The folder of the traces is removed as soon as it has been made."""
    from kexecspec.report import trace_files

    real = trace_files.write_whole

    def write(path: Path, text: str) -> None:
        path.parent.rmdir()
        real(path, text)

    trace_files.write_whole = write


def _nowhere() -> None:
    """The working directory is removed."""
    gone = Path("gone").absolute()
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()


def _on_both_cores(act: Callable[[], object]) -> None:
    together.FEW = 1
    judge._judged = _for_victim(act)


def _with_cache(prepare: Callable[[Path], object] = lambda folder: None, folder: str = "cache") -> None:
    """Judgements are kept in a folder that `prepare` makes sick."""
    os.environ["KEXECSPEC_CACHE"] = folder
    prepare(Path(folder))


def _of_all(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def _of_another(folder: Path) -> None:
    from kexecspec.cache import place

    folder.mkdir(mode=0o700)
    owner = os.geteuid()
    place.os.geteuid = lambda: owner + 1


def _rubbish(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "proofs.sqlite3").write_text("rubbish" * 1000)


def _other_version(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(folder / "proofs.sqlite3")) as file:
        file.execute("PRAGMA user_version = 7")


def _in_use(folder: Path) -> None:
    """Another connection has locked the file for as long as the process lives."""
    from kexecspec.cache import store

    folder.mkdir(mode=0o700)
    store._PATIENCE = 0.05
    _LOCKS.append(sqlite3.connect(folder / "proofs.sqlite3", isolation_level=None))
    _LOCKS[-1].execute("BEGIN EXCLUSIVE")


_LOCKS: list[sqlite3.Connection] = []

ILLNESSES: Mapping[str, Callable[[], None]] = {
    "none": lambda: None,
    "load waits": lambda: setattr(kexecspec.source, "load", _waits("load")),
    "solve waits": lambda: setattr(judge, "_judged", _for_victim(_waits("solve"))),
    "both cores wait": lambda: _on_both_cores(_waits("both")),
    "recheck waits": lambda: setattr(rechecking, "recheck", _waits("recheck")),
    "replay waits": lambda: setattr(kexecspec.confirm, "confirmed", _waits("replay")),
    "output waits": lambda: setattr(checking, "say", _waits("output")),
    "solver crashes": lambda: setattr(judge, "_judged", _for_victim(lambda: os.kill(os.getpid(), signal.SIGSEGV))),
    "solver raises": lambda: setattr(judge, "_judged", _for_victim(_solver_error)),
    "no memory": lambda: setattr(judge, "_judged", _for_victim(_raises(MemoryError()))),
    "solver hangs": lambda: _impatient(lambda: time.sleep(60)),
    "one of two killed": lambda: _on_both_cores(_once),
    "worker killed": lambda: setattr(judge, "_judged", _for_victim(_once)),
    "recheck crashes": lambda: setattr(rechecking, "recheck", lambda *_: os.kill(os.getpid(), signal.SIGSEGV)),
    "recheck killed": lambda: setattr(rechecking, "recheck", _dying_once(rechecking.recheck)),
    "folder vanishes": _vanishing,
    "nowhere": _nowhere,
    "no fork": lambda: delattr(os, "fork"),
    "no process": lambda: setattr(aside.os, "fork", _raises(BlockingIOError(11, "Resource temporarily unavailable"))),
    "cache": _with_cache,
    "cache locked": lambda: _with_cache(folder="locked/cache"),
    "cache of all": lambda: _with_cache(_of_all),
    "cache of another": lambda: _with_cache(_of_another),
    "cache rubbish": lambda: _with_cache(_rubbish),
    "cache of another version": lambda: _with_cache(_other_version),
    "cache in use": lambda: _with_cache(_in_use),
    "engines wait": lambda: _left_open(_waits("engines")),
    "one engine crashes": lambda: _left_open(_one_crashes),
    "solver unknown": lambda: setattr(budget.Meter, "ask", _raises(budget.OutOfBudget("rlimit 1"))),
}  # fmt: skip


def _dying_once(real: Callable[..., Any]) -> Callable[..., Any]:
    def recheck(*arguments: Any) -> Any:
        _once()
        return real(*arguments)

    return recheck


def run(illness: str, arguments: Sequence[str]) -> int:
    """kexecspec's exit code. The illness stays for as long as the process lives."""
    ILLNESSES[illness]()
    return main(list(arguments))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
