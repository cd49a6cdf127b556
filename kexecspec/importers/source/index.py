"""A kernel tree, opened: its index is made or brought up to date, and answers from then on."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kexecspec.importers.facts import Place
from kexecspec.importers.source import pci_ids
from kexecspec.importers.source.conditions import Config
from kexecspec.importers.source.crew import read_all
from kexecspec.importers.source.driver import read_driver
from kexecspec.importers.source.headers import KIND as HEADERS
from kexecspec.importers.source.headers import changed as headers_changed
from kexecspec.importers.source.kept import Damaged, Kept, index_name
from kexecspec.importers.source.kept_drivers import KeptDrivers, kept_drivers
from kexecspec.importers.source.reading import Read
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.struct_types import DRIVERS
from kexecspec.importers.source.syntax import check_parser
from kexecspec.importers.source.tables import usual_tables
from kexecspec.importers.source.tree import Listing, Signature, listing, version
from kexecspec.importers.source.values import DriverRead, Problem, Table

Told = Callable[[int, int], None]
_BATCH = 1000
_BY_NAME = "found by its name: what the AMBA bus compares is a number in the part's registers"
_FEW = 40
"""So few files are read in this process."""


@dataclass(slots=True)
class TreeIndex:
    """A values.Index over the files of a tree."""

    root: Path
    sources: Sources
    kept: KeptDrivers
    config: Config | None
    version: str
    identity: str
    problems: tuple[Problem, ...]
    _made: dict[str, tuple[DriverRead, ...]] = field(default_factory=dict, repr=False)
    _folders: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _symbols: Mapping[str, str] | None = field(default=None, repr=False)

    def drivers_for(self, compatible: str) -> tuple[DriverRead, ...]:
        """The drivers whose of_device_id tables name `compatible`. One of the AMBA bus is bound by a number that
        only the hardware tells: where no table has the compatible, the driver called like its part goes and says so."""
        found = self.drivers_by("of", compatible)
        maker, _, part = compatible.partition(",")
        if found or maker != "arm" or not part:
            return found
        return tuple(replace(d, notes=(*d.notes, _BY_NAME)) for d in self.drivers_called(part, "amba"))

    def drivers_by(self, table: Table, text: str) -> tuple[DriverRead, ...]:
        """The drivers with a row of that kind that fits `text`; a row's `*` fits anything."""
        rows = [text] if table not in ("pci", "amba", "usb") else self._fitting(table, text)
        paths = {p for row in rows for p in self.sources.files_with(table, row)}
        wanted = frozenset(rows)
        made = [d for path in sorted(paths) for d in self._in_file(path, table)]
        return tuple(d for d in _once(made) if any(m.table == table and m.text in wanted for m in d.matches))

    def drivers_called(self, name: str, bus: str = "") -> tuple[DriverRead, ...]:
        """The drivers that the kernel calls `name`, on any bus or on `bus`."""
        made = [d for path in self.sources.files_with("driver", name) for d in self._in_file(path)]
        return tuple(d for d in _once(made) if d.name == name and bus in ("", d.bus))

    def every(self) -> Iterable[DriverRead]:
        """All drivers of the tree."""
        for path in self.sources.files_of("driver"):
            yield from self._in_file(path)

    def _in_file(self, path: str, table: str = "") -> Iterator[DriverRead]:
        """The drivers of a file, and those that use a table of it from another file."""
        if path not in self._made:
            found = self.kept.of(path)
            self._made[path] = self._put_together(path) if found is None else found
        yield from self._made[path]
        if table and not self._made[path]:
            yield from self._borrowing(path)

    def _put_together(self, path: str) -> tuple[DriverRead, ...]:
        with self.sources.watched() as asked:
            structs = [s for s in self.sources.structs(path).structs if s.type in DRIVERS]
            made = tuple(read_driver(self.sources, usual_tables(), self.config, path, s) for s in structs)
        self.kept.add(path, made, frozenset(asked))
        return made

    def _borrowing(self, path: str) -> Iterator[DriverRead]:
        if not self._folders:
            for other in self.sources.files_of("driver"):
                self._folders.setdefault(other.rpartition("/")[0], []).append(other)
        for other in self._folders.get(path.rpartition("/")[0], ()):
            if other != path:
                yield from self._in_file(other)

    def _fitting(self, table: Table, text: str) -> list[str]:
        if table == "pci" and self._symbols is None:
            self._symbols = pci_ids.symbols(self.root)
        return [row for row in self.sources.texts_of(table) if pci_ids.fits(table, row, text, self._symbols or {})]


@contextlib.contextmanager
def opened_index(
    root: Path, folder: Path | None, jobs: int = 2, told: Told | None = None, config: Config | None = None
) -> Iterator[TreeIndex]:
    """The index of the tree at `root`, kept in `folder` (where that is None, in one of its own that is then
    removed) and brought up to date by what has changed since, by `jobs` processes; `told` hears how many files of how
    many are read.
    Raises NoTree, syntax.NoParser, or Damaged where nothing can be written in `folder`."""
    check_parser()
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kexecspec-")))
        kept = Kept(folder / index_name(root), Path(os.path.realpath(root)))
        stack.callback(kept.close)
        try:
            problems = _brought_up_to_date(kept, root, jobs, told)
        except Damaged:
            kept.drop()
            problems = _brought_up_to_date(kept, root, jobs, told)
        drivers = kept_drivers(kept, config)
        stack.callback(drivers.write)
        yield TreeIndex(root, Sources(root, kept), drivers, config, version(root), _identity(kept), problems)


def _brought_up_to_date(kept: Kept, root: Path, jobs: int, told: Told | None) -> tuple[Problem, ...]:
    found = listing(root)
    before = kept.signatures()
    beside = _beside_changed(kept, root)
    changed = sorted(p for p, s in found.files.items() if (before.get(p) != s or p in beside) and "\n" not in p)
    gone = [path for path in before if path not in found.files]
    if gone:
        kept.keep((), gone)
    batch: list[tuple[Read, Signature]] = []
    for number, read in enumerate(_read(root, changed, jobs), 1):
        batch.append((read, found.files[read.path]))
        if len(batch) >= _BATCH:
            kept.keep(batch)
            batch = []
        if told is not None:
            told(number, len(changed))
    if batch:
        kept.keep(batch)
    return (*found.problems, *_unsteady(root, found, changed), *_kept_problems(kept))


def _beside_changed(kept: Kept, root: Path) -> frozenset[str]:
    """The files that asked something of headers which are others by now."""
    rows = kept.rows("SELECT text, path FROM keys JOIN files ON number = file WHERE kind = ?", [HEADERS])
    stale = headers_changed(root, tuple(dict.fromkeys(text for text, _ in rows)))
    return frozenset(path for text, path in rows if text in stale)


def _read(root: Path, paths: list[str], jobs: int) -> Iterator[Read]:
    from kexecspec.importers.source.reading import read_file

    if len(paths) > _FEW:
        yield from read_all(root, paths, jobs)
        return
    for path in paths:
        yield read_file(root, path)


def _unsteady(root: Path, found: Listing, changed: list[str]) -> Iterator[Problem]:
    """Files that changed after they were listed: what was read of them is of no one moment."""
    for path in changed:
        try:
            now = (root / path).stat()
        except OSError:
            now = None
        if now is None or Signature(now.st_size, now.st_mtime_ns) != found.files[path]:
            yield Problem(Place(path), "it changed while the tree was read")


def _kept_problems(kept: Kept) -> Iterator[Problem]:
    for path, says in kept.rows("SELECT path, problem FROM files WHERE problem != '' ORDER BY path"):
        yield Problem(Place(path), says)


def _identity(kept: Kept) -> str:
    made = hashlib.sha256()
    for path, total in kept.rows("SELECT path, sum FROM files ORDER BY path"):
        made.update(f"{path}\0{total}\n".encode())
    return made.hexdigest()


def _once(drivers: Iterable[DriverRead]) -> Iterator[DriverRead]:
    seen = {(d.place.file, d.place.line): d for d in drivers}
    yield from (seen[key] for key in sorted(seen))
