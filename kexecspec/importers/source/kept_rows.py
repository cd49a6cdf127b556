"""The rows of the index: what becomes of them when a file is read again, and of the drivers that hang on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from kexecspec.importers.source.reading import Read
from kexecspec.importers.source.tree import Signature

if TYPE_CHECKING:
    import sqlite3

Question: TypeAlias = tuple[str, str]
"""What was asked of a tree: for a file by its path (`FILE`), or for all files that have a key, by its kind and text."""
FILE = "file"
_MOST_WAYS = 4
"""For so many configurations drivers are kept side by side."""


def replaced(
    file: sqlite3.Connection, path: str, read: Read | None = None, signature: Signature | None = None
) -> list[Question]:
    """Puts `read`, where it is given, in the place of what was kept of `path`; the questions whose answers that
    changes."""
    before = file.execute("SELECT number, sum FROM files WHERE path = ?", (path,)).fetchone()
    same = before is not None and read is not None and before[1] == read.sum
    changed: set[Question] = set()
    if before is not None:
        if not same:
            changed.update(file.execute("SELECT kind, text FROM keys WHERE file = ?", before[:1]))
        file.execute("DELETE FROM keys WHERE file = ?", before[:1])
        file.execute("DELETE FROM files WHERE number = ?", before[:1])
    if read is not None and signature is not None:
        _insert(file, read, signature)
    if same:
        return []
    return [(FILE, path), *changed.symmetric_difference(read.keys if read is not None else ())]


def _insert(file: sqlite3.Connection, read: Read, signature: Signature) -> None:
    row = (read.path, signature.size, signature.changed, read.sum, read.level, read.problem, read.content)
    made = file.execute(
        "INSERT INTO files (path, size, changed, sum, level, problem, content) VALUES (?,?,?,?,?,?,?)", row
    )
    file.executemany("INSERT OR IGNORE INTO keys VALUES (?,?,?)", [(k, t, made.lastrowid) for k, t in read.keys])


def forget_drivers(file: sqlite3.Connection, changed: Iterable[Question]) -> None:
    """Takes away the drivers that had asked one of `changed`, and tells that the tree is in another state."""
    if file.execute("SELECT 1 FROM drivers LIMIT 1").fetchone():
        sums = [(question_sum(one),) for one in changed]
        file.execute("CREATE TEMP TABLE IF NOT EXISTS asked (question INTEGER PRIMARY KEY)")
        file.execute("DELETE FROM asked")
        file.executemany("INSERT OR IGNORE INTO asked VALUES (?)", sums)
        found = file.execute("SELECT DISTINCT driver FROM needs JOIN asked USING (question)").fetchall()
        _drop(file, found)
    file.execute(
        "INSERT INTO said VALUES ('state', '1') ON CONFLICT (name) DO UPDATE SET text = CAST(text AS INTEGER) + 1"
    )


def state_of(file: sqlite3.Connection) -> int:
    """How often anything of the tree was found to be otherwise."""
    found = file.execute("SELECT text FROM said WHERE name = 'state'").fetchone()
    return int(found[0]) if found else 0


def replace_drivers(
    file: sqlite3.Connection, how: str, drivers: Mapping[str, tuple[bytes, Iterable[Question]]]
) -> None:
    """Puts the drivers of files, made as `how` says, in the place of what was kept; what was made otherwise goes where
    there is too much of it."""
    for path, (content, asked) in drivers.items():
        _drop(file, file.execute("SELECT number FROM drivers WHERE path = ? AND how = ?", (path, how)).fetchall())
        made = file.execute("INSERT INTO drivers (path, how, content) VALUES (?,?,?)", (path, how, content))
        rows = [(question_sum(one), made.lastrowid) for one in asked]
        file.executemany("INSERT OR IGNORE INTO needs VALUES (?,?)", rows)
    ways = [row[0] for row in file.execute("SELECT how FROM drivers GROUP BY how ORDER BY max(number) DESC")]
    for old in ways[_MOST_WAYS:]:
        _drop(file, file.execute("SELECT number FROM drivers WHERE how = ?", (old,)).fetchall())


def question_sum(question: Question) -> int:
    """A number for a question: where two have the same one, drivers are put together once more than they need."""
    text = "\0".join(question).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def _drop(file: sqlite3.Connection, numbers: Iterable[tuple[int]]) -> None:
    rows = list(numbers)
    file.executemany("DELETE FROM needs WHERE driver = ?", rows)
    file.executemany("DELETE FROM drivers WHERE number = ?", rows)
