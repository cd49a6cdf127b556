"""`check` says what was known, `cache` what lies where; what is wrong with the folder is one line, and no more."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from kexecspec.cache import store
from kexecspec.cli import main
from tests.faults.running import STORY


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEXECSPEC_CACHE", str(tmp_path / "kept"))
    for name in ("acme", "other"):
        (tmp_path / f"{name}.yaml").write_text(STORY.replace("acme", name))
    return tmp_path / "kept"


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main([*arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


CHECK = ("check", "acme.yaml", "--only", "KX105")


def test_hits_and_misses_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _said(capsys, *CHECK, "-v")
    assert "cache: 0 of 2 answers known from before, and checked again\n" in out
    again, out, _ = _said(capsys, *CHECK, "-v")
    assert code == again == 0 and "cache: 2 of 2 answers known from before, and checked again\n" in out
    _, out, _ = _said(capsys, *CHECK)
    assert "cache:" not in out.replace("shm cache", "")
    _, out, _ = _said(capsys, *CHECK, "--format", "json")
    assert json.loads(out)["cache"] == {"hits": 2, "misses": 0}


def test_it_can_be_done_without(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = _said(capsys, *CHECK, "--no-cache", "--format", "json")
    assert json.loads(out)["cache"] is None
    monkeypatch.setenv("KEXECSPEC_CACHE", "off")
    _, out, _ = _said(capsys, *CHECK, "--format", "json")
    assert json.loads(out)["cache"] is None and not folder.exists()
    code, out, _ = _said(capsys, "cache")
    assert code == 0 and out == "Nothing is kept: KEXECSPEC_CACHE is off, or there is no home folder.\n"


def test_files_that_come_to_the_same_share_what_is_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where several are judged at a time."""
    _said(capsys, *CHECK)
    _, out, _ = _said(capsys, "check", "acme.yaml", "other.yaml", *CHECK[2:], "--jobs", "2", "--format", "json")
    assert [one["cache"]["hits"] for one in json.loads(out)] == [2, 2]


def test_what_lies_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _said(capsys, *CHECK)
    assert _said(capsys, "cache", "path") == (0, f"{folder}\n", "")
    code, out, _ = _said(capsys, "cache")
    entries = int(out.split()[1])
    assert code == 0 and re.match(rf"{folder}: \d entries, ", out) and out.endswith(" of 262144 KiB\n")
    with sqlite3.connect(folder / store.NAME) as file:
        file.execute("UPDATE kept SET content = x'00'")
    file.close()
    assert _said(capsys, "cache", "verify")[1].endswith(" damaged ones dropped\n")
    _said(capsys, *CHECK)
    assert _said(capsys, "cache", "clear") == (0, f"{folder}: {entries} entries dropped\n", "")
    (folder / store.NAME).write_text("rubbish" * 1000)
    code, _, err = _said(capsys, "cache")
    assert code == 2 and err.startswith(f"error: {folder}/proofs.sqlite3: file is not a database; it was put aside")


def test_trouble_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    code, out, err = _said(capsys, "check", "acme.yaml", "other.yaml", *CHECK[2:])
    assert code == 0 and "PASS" in out
    assert err == f"warning: no judgements are kept: {folder}: others may write there (mode 777, wanted is 700)\n"
