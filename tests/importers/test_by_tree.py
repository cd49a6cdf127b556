"""Drivers of a small kernel tree for the devices of a board."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kexecspec.importers.board import Master
from kexecspec.importers.compose.by_tree import by_tree
from kexecspec.importers.compose.chosen import Choose, Chosen, NoMaster
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.whole import imported
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.facts import Fact
from kexecspec.importers.features.recognise import features_of
from kexecspec.importers.features.tree import open_tree
from kexecspec.importers.kernel import setting_of
from kexecspec.importers.source.index import TreeIndex, opened_index
from kexecspec.importers.source.values import Problem
from kexecspec.library import library
from tests.importers.blobs import board

MAKEFILE = "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n"
DRIVER = """\
#include <linux/platform_device.h>
static int {name}_probe(struct platform_device *pdev)
{{
	{probe}
	return 0;
}}
static void {name}_shutdown(struct platform_device *pdev)
{{
	struct {name} *p = platform_get_drvdata(pdev);
	{shutdown}
}}
static const struct of_device_id {name}_ids[] = {{ {{ .compatible = "{compatible}" }}, {{ }} }};
MODULE_DEVICE_TABLE(of, {name}_ids);
static struct platform_driver {name}_driver = {{
	.probe = {name}_probe,
	{hook}
	.driver = {{ .name = "{called}", .of_match_table = {name}_ids }},
}};
module_platform_driver({name}_driver);
"""
ALLOCATES = "void *p = dma_alloc_coherent(&pdev->dev, 4096, &h, GFP_KERNEL);"
NODES: dict[str, Any] = {
    "video@1": {"compatible": "x,video", "reg": [1, 1], "iommus": [1, 4]},
    "twin@2": {"compatible": "x,twin", "reg": [2, 1], "iommus": [1, 5]},
    "gpio@3": {"compatible": "x,gpio", "reg": [3, 1], "iommus": [1, 6]},
    "nobody@4": {"compatible": "x,nobody", "reg": [4, 1], "iommus": [1, 7]},
    "usb@5": {"compatible": ["x,unheard-of", "snps,dwc3"], "reg": [5, 1], "iommus": [1, 8]},
    "plain@8": {"compatible": "x,gpio", "reg": [8, 1]},
    "caam@6": {"compatible": "x,caam", "reg": [6, 1]},
    "none@7": {"compatible": "x,none", "reg": [7, 1]},
}


def driver(name: str, probe: str, called: str = "", hook: str = "", shutdown: str = "") -> str:
    words = {"compatible": f"x,{name}", "called": called or name, "probe": probe, "hook": hook, "shutdown": shutdown}
    return DRIVER.format(name=name, **words)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("linux")
    (root / "drivers/media").mkdir(parents=True)
    (root / "Makefile").write_text(MAKEFILE)
    for name, text in {
        "video": driver("video", ALLOCATES),
        "twin": driver("twin", ALLOCATES, called="video"),
        "gpio": driver("gpio", "return 0;"),
        "caam": driver("caam", ALLOCATES),
        "optee": driver("optee", ALLOCATES),
    }.items():
        (root / f"drivers/media/{name}.c").write_text(text)
    return root


@pytest.fixture(scope="module")
def index(tree: Path) -> Iterator[TreeIndex]:
    with opened_index(tree, None, 1) as found:
        yield found


def masters() -> dict[str, Master]:
    said = read_board(board(NODES), "b.dtb")
    return {m.name.partition("-")[0]: m for m in (*said.masters, *said.others)}


@pytest.fixture(scope="module")
def choose(index: TreeIndex) -> Choose:
    return by_tree(index, library())


def test_a_driver_of_the_tree_brings_what_its_source_says(choose: Choose) -> None:
    found = choose(masters()["video"])
    assert isinstance(found, Chosen) and found.entry is not None
    assert found.driver.value == "video" and str(found.driver.places[0]).startswith("drivers/media/video.c:")
    assert found.entry["kind"] == "master" and found.entry["quiesced_by"]["kexec"] == "nothing"


def test_two_drivers_of_one_name_get_two_and_none_that_of_another_in_the_library(choose: Choose) -> None:
    names = [
        chosen.driver.value
        for name in ("video", "twin", "caam")
        if isinstance(chosen := choose(masters()[name]), Chosen)
    ]
    assert names == ["video", "video-twin", "caam-caam"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("plain", "its driver issues no DMA of its own"),
        ("nobody", "no driver of this kernel binds it, so that this kernel never starts it"),
        ("none", "no driver of this kernel binds it, so that this kernel never starts it"),
    ],
)
def test_what_is_no_master_says_why(choose: Choose, name: str, why: str) -> None:
    found = choose(masters()[name])
    assert isinstance(found, NoMaster) and found.why.replace("is taken to issue", "issues") == why


def test_what_has_a_stream_may_issue_dma_that_nobody_saw(choose: Choose) -> None:
    found = choose(masters()["gpio"])
    assert isinstance(found, Chosen) and found.driver.value == "gpio"
    assert found.facts["dma"].confidence == "unknown" and "stream" in found.facts["dma"].note


def test_a_pci_function_that_no_driver_names_may_be_bound_all_the_same(choose: Choose) -> None:
    function = replace(masters()["nobody"], bus="pci")
    found = choose(function)
    assert isinstance(found, Chosen) and found.driver.value == "generic-pci"
    assert (found.driver.confidence, found.facts["dma"].confidence) == ("assumed", "unknown")


def test_where_the_tree_was_not_read_whole_a_driver_may_be_there_all_the_same(index: TreeIndex) -> None:
    broken = replace(index, problems=(Problem(next(iter(masters().values())).place, "it cannot be read"),))
    found = by_tree(broken, library())(masters()["nobody"])
    assert (
        isinstance(found, Chosen)
        and found.driver.confidence == "assumed"
        and found.facts["dma"].confidence == "unknown"
    )


def test_a_running_machine_s_word_on_the_driver_goes_first(choose: Choose) -> None:
    one, places = masters()["nobody"], masters()["nobody"].iommu.places
    found = choose(replace(one, driver=Fact("caam", places)))
    assert isinstance(found, Chosen) and (found.driver.value, found.driver.confidence) == ("caam-caam", "read")
    found = choose(replace(one, driver=Fact("video", places)))
    assert isinstance(found, Chosen) and found.driver.confidence == "assumed", "two are called so"
    found = choose(replace(one, driver=Fact("video", places), compatibles=("x,video",)))
    assert isinstance(found, Chosen) and (found.driver.value, found.driver.confidence) == ("video", "read")


def test_a_driver_that_the_configuration_does_not_build_binds_nothing(index: TreeIndex, tree: Path) -> None:
    (tree / "drivers/media/Makefile").write_text("obj-$(CONFIG_VIDEO) += video.o\nobj-$(CONFIG_TWIN) += twin.o\n")
    with opened_index(tree, None, 1) as again:
        built = by_tree(again, library(), {"CONFIG_VIDEO": "m"})
        assert isinstance(built(masters()["video"]), Chosen)
        assert isinstance(built(masters()["twin"]), NoMaster)


def test_a_tree_is_a_kernel_with_its_version_and_features(tree: Path, choose: Choose) -> None:
    config = tree / ".config"
    config.write_text("CONFIG_VIDEO=y\nCONFIG_IOMMU_DEFAULT_PASSTHROUGH=y\n")
    opened = open_tree(tree, config)
    setting = setting_of(opened, features_of(opened, library()), ".config", library(), "none")
    assert setting.config.pop("CONFIG_IOMMU_DEFAULT_PASSTHROUGH").value == "y"  # type: ignore[attr-defined]
    assert setting.version.value == "6.1.192" and str(setting.version.places[0]) == "Makefile:1"
    assert all(fact.value == "n" for fact in setting.config.values())
    made = imported(read_board(board(NODES), "b.dtb"), choose, setting, (), library()).composed
    assert list(made.content["devices"]) == ["video-1", "twin-2", "gpio-3", "usb-5", "caam-6"]
    assert set(made.content["drivers"]) == {"video", "video-twin", "gpio", "caam-caam"}
    assert made.content["kernels"]["linux"]["version"] == "6.1.192"


@pytest.mark.parametrize("makefile", ["", MAKEFILE.replace("VERSION = 6", "VERSION = 99", 1)])
def test_a_version_that_is_not_described_is_taken_to_be_the_newest(tmp_path: Path, makefile: str) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "Makefile").write_text(makefile)
    setting: Setting = setting_of(open_tree(tmp_path), {}, "", library(), "")
    assert setting.version.confidence == "assumed" and setting.version.value == str(library().newest)


def test_a_driver_that_asks_for_no_wider_addresses_has_the_usual_windows(choose: Choose, index: TreeIndex) -> None:
    made = imported(read_board(board(NODES), "b.dtb"), choose, Setting(tee="none"), (), library()).composed.content
    video, usb = made["devices"]["video-1"], made["devices"]["usb-5"]
    assert "iova" not in video and video["confidence"]["iova"] == "assumed"
    assert usb["iova"] == "unknown" and usb["confidence"]["iova"] == "unknown"


def test_the_driver_of_the_trusted_os_is_no_device_of_its_own(
    index: TreeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kexecspec.importers.compose.by_tree.driver_entry", lambda *_: {"driver": "optee"})
    found = by_tree(index, library())(replace(masters()["nobody"], compatibles=("x,optee",)))
    assert isinstance(found, NoMaster) and "secure world" in found.why
