"""How features are seen in small trees of our own: each kind of sight present, absent, and not to be told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kexecspec.importers.facts import Fact
from kexecspec.importers.features.beside import beside, counts
from kexecspec.importers.features.forms import files_of, form_of
from kexecspec.importers.features.recognise import features_of, recognised
from kexecspec.importers.features.tree import NoTree, Tree, open_tree
from kexecspec.library import library

DRIVER = """\
/* text in a comment: halt(all) */
#include <linux/thing.h>
#define THING_FLAG 4
static bool quiet = IS_ENABLED(CONFIG_THING_QUIET);
static bool loud;

struct thing {
	int count;
	void (*stop)(struct thing *t);
};

static void thing_disable(struct thing *t)
{
	if (t->count && is_kdump_kernel())
		writel(THING_FLAG | 1, t);
	halt(t);
}

static int thing_probe(struct platform_device *pdev)
{
	struct thing *t = first(pdev, "a, b");
	for_each_thing(t)
		second(t, GO_ON);
	if (!t->count)
		careful(t);
	else
		careless(t);
#ifdef CONFIG_THING_PM
	power(t);
#endif
#if 0
	never(t);
#endif
	return second(t, STOP);
}

static void thing_shutdown(struct platform_device *pdev)
{
	thing_disable(platform_get_drvdata(pdev));
}

static struct platform_driver thing_driver = {
	.probe = thing_probe,
	.shutdown = thing_shutdown,
	.driver = { .name = "thing", .pm.suspend = thing_disable },
};
"""
BROKEN = "static struct platform_driver d = { .shutdown = stop .probe = };\nint lost(void) { go( ; } } ) x\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "drivers").mkdir()
    (folder / "drivers/thing.c").write_text(DRIVER)
    (folder / "drivers/broken.c").write_text(BROKEN)
    (folder / "Makefile").write_text("# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\nEXTRAVERSION = -rc1\n")
    return folder


def seen(tree: Tree, **sight: Any) -> Fact[bool]:
    return recognised(tree, {"recognise": {"file": "drivers/thing.c", **sight}})


SIGHTS: list[tuple[Mapping[str, Any], bool | None, int]] = [
    ({"function": "thing_probe", "calls": "first"}, True, 21),
    ({"function": "thing_probe", "calls": "halt"}, False, 0),
    ({"function": "thing_gone", "calls": "halt"}, False, 0),
    ({"function": "thing_probe"}, True, 19),
    ({"function": "thing_probe", "calls": "never"}, False, 0),
    ({"function": "thing_probe", "calls": "power"}, None, 29),
    ({"function": "thing_shutdown", "calls": "halt"}, False, 0),
    ({"function": "thing_shutdown", "reaches": "halt"}, True, 16),
    ({"hook": "platform_driver.shutdown"}, True, 44),
    ({"hook": "platform_driver.remove"}, False, 0),
    ({"hook": "platform_driver.driver.pm.suspend"}, True, 45),
    ({"hook": "platform_driver.shutdown", "has": "thing_shutdown"}, True, 44),
    ({"hook": "platform_driver.shutdown", "calls": "thing_disable"}, True, 39),
    ({"hook": "platform_driver.shutdown", "calls": "halt"}, False, 0),
    ({"hook": "platform_driver.shutdown", "reaches": "halt"}, True, 16),
    ({"hook": "platform_driver.shutdown", "reads": "THING_FLAG|1"}, True, 15),
    ({"hook": "pci_driver.shutdown", "reaches": "halt"}, False, 0),
    ({"calls": "second", "with": "GO_ON"}, True, 23),
    ({"calls": "second", "with": "GO_OFF"}, False, 0),
    ({"calls": "careful", "under": "!t->count"}, True, 25),
    ({"calls": "careless", "under": "t->count"}, False, 0),
    ({"calls": "careful", "not_under": "t->count"}, False, 0),
    ({"calls": "is_kdump_kernel", "under": "t->count"}, True, 14),
    ({"function": "thing_disable", "has": "THING_FLAG | 1", "under": "is_kdump_kernel"}, True, 15),
    ({"function": "thing_disable", "has": "THING_FLAG | 2"}, False, 0),
    ({"function": "thing_probe", "calls": "second", "after": "first"}, True, 23),
    ({"function": "thing_probe", "calls": "second", "after": "careful"}, False, 0),
    ({"function": "thing_probe", "calls": "second", "after": "nobody"}, False, 0),
    ({"variable": "quiet", "has": "CONFIG_THING_QUIET"}, True, 4),
    ({"variable": "quiet", "has": "CONFIG_OTHER"}, False, 0),
    ({"variable": "loud", "has": "CONFIG_THING_QUIET"}, False, 0),
    ({"symbol": "THING_FLAG"}, True, 3),
    ({"symbol": "thing_disable"}, True, 12),
    ({"symbol": "thing"}, True, 7),
    ({"symbol": "halt"}, False, 0),
    ({"struct": "thing", "field": "stop"}, True, 9),
    ({"struct": "thing", "field": "start"}, False, 0),
    ({"struct": "other", "field": "stop"}, False, 0),
    ({"text": "comment:  halt(all)"}, True, 1),
    ({"text": "no such words"}, False, 0),
    ({"file": "drivers/gone.c", "symbol": "a"}, None, 0),
    ({"file": "drivers/gone.c", "beside": "drivers/thing.c", "symbol": "a"}, False, 0),
    ({"file": "drivers/gone.c", "beside": ["drivers/nor_this.c"], "symbol": "a"}, None, 0),
    ({"file": ["drivers/gone.c", "drivers/thing.c"], "symbol": "quiet"}, True, 4),
    ({"file": "drivers/broken.c", "hook": "platform_driver.remove"}, False, 0),
    ({"file": "drivers/broken.c", "hook": "platform_driver.probe", "calls": "x"}, None, 0),
    ({"file": "drivers/broken.c", "function": "lost", "calls": "x"}, None, 0),
    ({"file": "drivers/broken.c", "function": "nowhere", "calls": "x"}, False, 0),
    ({"file": "../../etc", "symbol": "a"}, None, 0),
]


@pytest.mark.parametrize(("sight", "answer", "line"), SIGHTS, ids=lambda value: str(value))
def test_a_sight_is_present_absent_or_not_to_be_told(
    root: Path, sight: Mapping[str, Any], answer: bool | None, line: int
) -> None:
    fact = seen(open_tree(root), **sight)
    assert fact.value is answer
    assert fact.confidence == ("unknown" if answer is None else "read")
    if line:
        assert fact.places[0].line == line
    assert answer is not None or fact.note, "what is unknown says why"


def test_options_decide_where_a_configuration_is_given(root: Path, tmp_path: Path) -> None:
    sight = {"function": "thing_probe", "calls": "power"}
    assert "CONFIG_THING_PM" in seen(open_tree(root), **sight).note
    for text, answer in (("CONFIG_THING_PM=y\n", True), ("# CONFIG_THING_PM is not set\n", False)):
        (tmp_path / ".config").write_text(text)
        assert seen(open_tree(root, tmp_path / ".config"), **sight).value is answer
        entry = {"config": "CONFIG_THING_PM", "recognise": {"file": "drivers/thing.c", "symbol": "quiet"}}
        assert recognised(open_tree(root, tmp_path / ".config"), entry).value is answer
    own = {"config": "CONFIG_THING_PM", "recognise": {"file": "drivers/thing.c", **sight}}
    assert recognised(open_tree(root), own).value is True, "without a configuration it is there, as in the table"


YES, NO = {"file": "drivers/thing.c", "symbol": "thing"}, {"file": "drivers/thing.c", "symbol": "gone"}
OPEN = {"file": "drivers/gone.c", "symbol": "gone"}


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"all": [YES, YES]}, True), ({"all": [YES, NO, OPEN]}, False), ({"all": [YES, OPEN]}, None),
        ({"any": [NO, YES, OPEN]}, True), ({"any": [NO, NO]}, False), ({"any": [NO, OPEN]}, None),
        ({"not": YES}, False), ({"not": NO}, True), ({"not": OPEN}, None), ({"impossible": "for a reason"}, None),
    ],
    ids=str,
)  # fmt: skip
def test_sights_together(root: Path, form: Mapping[str, Any], answer: bool | None) -> None:
    assert recognised(open_tree(root), {"recognise": form}).value is answer


def test_the_makefile_says_which_version_it_is(root: Path, tmp_path: Path) -> None:
    assert open_tree(root).version.value == "6.1.7-rc1"
    (tmp_path / "drivers").mkdir()
    assert open_tree(tmp_path).version.value is None
    rows = beside(open_tree(tmp_path), library())
    assert {row.table for row in rows} == {None} and not any(row.disagree for row in rows)


def test_what_is_no_tree_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(NoTree, match="no kernel tree"):
        open_tree(tmp_path)
    with pytest.raises(NoTree, match="no folder"):
        open_tree(root / "Makefile")
    with pytest.raises(NoTree, match="configuration"):
        open_tree(root, tmp_path / "none")


def test_pipes_folders_and_loops_are_no_files(root: Path) -> None:
    os.mkfifo(root / "drivers/pipe.c")
    (root / "drivers/loop.c").symlink_to("loop.c")
    tree = open_tree(root)
    assert [tree.text(path) for path in ("drivers/pipe.c", "drivers/loop.c", "drivers", "a\0b")] == [None] * 4


@pytest.mark.parametrize("name", sorted(library().features))
def test_every_feature_is_recognised_or_says_why_not(name: str) -> None:
    form = form_of(library().features[name]["recognise"])
    assert files_of(form) or library().features[name]["recognise"]["impossible"]


def test_tree_and_version_table_are_set_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "drivers/spi").mkdir(parents=True)
    (tmp_path / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 100\n")
    driver = "static struct platform_driver d = { .shutdown = stop };\n"
    (tmp_path / "drivers/spi/spi-zynqmp-gqspi.c").write_text(driver)
    rows = {row.name: row for row in beside(open_tree(tmp_path), library())}
    assert [name for name, row in rows.items() if row.disagree] == ["spi-zynqmp-gqspi-shutdown"]
    assert counts(tuple(rows.values())) == {"present": 1, "absent": 0, "unknown": len(rows) - 1}
    facts = features_of(tmp_path)
    assert [str(p) for p in facts["spi-zynqmp-gqspi-shutdown"].places] == ["drivers/spi/spi-zynqmp-gqspi.c:1"]
