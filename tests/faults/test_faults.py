"""Whatever breaks: an exit code, a sentence, whole files or none, no process left, no traceback."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.running import Ended, ended, started
from tests.faults.table import CONDITIONS, FAULTS, NONE, OLD, TRACES, Fault, table
from tests.goldens import ROOT

THERE = {"acme.yaml", "locked", "old", "old/KX102-bnxt-kexec.itf.json", "killed"}
CACHE = "cache/"


def _prepared(folder: Path) -> Path:
    """A folder with one that may not be written, and one that holds an older trace."""
    (folder / "locked").mkdir(parents=True)
    (folder / "locked").chmod(0o500)
    (folder / "old").mkdir()
    (folder / "old" / "KX102-bnxt-kexec.itf.json").write_text("{}")
    return folder


def _ran(fault: Fault, folder: Path) -> Ended:
    given = dict(CONDITIONS[fault.around])
    arguments = [argument.format(folder=folder) for argument in fault.arguments]
    with ExitStack() as stack:
        if given.get("stdout") == "broken":
            reading, given["stdout"] = os.pipe()
            os.close(reading)
            stack.callback(os.close, given["stdout"])
        elif "stdout" in given:
            given["stdout"] = stack.enter_context(open(given["stdout"], "wb")).fileno()
        process = started(_prepared(folder), fault.illness, arguments, **given)
    return ended(process, folder)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_a_fault(fault: Fault, tmp_path: Path) -> None:
    folder = tmp_path / "faults"
    run = _ran(fault, folder)
    said = " ".join((run.out + run.err).split())
    assert (run.code, fault.sees in said) == (fault.code, True), said
    left = (file for file in run.files if file not in THERE and not file.startswith(CACHE))
    made = {file for file in left if (folder / file).is_file()}
    match fault.files:
        case kept if kept == NONE:
            assert made == set()
        case kept if kept == OLD:
            assert made == set() and (folder / "old" / "KX102-bnxt-kexec.itf.json").read_text() == "{}"
        case kept:
            assert kept == TRACES and len(made) == 3
            assert all(json.loads((folder / file).read_text())["states"] for file in made)


def test_every_fault_has_a_name_of_its_own_and_the_documents_show_it() -> None:
    assert len({fault.title for fault in FAULTS}) == len(FAULTS)
    assert table() in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
