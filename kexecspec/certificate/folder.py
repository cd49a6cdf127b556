"""A certificate's folder: written whole or not at all; read within bounds, and never out of itself."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from kexecspec.certificate.manifest import FILE, read_manifest
from kexecspec.diagnostics import Diagnostic, InputError, Span, quote
from kexecspec.files import undisturbed
from kexecspec.textfile import LARGEST, decode

MOST_FILES = 50_000
MOST_BYTES = 512 * 1024 * 1024
DEEPEST = 4


def read_folder(path: str) -> dict[str, bytes]:
    """Every file under `path`, by its path in it. Raises InputError: unreadable, too many, too large, or with
    something in it that is no plain file or folder. No symbolic link below `path` is followed."""
    found: dict[str, bytes] = {}
    total = 0
    try:
        top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name, content in _files(top, "", path, 1):
            found[name] = content
            total += len(content)
            if len(found) > MOST_FILES or total > MOST_BYTES:
                raise _refused(path, f"more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB", "KX018")
    except NotADirectoryError:
        raise _refused(path, "a certificate is a folder", "KX014") from None
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or 'input/output error'}", "KX013") from None
    except ValueError:
        raise _refused(path, "cannot be read: this is no file name", "KX013") from None
    return found


def _files(folder: int, within: str, path: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """The files of an open folder, which is closed at the end, in the order of their names."""
    try:
        if depth > DEEPEST:
            raise _refused(path, f"folders are nested deeper than {DEEPEST}: {quote(within)}", "KX018")
        with os.scandir(folder) as entries:
            names = sorted(entry.name for _, entry in zip(range(MOST_FILES + 1), entries, strict=False))
        for name in names:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            if stat.S_ISDIR(mode):
                below = os.open(name, flags | os.O_DIRECTORY, dir_fd=folder)
                yield from _files(below, f"{within}{name}/", path, depth + 1)
            elif stat.S_ISREG(mode):
                yield within + name, _content(os.open(name, flags, dir_fd=folder), within + name, path)
            else:
                kind = "a symbolic link" if stat.S_ISLNK(mode) else "no plain file"
                raise _refused(path, f"{quote(within + name)} is {kind}: nothing in a certificate is followed")
    finally:
        os.close(folder)


def _content(number: int, name: str, path: str) -> bytes:
    with open(number, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _refused(path, f"{quote(name)} is too large: at most {LARGEST >> 20} MiB are read", "KX018")
    return content


def check_free(folder: Path) -> None:
    """InputError unless a certificate may be written to `folder`: it is not there, empty, or an older certificate
    and nothing else, which will be replaced."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise _refused(str(folder), "it is there, and no folder", "KX014")
    if any(folder.iterdir()) and not _is_certificate(folder):
        help_ = "name a folder that does not exist yet"
        message = "the folder is not empty, and not a certificate and nothing else"
        raise InputError([Diagnostic("KX028", message, Span(str(folder)), (), help_)])


def _is_certificate(folder: Path) -> bool:
    """Whether everything in the folder belongs to a certificate."""
    try:
        found = read_folder(str(folder))
        manifest = read_manifest(decode(found.pop(FILE, b""), FILE), FILE)
    except InputError:
        return False
    return found.keys() <= {one.path for one in manifest.files}


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Puts a certificate in the place of whatever `check_free` allows there. On OSError that is as it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with undisturbed():
        fresh = Path(tempfile.mkdtemp(prefix=".kexecspec-", dir=folder.parent))
        try:
            _fill(fresh, files)
            _put(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    mask = os.umask(0o077)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with open(folder / name, "x", encoding="ascii", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _put(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    check_free(folder)
    older = Path(tempfile.mkdtemp(prefix=".kexecspec-", dir=folder.parent))
    folder.rename(older)
    try:
        fresh.rename(folder)
    except BaseException:
        older.rename(folder)
        raise
    shutil.rmtree(older, ignore_errors=True)


def _refused(path: str, message: str, code: str = "KX028") -> InputError:
    return InputError([Diagnostic(code, message, Span(path))])
