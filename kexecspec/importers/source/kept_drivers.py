"""Drivers that were put together once, kept with all that was asked of the tree meanwhile.

A driver hangs on many files: on those that were read for it, and on which files define a name. Each such question is
kept beside it, and what a changed file answers otherwise takes away the drivers that had asked (`kept.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from dataclasses import dataclass, field
from importlib.resources import files

from kexecspec.importers.source.conditions import Config
from kexecspec.importers.source.kept import Damaged, Kept
from kexecspec.importers.source.kept_rows import Question
from kexecspec.importers.source.packing import packed_drivers, unpacked_drivers
from kexecspec.importers.source.values import DriverRead
from kexecspec.library import library


@dataclass(slots=True)
class KeptDrivers:
    """The drivers of each file, as a configuration and this code make them of the tree in its present state."""

    kept: Kept
    how: str
    state: int
    _new: dict[str, tuple[bytes, frozenset[Question]]] = field(default_factory=dict, repr=False)

    def of(self, path: str) -> tuple[DriverRead, ...] | None:
        """The drivers of a file; None where they are not known yet, or what is kept is damaged."""
        for (content,) in self.kept.rows("SELECT content FROM drivers WHERE path = ? AND how = ?", [path, self.how]):
            with contextlib.suppress(ValueError, zlib.error):
                return unpacked_drivers(zlib.decompress(content))
        return None

    def add(self, path: str, drivers: tuple[DriverRead, ...], asked: frozenset[Question]) -> None:
        """The drivers of a file, and what was asked to put them together."""
        self._new[path] = zlib.compress(packed_drivers(drivers).encode(), 1), asked

    def write(self) -> None:
        """Writes what was added; nothing where the tree's state is another by now, or nothing can be written."""
        if self._new:
            with contextlib.suppress(Damaged):
                self.kept.keep_drivers(self.how, self.state, self._new)
            self._new = {}


def kept_drivers(kept: Kept, config: Config | None) -> KeptDrivers:
    """Those of the tree whose index is `kept`, up to date as it is now."""
    return KeptDrivers(kept, how(config), kept.state())


def how(config: Config | None) -> str:
    """A sum of what drivers are made by besides the tree: this code, specs/calls, and the configuration."""
    made = hashlib.sha256()
    for folder in (files("kexecspec.importers.source"), files("kexecspec.importers")):
        for source in sorted((f for f in folder.iterdir() if f.name.endswith(".py")), key=lambda f: f.name):
            made.update(source.read_bytes())
    for table in sorted((library().root / "calls").glob("*.yaml")):
        made.update(table.read_bytes())
    made.update(repr(None if config is None else sorted(config.items())).encode())
    return made.hexdigest()[:32]
