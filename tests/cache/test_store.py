"""One file for all: bounded, shared by processes, and nothing that lies in it does any harm."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import sqlite3
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from kexecspec.cache import place, store
from kexecspec.cache.place import Cache, Unusable, usual


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "kept")


def _sql(cache: Cache, statement: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(cache.folder / store.NAME) as file:
        found = file.execute(statement, values).fetchall()
    file.close()
    return found


def test_what_was_put_is_got_until_it_is_dropped(cache: Cache) -> None:
    assert store.get(cache, "a") is None
    store.put(cache, "a", "first \N{SNOWMAN}")
    store.put(cache, "a", "second \N{SNOWMAN}")
    store.put(cache, "b", "")
    assert store.get(cache, "a") == "second \N{SNOWMAN}" and store.get(cache, "b") == ""
    store.drop(cache, "a")
    assert store.get(cache, "a") is None and store.verify(cache).entries == 1
    assert store.clear(cache) == 1 and store.verify(cache) == store.Count(0, 0, 0)


def test_the_folder_is_its_owners_alone(cache: Cache) -> None:
    store.put(cache, "a", "text")
    assert cache.folder.stat().st_mode & 0o777 == 0o700


def _noise(number: int, length: int) -> str:
    """Text that does not get much smaller."""
    return "".join(hashlib.sha256(f"{number}.{n}".encode()).hexdigest() for n in range(length // 64))


def test_there_is_an_end_to_its_size_and_what_was_used_last_stays(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, now = Cache(cache.folder, 40_000), [10_000]
    monkeypatch.setattr(store, "_now", lambda: now[0])
    for number in range(60):
        now[0] += 2 * store._STALE
        store.put(small, f"k{number}", _noise(number, 4096))
        assert store.get(small, "k0") == _noise(0, 4096)
        assert store.verify(small).size <= 40_000
    kept = {str(key) for (key,) in _sql(cache, "SELECT key FROM kept")}
    assert {"k0", "k59", "k58"} <= kept and "k1" not in kept
    assert (cache.folder / store.NAME).stat().st_size < 120_000


def test_what_is_larger_than_all_is_not_kept(cache: Cache) -> None:
    store.put(Cache(cache.folder, 1000), "a", _noise(1, 8192))
    assert store.get(cache, "a") is None


def _hammer(folder: str, own: int, wrong: object) -> None:
    shared = Cache(Path(folder), 300_000)
    try:
        for turn in range(60):
            number = (own * 7 + turn) % 40
            found = store.get(shared, f"k{number}")
            if found is not None and found != _noise(number, 6000):
                raise AssertionError(f"k{number}")
            store.put(shared, f"k{number}", _noise(number, 6000))
            if turn % 20 == own:
                store.drop(shared, f"k{number}")
    except BaseException as error:
        wrong.put(repr(error))  # type: ignore[attr-defined]
        raise


def test_many_processes_at_once(cache: Cache) -> None:
    spawn = multiprocessing.get_context("fork")
    wrong = spawn.Queue()
    workers = [spawn.Process(target=_hammer, args=(str(cache.folder), own, wrong)) for own in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert wrong.empty() and [worker.exitcode for worker in workers] == [0] * 4
    count = store.verify(Cache(cache.folder, 300_000))
    assert count.dropped == 0 and 0 < count.size <= 300_000


def test_a_process_that_is_killed_while_it_writes_leaves_nothing_half_done(cache: Cache) -> None:
    store.put(cache, "a", "whole")
    pid = os.fork()
    if pid == 0:
        file = sqlite3.connect(cache.folder / store.NAME, isolation_level=None)
        file.execute("PRAGMA cache_size = 1")
        file.execute("BEGIN IMMEDIATE")
        for number in range(200):
            file.execute("INSERT INTO kept VALUES (?, 1, 1, 'x', zeroblob(5000))", (f"half{number}",))
        os._exit(0)
    os.waitpid(pid, 0)
    assert store.get(cache, "a") == "whole"
    assert store.verify(cache).entries == 1


BLOB = zlib.compress(b"other")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE kept SET content = x'00'", "UPDATE kept SET content = substr(content, 2)", "UPDATE kept SET sum = ''",
     "UPDATE kept SET content = 'text'", "UPDATE kept SET sum = NULL", "UPDATE kept SET key = 'b'",
     "UPDATE kept SET content = NULL, sum = 7"],
)  # fmt: skip
def test_a_damaged_entry_is_dropped(cache: Cache, statement: str) -> None:
    store.put(cache, "a", "text")
    loose = "CREATE TABLE other AS SELECT * FROM kept"
    _sql(cache, loose)
    _sql(cache, "DROP TABLE kept")
    _sql(cache, "ALTER TABLE other RENAME TO kept")
    _sql(cache, statement)
    key = "b" if "key" in statement else "a"
    assert store.get(cache, key) is None
    assert _sql(cache, "SELECT * FROM kept") == []


def test_verify_drops_what_is_damaged_and_nothing_else(cache: Cache) -> None:
    for key in "abc":
        store.put(cache, key, f"text {key}")
    _sql(cache, "UPDATE kept SET content = x'00' WHERE key = 'b'")
    count = store.verify(cache)
    assert (count.entries, count.dropped) == (2, 1) and store.get(cache, "c") == "text c"


class Evil:
    """What does harm when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_planted_pickle_is_never_loaded(cache: Cache, tmp_path: Path) -> None:
    """Neither as it is, nor packed, with every sum right."""
    mark = tmp_path / "harm"
    store.put(cache, "a", "text")
    planted = pickle.dumps(Evil(mark), 0)
    for content in (planted, zlib.compress(planted)):
        total = hashlib.sha256(b"a\0" + content).hexdigest()
        _sql(cache, "UPDATE kept SET content = ?, sum = ?", content, total)
        text = store.get(cache, "a")
        assert text is None or text == planted.decode()
    assert not mark.exists()
    pickle.loads(planted)
    assert mark.exists()


def test_a_text_that_unpacks_to_far_too_much_is_dropped(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(cache, "a", "0" * 100_000)
    monkeypatch.setattr(store, "LARGEST", 50_000)
    assert store.get(cache, "a") is None


def test_a_file_that_is_no_database_is_put_aside(cache: Cache) -> None:
    store.put(cache, "a", "text")
    (cache.folder / store.NAME).write_text("no database at all, but long enough to be read as one" * 99)
    with pytest.raises(Unusable, match=r"put aside as proofs\.broken"):
        store.get(cache, "a")
    assert store.get(cache, "a") is None
    store.put(cache, "a", "text")
    assert store.get(cache, "a") == "text" and (cache.folder / "proofs.broken").exists()


def test_a_file_with_a_page_of_rubbish_is_put_aside(cache: Cache) -> None:
    for number in range(40):
        store.put(cache, f"k{number}", _noise(number, 4096))
    path = cache.folder / store.NAME
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 4096] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(Unusable, match="put aside"):
        store.verify(cache)
    assert store.verify(cache).entries == 0


def test_another_version_is_left_as_it_is(cache: Cache) -> None:
    store.put(cache, "a", "text")
    _sql(cache, "PRAGMA user_version = 7")
    before = (cache.folder / store.NAME).read_bytes()
    for act in (lambda: store.get(cache, "a"), lambda: store.put(cache, "a", "b"), lambda: store.clear(cache)):
        with pytest.raises(Unusable, match=r"another version of kexecspec \(format 7, here 1\)"):
            act()
    assert (cache.folder / store.NAME).read_bytes() == before


def test_a_file_that_somebody_else_has_locked(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(cache, "a", "text")
    monkeypatch.setattr(store, "_PATIENCE", 0.05)
    other = sqlite3.connect(cache.folder / store.NAME, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unusable, match="locked"):
        store.put(cache, "a", "other")
    other.close()
    assert store.get(cache, "a") == "text"


def test_where_others_may_write_nothing_is_read(cache: Cache) -> None:
    store.put(cache, "a", "text")
    cache.folder.chmod(0o777)
    with pytest.raises(Unusable, match=r"others may write there \(mode 777, wanted is 700\)"):
        store.get(cache, "a")


def test_what_belongs_to_somebody_else_is_not_read(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(cache, "a", "text")
    owner = os.geteuid()
    monkeypatch.setattr(place.os, "geteuid", lambda: owner + 1)
    with pytest.raises(Unusable, match="belongs to another user"):
        store.get(cache, "a")


def test_a_link_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    store.put(cache, "a", "text")
    (cache.folder / store.NAME).rename(tmp_path / "elsewhere")
    (cache.folder / store.NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unusable, match="no ordinary file"):
        store.get(cache, "a")


def test_a_python_without_sqlite(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(Unusable, match="built without sqlite3"):
        store.get(cache, "a")
    assert not cache.folder.exists()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    with pytest.raises(Unusable, match="File exists"):
        store.get(Cache(tmp_path / "kept"), "a")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [({"KEXECSPEC_CACHE": "/x", "HOME": "/"}, "/x"), ({"KEXECSPEC_CACHE": "off", "HOME": "/"}, None),
     ({"KEXECSPEC_CACHE": "OFF"}, None), ({"KEXECSPEC_CACHE": "", "HOME": "/"}, "/.cache/kexecspec"),
     ({"HOME": "/", "XDG_CACHE_HOME": "/c"}, "/c/kexecspec"),
     ({"XDG_CACHE_HOME": "c", "HOME": "/"}, "/.cache/kexecspec"),
     ({"HOME": "/nonexistent"}, None), ({"HOME": "."}, None), ({}, None)],
)  # fmt: skip
def test_where_it_is(environment: dict[str, str], folder: str | None) -> None:
    found = usual(environment)
    assert found == (None if folder is None else Cache(Path(folder)))
