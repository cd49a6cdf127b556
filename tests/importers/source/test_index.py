"""The index of a tree: made once, brought up to date by what changed, dropped when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from kexecspec.importers.source import crew, kept
from kexecspec.importers.source.index import opened_index
from kexecspec.importers.source.kept import index_name
from kexecspec.importers.source.tree import NoTree, listing, version
from tests.importers.source.trees import driver, tree


def names(root: Path, folder: Path | None, compatible: str = "acme,ring") -> list[str]:
    with opened_index(root, folder, 1) as index:
        return [d.name for d in index.drivers_for(compatible)]


def counted(root: Path, folder: Path) -> int:
    """How many files are read when the index is opened."""
    heard: list[int] = []
    with opened_index(root, folder, 1, lambda number, _: heard.append(number)):
        pass
    return len(heard)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {"drivers/a/one.c": driver(""), "drivers/a/two.c": driver("", name="other", compatible="acme,other")}
    return tree(tmp_path / "tree", files)


def test_only_what_changed_is_read_again(source: Path, tmp_path: Path) -> None:
    assert counted(source, tmp_path) == 4 and counted(source, tmp_path) == 0
    (source / "drivers/a/one.c").write_text(driver("", name="renamed"))
    assert counted(source, tmp_path) == 1 and names(source, tmp_path) == ["renamed"]
    (source / "drivers/a/one.c").unlink()
    assert names(source, tmp_path) == [] and names(source, tmp_path, "acme,other") == ["other"]
    (source / "drivers/a/three.c").write_text(driver("", name="third"))
    assert names(source, tmp_path) == ["third"]


def test_the_identity_is_that_of_the_contents(source: Path, tmp_path: Path) -> None:
    def identity() -> str:
        with opened_index(source, tmp_path, 1) as index:
            return index.identity

    first = identity()
    os.utime(source / "drivers/a/one.c", (1, 1))
    assert identity() == first
    (source / "drivers/a/two.c").write_text(driver(".shutdown = x,"))
    assert identity() != first


@pytest.mark.parametrize(
    "damage", [b"no database at all, but long enough to be looked at", b"", b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_index_is_made_again(source: Path, tmp_path: Path, damage: bytes) -> None:
    assert names(source, tmp_path) == ["acme-ring"]
    (tmp_path / index_name(source)).write_bytes(damage)
    assert names(source, tmp_path) == ["acme-ring"]


def test_damaged_records_are_read_again(source: Path, tmp_path: Path) -> None:
    names(source, tmp_path)
    with sqlite3.connect(tmp_path / index_name(source)) as file:
        file.execute("UPDATE files SET content = x'00ff' WHERE path LIKE '%.c'")
    assert names(source, tmp_path) == ["acme-ring"]


def test_the_index_of_another_reader_is_made_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(source, tmp_path)
    assert counted(source, tmp_path) == 0
    monkeypatch.setattr(kept, "reader", lambda: "of tomorrow")
    assert counted(source, tmp_path) == 4


def test_many_files_are_read_by_processes_of_their_own(tmp_path: Path) -> None:
    files = {f"drivers/m/d{n}.c": driver("", name=f"d{n}", compatible=f"acme,{n}") for n in range(50)}
    root = tree(tmp_path / "tree", files)
    with opened_index(root, None, 2) as index:
        assert [d.name for n in range(50) for d in index.drivers_for(f"acme,{n}")] == [f"d{n}" for n in range(50)]
        assert [d.name for d in index.every()] == [f"d{n}" for n in sorted(range(50), key=str)]


def test_a_reader_that_dies_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path / "tree", {"drivers/a.c": driver(""), "drivers/die.c": "int x;", "drivers/z.c": driver("")})
    program = crew._PROGRAM.replace(
        "; serve",
        "; from kexecspec.importers.source import worker as w; import os; r = w.read_file; "
        "w.read_file = lambda root, path: os._exit(3) if 'die' in path else r(root, path); serve",
    )
    monkeypatch.setattr(crew, "_PROGRAM", program)
    found = {r.path: r.problem for r in crew.read_all(root, ["drivers/a.c", "drivers/die.c", "drivers/z.c"], 1)}
    assert found == {"drivers/a.c": "", "drivers/die.c": "the reader died over it", "drivers/z.c": ""}


def test_what_cannot_be_read_is_told(source: Path, tmp_path: Path) -> None:
    (source / "drivers/a/loop").symlink_to(source / "drivers")
    (source / "drivers/a/out").symlink_to("/")
    (source / "drivers/a/gone.c").symlink_to(source / "nowhere.c")
    (source / "drivers/a/zero.c").write_bytes(b"\0\1\2" * 100 + b"struct platform_driver x = {};")
    (source / "drivers/a/big.c").write_bytes(b"struct platform_driver x = {};\n" + b"/* */\n" * 800_000)
    os.mkfifo(source / "drivers/a/pipe.c")
    with opened_index(source, tmp_path, 1) as index:
        assert [d.name for d in index.drivers_for("acme,ring")] == ["acme-ring"]
        told = {str(p.place): p.says for p in index.problems}
    assert set(told) == {"drivers/a/gone.c", "drivers/a/zero.c", "drivers/a/big.c"}
    assert told["drivers/a/big.c"] == "larger than 4 MiB" and told["drivers/a/zero.c"] == "no text"


def test_a_file_that_changes_while_it_is_read_is_told(source: Path, tmp_path: Path) -> None:
    touched: list[int] = []

    def told(number: int, _: int) -> None:
        if not touched:
            touched.append(number)
            (source / "drivers/a/two.c").write_text(driver("", name="later"))

    with opened_index(source, tmp_path, 1, told) as index:
        assert [(str(p.place), p.says) for p in index.problems] == [
            ("drivers/a/two.c", "it changed while the tree was read")
        ]
    assert names(source, tmp_path, "acme,ring") == ["acme-ring", "later"]


def test_no_tree(tmp_path: Path) -> None:
    with pytest.raises(NoTree, match="no such folder"):
        listing(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoTree, match="no folder drivers/"):
        listing(tmp_path / "empty")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("VERSION = 6\nPATCHLEVEL = 12\n", "6.12"),
        ("VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n", "5.10.0-rc3"),
        ("nothing", ""),
        ("VERSION = x\nPATCHLEVEL = 1\n", ""),
    ],
)
def test_the_version_is_what_the_makefile_says(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "Makefile").write_text(text)
    assert version(tmp_path) == says
    assert version(tmp_path / "nowhere") == ""
