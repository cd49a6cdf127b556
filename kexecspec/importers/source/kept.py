"""The index in one SQLite file: a tree's files, what is kept of each, and keys by which they are found.

All of it can be made again from the tree: a file that is damaged, or of another reader, is dropped. Nothing of an open
file is held across a fork.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kexecspec.importers.source.kept_rows import Question, forget_drivers, replace_drivers, replaced, state_of
from kexecspec.importers.source.reading import Read
from kexecspec.importers.source.tree import Signature

if TYPE_CHECKING:
    import sqlite3

_PATIENCE = 60.0
_READERS = (
    "blank", "attributes", "parse", "nesting", "initialiser", "id_rows", "records", "reading", "makefiles",
    "struct_types", "kept", "tree", "syntax", "naming", "pci_rows", "headers", "kept_rows",
)  # fmt: skip
_TABLES = (
    "CREATE TABLE IF NOT EXISTS said (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS files (number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, "
    "changed INTEGER NOT NULL, sum TEXT NOT NULL, level INTEGER NOT NULL, problem TEXT NOT NULL, "
    "content BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS keys (kind TEXT NOT NULL, text TEXT NOT NULL, file INTEGER NOT NULL, "
    "PRIMARY KEY (kind, text, file)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS keys_of ON keys (file)",
    "CREATE TABLE IF NOT EXISTS drivers (number INTEGER PRIMARY KEY, path TEXT NOT NULL, how TEXT NOT NULL, "
    "content BLOB NOT NULL, UNIQUE (path, how))",
    "CREATE TABLE IF NOT EXISTS needs (question INTEGER NOT NULL, driver INTEGER NOT NULL, "
    "PRIMARY KEY (question, driver)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS needs_of ON needs (driver)",
)


@dataclass(slots=True)
class Kept:
    """The SQLite file at `path`, opened when it is first asked for, in each process by itself."""

    path: Path
    root: Path
    _open: tuple[int, sqlite3.Connection] | None = field(default=None, repr=False)

    def rows(self, question: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """What SQLite answers. Raises Damaged."""
        with _damage():
            return self._file().execute(question, tuple(values)).fetchall()

    def signatures(self) -> dict[str, Signature]:
        """The files that are kept, by path."""
        return {p: Signature(s, c) for p, s, c in self.rows("SELECT path, size, changed FROM files")}

    def state(self) -> int:
        """A number that grows when anything that is read of the tree does so otherwise. Raises Damaged."""
        with _damage():
            return state_of(self._file())

    def keep(self, reads: Iterable[tuple[Read, Signature]], gone: Iterable[str] = ()) -> None:
        """Puts files in the place of what was kept of them, and forgets those that are `gone`, and all drivers that
        hang on what has changed. Raises Damaged."""
        with self._written() as file:
            changed = [one for path in gone for one in replaced(file, path)]
            changed += [one for read, signature in reads for one in replaced(file, read.path, read, signature)]
            if changed:
                forget_drivers(file, changed)

    def keep_drivers(self, how: str, state: int, drivers: Mapping[str, tuple[bytes, Iterable[Question]]]) -> None:
        """Puts drivers, by path and made as `how` says, with what was asked for them, in the place of what was kept;
        nothing if the tree's state is no longer `state`. Raises Damaged."""
        with self._written() as file:
            if state_of(file) == state:
                replace_drivers(file, how, drivers)

    @contextlib.contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        with _damage():
            file = self._file()
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
            except BaseException:
                file.rollback()
                raise
            file.commit()

    def close(self) -> None:
        """Lets go of the file, where this process has it open."""
        if self._open is not None and self._open[0] == os.getpid():
            self._open[1].close()
        self._open = None

    def drop(self) -> None:
        """Removes the file: it will be made again."""
        self.close()
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    def _file(self) -> sqlite3.Connection:
        if self._open is None or self._open[0] != os.getpid():
            self._open = (os.getpid(), _opened(self.path, str(self.root)))
        return self._open[1]


class Damaged(Exception):
    """The SQLite file cannot be used; the message says why."""


def index_name(root: Path) -> str:
    """The name of the index of the tree at `root`."""
    return f"tree-{hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:20]}.sqlite3"


@cache
def reader() -> str:
    """A sum over the code that reads: what other code has read is read again."""
    folder = files("kexecspec.importers.source")
    return hashlib.sha256(b"\0".join((folder / f"{n}.py").read_bytes() for n in _READERS)).hexdigest()


def _opened(path: Path, root: str) -> sqlite3.Connection:
    import sqlite3

    file = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("PRAGMA synchronous = OFF")
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA cache_size = -20000")
        for statement in _TABLES:
            file.execute(statement)
        said = dict(file.execute("SELECT name, text FROM said").fetchall())
        if (said.get("reader"), said.get("root")) != (reader(), root):
            file.execute("BEGIN IMMEDIATE")
            for table in ("files", "keys", "said", "drivers", "needs"):
                file.execute(f"DELETE FROM {table}")
            file.executemany("INSERT INTO said VALUES (?, ?)", [("reader", reader()), ("root", root)])
            file.commit()
    except BaseException:
        file.close()
        raise
    return file


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise Damaged(str(error)) from None
