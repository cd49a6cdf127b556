"""A certificate's folder is written whole or not at all, and never over something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kexecspec.certificate.folder import check_free, read_folder, write_folder
from kexecspec.diagnostics import InputError
from tests.certificate.folders import BEFORE, Cert, made


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_written_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cert"
    write_folder(folder, Cert().files)
    assert {name: text.decode() for name, text in read_folder(str(folder)).items()} == Cert().files
    assert [path.name for path in folder.parent.iterdir()] == ["cert"]
    assert folder.stat().st_mode & 0o777 == 0o777 & ~os.umask(os.umask(0o022))


def test_an_older_certificate_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "cert"
    (folder).mkdir()
    write_folder(folder, Cert().files)
    write_folder(folder, Cert(BEFORE).files)
    assert names(folder) == dict(made(BEFORE)).keys() and list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("what", ["a file", "a link", "a folder with something in it", "a certificate with more in it"])
def test_nothing_else_is_replaced(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "cert"
    if what == "a file":
        folder.write_text("mine")
    elif what == "a link":
        (tmp_path / "mine").mkdir()
        folder.symlink_to("mine")
    elif what == "a folder with something in it":
        folder.mkdir()
        (folder / "mine").write_text("mine")
    else:
        Cert().write(folder)
        (folder / "mine").write_text("mine")
    before = names(tmp_path)
    with pytest.raises(InputError):
        check_free(folder)
    with pytest.raises((InputError, OSError)):
        write_folder(folder, Cert().files)
    assert names(tmp_path) == before


def test_a_failed_write_leaves_the_older_one_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cert"
    write_folder(folder, Cert(BEFORE).files)
    calls = []

    def full(_: int) -> None:
        calls.append(1)
        if len(calls) > 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for target in (folder, tmp_path / "other"):
        calls.clear()
        with pytest.raises(OSError, match="No space"):
            write_folder(target, Cert().files)
    assert names(folder) == dict(made(BEFORE)).keys() and list(tmp_path.iterdir()) == [folder]


def test_a_rename_that_fails_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cert"
    write_folder(folder, Cert(BEFORE).files)
    real, calls = Path.rename, []

    def rename(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="Input/output"):
        write_folder(folder, Cert().files)
    assert names(folder) == dict(made(BEFORE)).keys() and list(tmp_path.iterdir()) == [folder]
