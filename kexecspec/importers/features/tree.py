"""A kernel's source tree: its version, and its C files as they are asked for."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kexecspec.importers.facts import Fact, Place, unknown
from kexecspec.importers.source.conditions import Config, config_of
from kexecspec.importers.source.syntax import Unit, parse

LARGEST = 16 << 20
_NUMBERS = ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION")


class NoTree(Exception):
    """What was given is no kernel tree, or no configuration; the text says why."""


@dataclass(frozen=True)
class Tree:
    """A folder with a kernel's sources. What was read of it once is not read again."""

    root: Path
    version: Fact[str]
    config: Config | None = None
    _texts: dict[str, bytes | None] = field(default_factory=dict, repr=False, compare=False)
    _units: dict[str, Unit] = field(default_factory=dict, repr=False, compare=False)

    def text(self, path: str) -> bytes | None:
        """The bytes of a file of the tree; None if it has no such regular file, or one too large or not readable."""
        if path not in self._texts:
            self._texts[path] = _bytes(self.root / path)
        return self._texts[path]

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The files that were asked for so far, whether they are there or not."""
        return tuple(self._texts)

    def unit(self, path: str) -> Unit | None:
        """A file of the tree as C; None as for `text`."""
        text = self.text(path)
        if text is not None and path not in self._units:
            self._units[path] = parse(text)
        return self._units.get(path)


def open_tree(root: str | Path, config: str | Path | None = None) -> Tree:
    """The tree under `root`, with the options of a .config file where one is given.

    Raises NoTree if there is nothing of a kernel under `root`, or the configuration cannot be read.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise NoTree("it is no folder")
    if not any((folder / part).is_dir() for part in ("drivers", "include/linux", "arch")):
        raise NoTree("it is no kernel tree: there is neither drivers/ nor include/linux/ nor arch/ in it")
    return Tree(folder, version_of(folder), None if config is None else _config(Path(config)))


def version_of(root: Path) -> Fact[str]:
    """What the tree's Makefile says it is, such as 6.1.192."""
    place = Place("Makefile")
    text = (_bytes(root / "Makefile") or b"")[:20_000].decode("utf-8", "replace")
    found: Mapping[str, Any] = dict(re.findall(r"^(\w+)[ \t]*=[ \t]*(\S*)", text, re.MULTILINE))
    major, minor, patch, extra = (str(found.get(name, "")) for name in _NUMBERS)
    if not (major.isdigit() and minor.isdigit()):
        return unknown(place, note="there is no Makefile that names a version")
    stable = f".{patch}" if patch.isdigit() and patch != "0" else ""
    line = text[: text.index("VERSION")].count("\n") + 1
    return Fact(f"{major}.{minor}{stable}{extra}", (Place("Makefile", line),))


def _config(path: Path) -> Config:
    text = _bytes(path)
    if text is None:
        raise NoTree(f"{path.name} cannot be read as a configuration")
    return config_of(text.decode("utf-8", "replace"))


def _bytes(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST:
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(LARGEST)
    except OSError:
        return None
    finally:
        os.close(handle)
