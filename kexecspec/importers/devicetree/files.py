"""Device trees in files: blobs, what a running kernel shows of its own, and sources by way of dtc."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path, PurePath

from kexecspec.diagnostics import InputError
from kexecspec.importers.devicetree.bounds import LARGEST, refused
from kexecspec.textfile import read_bytes

PATIENCE = 60.0
"""Seconds that dtc is given."""
_WANTED = "a .dtb, a .dts, or /sys/firmware/fdt"


def read_blob_file(path: str) -> bytes:
    """The blob in the file `path`; a .dts is compiled first, where dtc is there. Raises InputError."""
    return compiled(path) if path.endswith(".dts") else read_bytes(path, LARGEST, _WANTED)


def compiled(path: str) -> bytes:
    """The blob that dtc makes of a source. Raises InputError."""
    read_bytes(path, LARGEST, _WANTED)
    program = shutil.which("dtc")
    if program is None:
        raise refused(path, "KX013", "a source is compiled by dtc, which is not here", "name the .dtb, or install dtc")
    command = [program, "-q", "-I", "dts", "-O", "dtb", "-o", "-", str(Path(path).resolve())]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise refused(path, "KX013", f"dtc does not end well: {type(error).__name__}") from None
    if done.returncode != 0 or not done.stdout:
        raise _complaint(path, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def _complaint(path: str, said: str) -> InputError:
    lines = [line.replace(str(Path(path).resolve()), PurePath(path).name) for line in said.splitlines() if line.strip()]
    cpp = "run the C preprocessor over it first" if "#include" in Path(path).read_text(errors="replace") else None
    return refused(path, "KX031", f"dtc: {'; '.join(lines[:3])[:300] or 'no blob, and no reason'}", cpp)
