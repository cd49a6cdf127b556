"""The files of a kernel tree that can hold a driver or what it calls."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kexecspec.importers.facts import Place
from kexecspec.importers.source.values import Problem

MOST_FILES = 400_000
_NEVER = frozenset(
    (
        "Documentation",
        "tools",
        "scripts",
        "samples",
        "LICENSES",
        "include",
        "rust",
        "usr",
        "certs",
        "init",
        "ipc",
        "virt",
    )
)
_ARCHITECTURES = frozenset(("arm64", "arm"))
_MAKEFILES = frozenset(("Makefile", "Kbuild"))
_VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S*)", re.MULTILINE)


class NoTree(Exception):
    """What was named is no kernel tree; the message says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """By what a file is known again without reading it."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The C files and makefiles of a tree, by their path in it, and what could not be looked at."""

    files: Mapping[str, Signature]
    problems: tuple[Problem, ...]


def listing(root: Path) -> Listing:
    """What there is to read under `root`. Links are followed within the tree, no folder is entered twice.
    Raises NoTree where nothing there looks like a kernel's source."""
    if not root.is_dir():
        raise NoTree(f"{root}: no such folder")
    if not (root / "drivers").is_dir():
        raise NoTree(f"{root}: no kernel tree, it has no folder drivers/")
    files: dict[str, Signature] = {}
    problems: list[Problem] = []
    seen: set[tuple[int, int]] = set()
    inside = os.path.realpath(root)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda e: e.name)
        except OSError as error:
            problems.append(Problem(Place(folder or "."), error.strerror or str(error)))
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            try:
                _enter(entry, path, inside, seen, files, waiting)
            except OSError as error:
                problems.append(Problem(Place(path), error.strerror or str(error)))
        if len(files) > MOST_FILES:
            raise NoTree(f"{root}: more than {MOST_FILES} files")
    return Listing(dict(sorted(files.items())), tuple(problems))


def _enter(
    entry: os.DirEntry[str], path: str, inside: str, seen: set[tuple[int, int]], files: dict[str, Signature],
    waiting: list[str],
) -> None:  # fmt: skip
    wanted = entry.name.endswith(".c") or entry.name in _MAKEFILES
    link = entry.is_symlink()
    if link and not os.path.realpath(entry.path).startswith(inside + os.sep):
        return
    if not wanted and not entry.is_dir():
        return
    found = entry.stat()
    if stat.S_ISDIR(found.st_mode):
        if _worth_entering(path) and (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            waiting.append(path)
    elif stat.S_ISREG(found.st_mode) and wanted:
        files[path] = Signature(found.st_size, found.st_mtime_ns)


def _worth_entering(path: str) -> bool:
    parts = path.split("/")
    if parts[-1].startswith(".") or len(parts) > 40:
        return False
    return parts[0] not in _NEVER and not (parts[0] == "arch" and len(parts) == 2 and parts[1] not in _ARCHITECTURES)


def version(root: Path) -> str:
    """What the tree's top Makefile calls its version, such as 6.1.192; empty where that cannot be told."""
    try:
        with open(root / "Makefile", "rb") as file:
            text = file.read(20_000).decode("utf-8", "replace")
    except OSError:
        return ""
    said = dict(_VERSION.findall(text))
    if not said.get("VERSION", "").isdigit() or not said.get("PATCHLEVEL", "").isdigit():
        return ""
    last = f".{said['SUBLEVEL']}" if said.get("SUBLEVEL", "").isdigit() else ""
    return f"{said['VERSION']}.{said['PATCHLEVEL']}{last}{said.get('EXTRAVERSION', '')}"[:60]
