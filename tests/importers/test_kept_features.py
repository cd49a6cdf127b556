"""What a kernel tree's features were is believed for as long as what was looked at stays the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kexecspec.importers import kept_features as module
from kexecspec.importers.features.recognise import features_of
from kexecspec.importers.features.tree import open_tree
from kexecspec.importers.kept_features import Features, kept_features
from kexecspec.library import library


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "linux"
    (root / "drivers/pci").mkdir(parents=True)
    (root / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\n")
    (root / "drivers/pci/pci-driver.c").write_text("static void pci_device_shutdown(struct device *dev)\n{\n}\n")
    return root


def kept(tree: Path, config: Path | None = None) -> Features:
    return kept_features(open_tree(tree, config), library(), tree.parent)


def kept_file(tree: Path) -> Path:
    (found,) = tree.parent.glob("features-*.json")
    return found


def test_what_is_kept_is_what_was_seen(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept(tree)
    assert first == features_of(open_tree(tree), library())
    monkeypatch.setattr(module, "features_of", lambda *_: pytest.fail("it was looked at again"))
    assert kept(tree) == first


@pytest.mark.parametrize("change", ["file", "new file", "configuration"])
def test_a_change_has_it_looked_at_again(tree: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tree)
    looked: list[object] = []
    monkeypatch.setattr(module, "features_of", lambda *given: looked.append(given) or {})
    config = None
    if change == "file":
        (tree / "drivers/pci/pci-driver.c").write_text("/* another */\n")
    elif change == "new file":
        (tree / "drivers/tee/optee").mkdir(parents=True)
        (tree / "drivers/tee/optee/smc_abi.c").write_text("int x;\n")
    else:
        config = tree / ".config"
        config.write_text("CONFIG_X=y\n")
    kept(tree, config)
    assert looked


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": 1}', "other"])
def test_what_is_damaged_is_made_again(tree: Path, damage: str) -> None:
    first = kept(tree)
    file = kept_file(tree)
    if damage == "other":
        said = json.loads(file.read_text())
        said["features"] = {"x": [1, [], "sure", ""]}
        damage = json.dumps(said)
    file.write_text(damage)
    assert kept(tree) == first and json.loads(file.read_text())["features"]


def test_where_nothing_can_be_kept_it_is_looked_at_each_time(tree: Path) -> None:
    assert kept_features(open_tree(tree), library(), None) == kept_features(
        open_tree(tree), library(), tree / "nowhere"
    )
