"""Drivers that were put together are kept for as long as nothing says otherwise that was asked for them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kexecspec.importers.source import index, kept_drivers
from kexecspec.importers.source.index import opened_index
from kexecspec.importers.source.kept import index_name
from kexecspec.importers.source.packing import packed_drivers, unpacked_drivers
from kexecspec.importers.source.values import DriverRead
from tests.importers.source.trees import driver, tree

BODY = """
#include "ring.h"
static void acme_shutdown(struct platform_device *pdev)
{
	acme_quiet(pdev);
}
"""
QUIET = "void acme_quiet(struct platform_device *pdev)\n{\n\t%s\n}\n"
STOPS, KEEPS = "pci_clear_master(pdev);", "dev_info(pdev, NULL);"
OTHER = "drivers/a/other.c"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    text = driver(".shutdown = acme_shutdown,", BODY, name="x").replace('"x"', "RING_NAME")
    files = {
        "drivers/a/ring.c": text,
        "drivers/a/ring.h": '#define RING_NAME "acme-ring"\n',
        "drivers/a/Makefile": "obj-$(CONFIG_RING) += ring.o\n",
        OTHER: driver("", name="other", compatible="acme,other"),
        "drivers/b/quiet.c": QUIET % STOPS,
    }
    return tree(tmp_path / "tree", files)


def read(root: Path, folder: Path, config: dict[str, str] | None = None) -> DriverRead:
    with opened_index(root, folder, 1, config=config) as opened:
        (found,) = opened.drivers_for("acme,ring")
        opened.drivers_for("acme,other")
    return found


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose drivers are put together from now on."""
    told: list[str] = []
    real = index.read_driver

    def told_of(*given: object) -> DriverRead:
        told.append(str(given[3]))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "read_driver", told_of)
    return told


def test_what_is_kept_is_what_was_read(source: Path, tmp_path: Path, made: list[str]) -> None:
    first = read(source, tmp_path)
    assert by(first) == "shutdown" and sorted(made) == [OTHER, "drivers/a/ring.c"]
    made.clear()
    assert read(source, tmp_path) == first and made == []
    assert unpacked_drivers(packed_drivers((first,))) == (first,)


def by(found: DriverRead) -> str | None:
    return found.stopped("kexec").by.value


def write(path: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / path).write_text(text)


CHANGES: dict[str, tuple[Callable[[Path], object], Callable[[DriverRead], object]]] = {
    "a function elsewhere": (write("drivers/b/quiet.c", QUIET % KEEPS), lambda d: by(d) == "nothing"),
    "a function that is gone": (lambda root: (root / "drivers/b/quiet.c").unlink(), lambda d: by(d) is None),
    "a nearer function": (write("drivers/a/near.c", QUIET % KEEPS), lambda d: by(d) == "nothing"),
    "a header": (write("drivers/a/ring.h", '#define RING_NAME "ring-two"\n'), lambda d: d.name == "ring-two"),
    "a makefile": (write("drivers/a/Makefile", "obj-$(CONFIG_TWO) += ring.o\n"), lambda d: "CONFIG_TWO" in d.condition),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_driver_hangs_on_is_seen_to_change(source: Path, tmp_path: Path, made: list[str], name: str) -> None:
    change, shows = CHANGES[name]
    assert not shows(read(source, tmp_path))
    made.clear()
    change(source)
    assert shows(read(source, tmp_path)) and "drivers/a/ring.c" in made
    assert OTHER not in made or name == "a makefile"


def test_a_change_that_no_driver_asked_for_costs_none(source: Path, tmp_path: Path, made: list[str]) -> None:
    first = read(source, tmp_path)
    made.clear()
    (source / "drivers/b/more.c").write_text("int more(void)\n{\n\treturn 0;\n}\n")
    os.utime(source / "drivers/b/quiet.c", (1, 1))
    assert read(source, tmp_path) == first and made == []


def test_each_configuration_has_its_own(source: Path, tmp_path: Path, made: list[str]) -> None:
    ways: list[dict[str, str] | None] = [None, {"CONFIG_RING": "y"}]
    for config in (*ways, *ways):
        read(source, tmp_path, config)
    assert len(made) == 4
    made.clear()
    for number in range(6):
        read(source, tmp_path, {"CONFIG_N": str(number)})
    with sqlite3.connect(tmp_path / index_name(source)) as file:
        assert file.execute("SELECT count(DISTINCT how) FROM drivers").fetchone() == (4,)
        assert file.execute(
            "SELECT count(*) FROM needs WHERE driver NOT IN (SELECT number FROM drivers)"
        ).fetchone() == (0,)


@pytest.mark.parametrize("content", [b"", b"\0\1", b"x\x9c\xab\x8e\x05\x00\x01\x15\x00\xb9"])
def test_damaged_drivers_are_put_together_again(source: Path, tmp_path: Path, made: list[str], content: bytes) -> None:
    first = read(source, tmp_path)
    with sqlite3.connect(tmp_path / index_name(source)) as file:
        file.execute("UPDATE drivers SET content = ?", (content,))
    made.clear()
    assert read(source, tmp_path) == first and len(made) == 2


@pytest.mark.parametrize("text", ["[[1]]", "[{}]", '[["a", "pci", 3]]', "3", "[null]"])
def test_what_is_no_driver_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        unpacked_drivers(text)


def test_other_code_puts_them_together_again(
    source: Path, tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read(source, tmp_path)
    monkeypatch.setattr(kept_drivers, "how", lambda _: "of tomorrow")
    read(source, tmp_path)
    assert len(made) == 4


def test_nothing_is_kept_of_a_tree_that_has_changed_meanwhile(source: Path, tmp_path: Path, made: list[str]) -> None:
    with opened_index(source, tmp_path, 1) as early:
        early.drivers_for("acme,ring")
        (source / "drivers/b/quiet.c").write_text(QUIET % KEEPS)
        with opened_index(source, tmp_path, 1):
            pass
    assert by(read(source, tmp_path)) == "nothing"
