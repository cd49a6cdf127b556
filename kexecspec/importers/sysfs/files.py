"""Small files of a copied /sys and /proc, in a folder or a tar, read within bounds and never outside of it."""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kexecspec.diagnostics import Diagnostic, InputError, Span

LARGEST = 64 << 10
"""Bytes of one file that are read: those of /sys have a page."""
MOST = 400_000
"""Members of a tar that are looked at."""
DEEPEST = 40
"""Links that are followed, one after the other."""


class Files(Protocol):
    """A tree of files. Paths are relative to its top, such as `sys/class/tee`."""

    def text(self, path: str) -> str | None:
        """What a file holds; None where there is none."""
        ...

    def names(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted; none where it is not there."""
        ...

    def real(self, path: str) -> str:
        """The path with its links followed, as far as that goes."""
        ...


def open_files(path: str) -> Files:
    """The files under a folder, or in a tar. What holds no sys/ itself is taken for a /sys. Raises InputError."""
    found: Files = _Folder(Path(path)) if os.path.isdir(path) else _tar(path)
    if found.names("sys/kernel") or found.names("sys/bus") or found.names("sys/class"):
        return found
    below = _Below(found)
    if below.names("sys/kernel") or below.names("sys/bus") or below.names("sys/class"):
        return below
    raise _refused(
        path, "KX034", "neither it nor sys/ in it has kernel/, bus/ or class/", "copy /sys and /proc/cmdline"
    )


@dataclass(frozen=True)
class _Below:
    """Files of a /sys by itself."""

    files: Files

    def text(self, path: str) -> str | None:
        return self.files.text(path.removeprefix("sys/"))

    def names(self, path: str) -> tuple[str, ...]:
        return self.files.names(path.removeprefix("sys").lstrip("/"))

    def real(self, path: str) -> str:
        return "sys/" + self.files.real(path.removeprefix("sys/"))


@dataclass(frozen=True)
class _Folder:
    """Files under a folder of this machine."""

    root: Path

    def text(self, path: str) -> str | None:
        try:
            handle = os.open(self._within(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return None
        with os.fdopen(handle, "rb") as file:
            try:
                regular = stat.S_ISREG(os.fstat(handle).st_mode)
                return file.read(LARGEST).decode("utf-8", "backslashreplace") if regular else None
            except OSError:
                return None

    def names(self, path: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(self._within(path))))
        except (OSError, ValueError):
            return ()

    def real(self, path: str) -> str:
        try:
            return os.path.relpath(self._within(path), os.path.realpath(self.root))
        except (OSError, ValueError):
            return path

    def _within(self, path: str) -> str:
        """The file's own path. Raises ValueError for one outside of the folder."""
        top = os.path.realpath(self.root)
        found = os.path.realpath(os.path.join(top, path))
        if os.path.commonpath((top, found)) != top:
            raise ValueError(path)
        return found


@dataclass(frozen=True)
class _Members:
    """Files of a tar: texts, and the targets of links."""

    texts: Mapping[str, str]
    links: Mapping[str, str]
    folders: Mapping[str, frozenset[str]]

    def text(self, path: str) -> str | None:
        return self.texts.get(self.real(path))

    def names(self, path: str) -> tuple[str, ...]:
        return tuple(sorted(self.folders.get(self.real(path), ())))

    def real(self, path: str) -> str:
        done, left, followed = "", [part for part in path.split("/") if part], 0
        while left:
            part = left.pop(0)
            if part == "..":
                done = posixpath.dirname(done)
                continue
            step = f"{done}/{part}" if done else part
            target = self.links.get(step)
            if target is None or followed >= DEEPEST:
                done = step
                continue
            followed += 1
            done = "" if target.startswith("/") else done
            left = [part for part in target.split("/") if part and part != "."] + left
        return done


def _tar(path: str) -> _Members:
    texts: dict[str, str] = {}
    links: dict[str, str] = {}
    folders: dict[str, set[str]] = {}
    try:
        with tarfile.open(path, "r:*") as tar:
            for number, member in enumerate(tar):
                if number >= MOST:
                    raise _refused(path, "KX018", f"more than {MOST} members are not looked at")
                name = posixpath.normpath(member.name).lstrip("/")
                if name.startswith("..") or name == ".":
                    continue
                _enter(folders, name)
                if member.issym():
                    links[name] = member.linkname
                elif member.isreg() and (file := tar.extractfile(member)) is not None:
                    texts[name] = file.read(LARGEST).decode("utf-8", "backslashreplace")
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise _refused(path, "KX034", f"cannot be read as a folder or a tar: {said}") from None
    return _Members(texts, links, {name: frozenset(inside) for name, inside in folders.items()})


def _enter(folders: dict[str, set[str]], name: str) -> None:
    above, _, last = name.rpartition("/")
    while last and last not in folders.setdefault(above, set()):
        folders[above].add(last)
        above, _, last = above.rpartition("/")


def _refused(path: str, code: str, message: str, help: str | None = None) -> InputError:
    return InputError([Diagnostic(code, message, Span(path), help=help)])
