"""The trace files of a report: their names, and writing them whole."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from kexecspec.files import plain_name, write_whole
from kexecspec.findings import Report
from kexecspec.ir.verdict import Verdict
from kexecspec.report.itf import itf_text


def write_traces(
    report: Report, folder: Path, prefix: str = "", taken: frozenset[str] = frozenset()
) -> tuple[tuple[str, str], ...]:
    """Writes one file into `folder` for each finding with a trace that is refuted, or was before its replay.

    Returns the finding's id and the file's path for each. Raises OSError; no file is left half written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {name.lower() for name in taken}
    written: list[tuple[str, str]] = []
    for finding in report.findings:
        if finding.trace is None or finding.verdict not in (Verdict.REFUTED, Verdict.UNKNOWN):
            continue
        prop = finding.property
        name = file_name((prefix, prop.code, prop.instance, prop.handoff), names)
        names.add(name.lower())
        write_whole(folder / name, itf_text(report, finding, _from(folder, report.path)))
        written.append((prop.id, str(folder / name)))
    return tuple(written)


def file_name(parts: tuple[str, ...], taken: set[str]) -> str:
    """A trace file's name that is, in lower case, none of `taken`."""
    return plain_name(parts, ".itf.json", taken)


def _from(folder: Path, path: str) -> str:
    return PurePath(os.path.relpath(path, folder)).as_posix()
