"""Texts under keys in one SQLite file that several processes use at once, the least recently used given up first.

Each entry has a sum over its key and its content; one that does not fit is dropped. A file that SQLite cannot read is
put aside. Each call opens the file anew, so that nothing of it is held across a fork. Nothing but text comes out of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kexecspec.cache.place import Cache, Unusable, check_file, ready

if TYPE_CHECKING:
    import sqlite3

FORMAT = 1
NAME = "proofs.sqlite3"
LARGEST = 64 << 20
"""No text is longer than this: what would be is neither kept nor unpacked."""
_PATIENCE = 5.0
"""Seconds to wait for another process that is writing."""
_STALE = 3600
"""An entry that was used in the last hour is not marked again."""
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, used INTEGER NOT NULL, size INTEGER NOT NULL, "
    "sum TEXT NOT NULL, content BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS by_use ON kept (used, size)",
    f"PRAGMA user_version = {FORMAT}",
)


@dataclass(frozen=True)
class Count:
    """How many entries there are, how many bytes they take, and how many were not as they were written."""

    entries: int
    size: int
    dropped: int


def get(cache: Cache, key: str) -> str | None:
    """The text under `key`; None where there is none. Raises Unusable."""
    with _opened(cache) as file:
        row = file.execute("SELECT sum, content FROM kept WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        text = _text(key, *row)
        import sqlite3

        with contextlib.suppress(sqlite3.OperationalError):  # one that cannot be marked can be used
            if text is None:
                file.execute("DELETE FROM kept WHERE key = ? AND sum IS ?", (key, row[0]))
            else:
                file.execute("UPDATE kept SET used = ? WHERE key = ? AND used < ?", (_now(), key, _now() - _STALE))
        return text


def put(cache: Cache, key: str, text: str) -> None:
    """Keeps `text` under `key`, and gives up what was used longest ago as far as room is needed. Raises Unusable."""
    put_all(cache, {key: text})


def put_all(cache: Cache, texts: Mapping[str, str | None]) -> None:
    """As `put`, for several at once; what is under a key without a text is forgotten. Raises Unusable."""
    packed = {key: zlib.compress(text.encode()) for key, text in texts.items() if text is not None}
    fitting = {key: p for key, p in packed.items() if len(p) <= cache.limit and len(texts[key] or "") <= LARGEST}
    rows = [(key, _now(), len(p), _sum(key, p), p) for key, p in fitting.items()]
    with _opened(cache) as file, _transaction(file):
        file.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in texts])
        file.executemany("INSERT INTO kept VALUES (?, ?, ?, ?, ?)", rows)
        (size,) = file.execute("SELECT total(size) FROM kept").fetchone()
        if size > cache.limit:
            _make_room(file, size - cache.limit * 3 // 4, frozenset(texts))


def drop(cache: Cache, key: str) -> None:
    """Forgets what is under `key`. Raises Unusable."""
    with _opened(cache) as file:
        file.execute("DELETE FROM kept WHERE key = ?", (key,))


def clear(cache: Cache) -> int:
    """Forgets everything, and returns how many entries that were. Raises Unusable."""
    with _opened(cache) as file:
        (entries,) = file.execute("SELECT count(*) FROM kept").fetchone()
        file.execute("DELETE FROM kept")
        file.execute("VACUUM")
    return int(entries)


def verify(cache: Cache) -> Count:
    """Looks at all entries, and drops those that are not as they were written. Raises Unusable."""
    with _opened(cache) as file:
        wrong = [key for key, total, content in file.execute("SELECT key, sum, content FROM kept")
                 if _text(key, total, content) is None]  # fmt: skip
        file.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in wrong])
        entries, size = file.execute("SELECT count(*), total(size) FROM kept").fetchone()
    return Count(int(entries), int(size), len(wrong))


@contextlib.contextmanager
def _opened(cache: Cache) -> Iterator[sqlite3.Connection]:
    """The file, ready to be used. Raises Unusable for whatever goes wrong within."""
    try:
        import sqlite3
    except ImportError:
        raise Unusable("this Python was built without sqlite3") from None
    ready(cache.folder)
    path = cache.folder / NAME
    check_file(path)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as file:
            _prepare(file, path)
            yield file
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith(_BROKEN):
            raise Unusable(f"{path}: {error}; {_put_aside(path)}") from None
        raise Unusable(f"{path}: {error}") from None


def _prepare(file: sqlite3.Connection, path: Path) -> None:
    """Nothing that lies in the file is run, and it has this format. An entry lost with the power is no loss."""
    file.execute("PRAGMA trusted_schema = OFF")
    file.execute("PRAGMA synchronous = OFF")
    (found,) = file.execute("PRAGMA user_version").fetchone()
    if found == FORMAT:
        return
    if found != 0:
        raise Unusable(f"{path}: it is of another version of kexecspec (format {found}, here {FORMAT})")
    with _transaction(file):
        for statement in _TABLE:
            file.execute(statement)


@contextlib.contextmanager
def _transaction(file: sqlite3.Connection) -> Iterator[None]:
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        file.rollback()
        raise
    file.commit()


def _make_room(file: sqlite3.Connection, wanted: float, newest: frozenset[str]) -> None:
    """Gives up `wanted` bytes of what was used longest ago, what has just come last."""
    old = file.execute("SELECT key, size FROM kept ORDER BY used, key").fetchall()
    for key, size in sorted(old, key=lambda row: row[0] in newest):
        if wanted <= 0:
            return
        file.execute("DELETE FROM kept WHERE key = ?", (key,))
        wanted -= size


def _put_aside(path: Path) -> str:
    """Moves a file that cannot be read out of the way, and says so."""
    aside = path.with_suffix(".broken")
    try:
        path.replace(aside)
    except OSError as error:
        return f"it cannot be put aside: {error.strerror}"
    return f"it was put aside as {aside.name}"


def _text(key: object, total: object, content: object) -> str | None:
    """The text of an entry; None where it is not what was written."""
    if not isinstance(key, str) or not isinstance(content, bytes) or _sum(key, content) != total:
        return None
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(content, LARGEST)
        return text.decode() if unpacking.eof else None
    except (zlib.error, UnicodeDecodeError):
        return None


def _sum(key: str, content: bytes) -> str:
    return hashlib.sha256(key.encode() + b"\0" + content).hexdigest()


def _now() -> int:
    return int(time.time())
