"""Every fault that is tried, and what becomes of the command: the table that CONTRIBUTING.md shows."""

# ruff: noqa: E501  (a table reads better unwrapped)

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NONE, TRACES, OLD = "none", "whole traces", "as before"
CHECK = ("check", "acme.yaml")
TRACED = (*CHECK, "--trace-dir", "traces")
UNDECIDED = ("check", "acme.yaml", "--only", "KX103", "--only", "KX105")


@dataclass(frozen=True)
class Fault:
    """`sees` stands in what the user sees, apart from line ends; `files` is what the command leaves behind."""

    title: str
    sees: str
    code: int
    files: str = NONE
    arguments: tuple[str, ...] = CHECK
    illness: str = "none"
    around: str = ""

    @property
    def row(self) -> str:
        """The fault's row of the table."""
        sees = f"`{self.sees}`" if self.sees else "nothing"
        return f"| {self.title} | {sees} | {self.code} | {self.files} |"


def _no_closing(number: int) -> Callable[[], None]:
    return lambda: os.close(number)


def _small_files() -> None:
    """No file takes more than a few bytes. Half of a module's byte code would be left to all who come after."""
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def _no_override() -> None:
    """Even root may then write only where the rights say so."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "stdout is full": {"stdout": "/dev/full"},
    "nobody reads": {"stdout": "broken"},
    "stdout is closed": {"fresh": True, "preexec_fn": _no_closing(1)},
    "stderr is closed": {"fresh": True, "preexec_fn": _no_closing(2)},
    "stdin is closed": {"fresh": True, "preexec_fn": _no_closing(0)},
    "disk is full": {"preexec_fn": _small_files},
    "folder is read-only": {"fresh": True, "preexec_fn": _no_override},
    "plain C": {"fresh": True, "environment": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}},
    "strict warnings": {"fresh": True, "environment": {"PYTHONWARNINGS": "error"}},
    "no home": {"fresh": True, "environment": {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}},
}
"""`fresh`: only a process that is started anew is in this condition."""

FAULTS = (
    Fault("a solver process crashes (SIGSEGV)", "UNKNOWN the solver was ended by SIGSEGV", 3, arguments=UNDECIDED, illness="solver crashes"),
    Fault("the same, beside a refutation", "FAIL acme: 2 refuted, 1 undecided, 3 proved", 1, illness="solver crashes"),
    Fault("the solver raises an error", "UNKNOWN the solver failed: out of order\\x1b[2J", 3, arguments=UNDECIDED, illness="solver raises"),
    Fault("the solver gets no memory", "UNKNOWN memory does not suffice", 3, arguments=UNDECIDED, illness="no memory"),
    Fault("the solver ignores its budget (one hour without an answer)", "the solver ignored its budget", 3, arguments=UNDECIDED, illness="solver hangs"),
    Fault("the solver's budget is used up everywhere", "UNKNOWN", 3, arguments=("check", "acme.yaml", "--only", "KX105"), illness="solver unknown"),
    Fault("a solver process is killed once", "FAIL acme: 3 refuted, 3 proved", 1, illness="worker killed"),
    Fault("one of two solver processes is killed once", "FAIL acme: 3 refuted, 3 proved", 1, illness="one of two killed"),
    Fault("one of several engines crashes, where the usual way has no answer", "FAIL acme: 3 refuted, 3 proved", 1, illness="one engine crashes"),
    Fault("no process can be started", "FAIL acme: 3 refuted, 3 proved", 1, illness="no process"),
    Fault("the check of the proofs is killed once", "FAIL acme: 3 refuted, 3 proved", 1, illness="recheck killed"),
    Fault("the check of the proofs crashes", "its proof was not confirmed: the solver was ended by SIGSEGV", 3, arguments=("check", "acme.yaml", "--only", "KX105"), illness="recheck crashes"),
    Fault("stdout is full", "error: the output cannot be written: No space left on device", 2, around="stdout is full"),
    Fault("stdout is full, JSON", "error: the output cannot be written: No space left on device", 2, arguments=(*CHECK, "--format", "json"), around="stdout is full"),
    Fault("stdout is full, help", "error: the output cannot be written: No space left on device", 2, arguments=("check", "--help"), around="stdout is full"),
    Fault("nobody reads stdout any more", "", 141, around="nobody reads"),
    Fault("stdout is closed", "", 1, around="stdout is closed"),
    Fault("stdout is closed, traces are asked for", "", 1, TRACES, TRACED, around="stdout is closed"),
    Fault("stderr is closed, the input is wrong", "", 2, arguments=("check", "missing.yaml"), around="stderr is closed"),
    Fault("stdin is closed", "FAIL acme: 3 refuted, 3 proved", 1, around="stdin is closed"),
    Fault("the disk is full, traces are asked for", "error: traces: File too large; not all traces were written", 2, arguments=TRACED, around="disk is full"),
    Fault("the disk is full, traces are there from before", "error: old: File too large; not all traces were written", 2, OLD, (*CHECK, "--trace-dir", "old"), around="disk is full"),
    Fault("the disk is full, init", "File too large", 2, arguments=("init", "new.yaml"), around="disk is full"),
    Fault("the disk is full, a certificate is asked for", "error: proof: File too large; the certificate was not written", 2, arguments=(*CHECK, "--certificate", "proof"), around="disk is full"),
    Fault("the traces' folder is read-only", "error: locked: Permission denied; not all traces were written", 2, arguments=(*CHECK, "--trace-dir", "locked"), around="folder is read-only"),
    Fault("the traces' folder vanishes", "error: traces: No such file or directory; not all traces were written", 2, arguments=TRACED, illness="folder vanishes"),
    Fault("the traces' folder is a file", "error: acme.yaml: File exists; not all traces were written", 2, arguments=(*CHECK, "--trace-dir", "acme.yaml")),
    Fault("the certificate's folder is read-only", "error: locked/proof: Permission denied; the certificate was not written", 2, arguments=(*CHECK, "--certificate", "locked/proof"), around="folder is read-only"),
    Fault("the cache's folder cannot be made", "warning: no judgements are kept: locked/cache: Permission denied", 1, around="folder is read-only", illness="cache locked"),
    Fault("the cache's disk is full", "warning: no judgements are kept: cache/proofs.sqlite3: disk I/O error", 1, around="disk is full", illness="cache"),
    Fault("others may write to the cache's folder", "warning: no judgements are kept: cache: others may write there (mode 777, wanted is 700)", 1, illness="cache of all"),
    Fault("the cache belongs to another user", "warning: no judgements are kept: cache: it belongs to another user", 1, illness="cache of another"),
    Fault("the cache is no database", "warning: no judgements are kept: cache/proofs.sqlite3: file is not a database; it was put aside as proofs.broken", 1, illness="cache rubbish"),
    Fault("the cache is of another version", "it is of another version of kexecspec (format 7, here 1)", 1, illness="cache of another version"),
    Fault("the cache is locked by another process", "warning: no judgements are kept: cache/proofs.sqlite3: database is locked", 1, illness="cache in use"),
    Fault("the working directory is gone", "FAIL acme: 3 refuted, 3 proved", 1, arguments=("check", "{folder}/acme.yaml"), illness="nowhere"),
    Fault("a locale without Unicode", "FAIL acme: 3 refuted, 3 proved", 1, around="plain C"),
    Fault("warnings are errors (PYTHONWARNINGS)", "FAIL acme: 3 refuted, 3 proved", 1, around="strict warnings"),
    Fault("no HOME, no TMPDIR", "FAIL acme: 3 refuted, 3 proved", 1, TRACES, TRACED, around="no home"),
)  # fmt: skip

HEAD = "| fault | what is seen | exit | files left |\n|---|---|---|---|\n"


def table() -> str:
    """The table in Markdown."""
    return HEAD + "\n".join(fault.row for fault in FAULTS) + "\n"
