"""The GIC of a device tree, what a running machine says of EFI, and what is judged of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.compose import Composed
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.whole import imported
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.features.recognise import features_of
from kexecspec.importers.features.tree import open_tree
from kexecspec.importers.kernel import setting_of
from kexecspec.importers.sysfs.files import open_files
from kexecspec.importers.sysfs.overlay import laid_over
from kexecspec.importers.sysfs.running import machine
from kexecspec.library import library
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.kernels import kernels
from kexecspec.source import parse
from tests.importers.blobs import board
from tests.importers.source.trees import tree

ITS: dict[str, Any] = {"compatible": "arm,gic-v3-its", "msi-controller": None}
LIVE = {"kaslr-seed": b"\0" * 8}


def of(its: dict[str, Any] | None, chosen: dict[str, Any] | None = None, running: Path | None = None) -> Composed:
    gic = {"compatible": ["arm,gic-v3"], **({} if its is None else {"its@10": its})}
    said = read_board(board({"gic@1000": gic, "chosen": chosen or {}}), "b.dtb")
    if running is not None:
        said, _ = laid_over(said, machine(open_files(str(running))))
    return imported(said, by_library(library()), Setting(tee="none"), (), library()).composed


@pytest.mark.parametrize(
    ("its", "chosen", "facts"),
    [
        (ITS, {}, {"its": True, "efi": "unknown"}),
        (ITS, {**LIVE, "linux,uefi-system-table": b"\1" * 8}, {"its": True, "efi": True}),
        (ITS, LIVE, {"its": True, "efi": False}),
        ({**ITS, "status": "disabled"}, {}, {"its": False}),
        ({"compatible": "arm,gic-v3-its"}, {}, {"its": False}),
        (None, {}, {"its": False}),
    ],
)
def test_a_gic_is_what_its_nodes_and_the_boot_loader_say(
    its: dict[str, Any] | None, chosen: dict[str, Any], facts: dict[str, Any]
) -> None:
    made = of(its, chosen)
    gic = made.content["interrupt_controllers"]["gic-1000"]
    assert {key: value for key, value in gic.items() if key not in ("from", "confidence", "variant")} == facts
    asked = [q for q in made.questions if "EFI" in q.asks]
    assert [q.answer for q in asked] == (
        ["--set interrupt_controllers.gic-1000.efi=true"] if facts.get("efi") == "unknown" else []
    )


def test_a_disabled_gic_and_another_are_none() -> None:
    made = read_board(
        board({"gic@1": {"compatible": "arm,gic-v3", "status": "disabled"}, "gic@2": {"compatible": "arm,gic-400"}}),
        "b",
    )
    assert made.gics == ()


@pytest.mark.parametrize(("names", "efi"), [(("efi", "fdt"), True), (("fdt",), False), ((), "unknown")])
def test_a_running_machine_tells_whether_it_was_booted_through_efi(
    tmp_path: Path, names: tuple[str, ...], efi: Any
) -> None:
    (tmp_path / "sys/bus/platform").mkdir(parents=True)
    for name in names:
        (tmp_path / "sys/firmware" / name).mkdir(parents=True)
    assert of(ITS, running=tmp_path).content["interrupt_controllers"]["gic-1000"]["efi"] == efi


@pytest.mark.parametrize(
    ("config", "bootargs", "line"),
    [
        ('CONFIG_CMDLINE="iommu.passthrough=1 a=\\"b\\""\n', None, 'iommu.passthrough=1 a="b"'),
        ('CONFIG_CMDLINE="quiet"\n', "ro", "ro"),
        ('CONFIG_CMDLINE="quiet"\nCONFIG_CMDLINE_FORCE=y\n', "ro", "quiet"),
        ('CONFIG_CMDLINE=""\n', None, None),
    ],
)
def test_a_command_line_may_be_built_in(tmp_path: Path, config: str, bootargs: str | None, line: str | None) -> None:
    (tree(tmp_path, {}) / ".config").write_text(config)
    opened = open_tree(tmp_path, tmp_path / ".config")
    setting = setting_of(opened, features_of(opened, library()), ".config", library(), "none")
    said = read_board(board({"chosen": {} if bootargs is None else {"bootargs": bootargs}}), "b.dtb")
    made = imported(said, by_library(library()), setting, (), library()).composed.content["kernels"]
    assert made["linux"].get("cmdline") == line and "cmdline" not in made["kdump"]


@pytest.mark.parametrize(
    ("kernel", "passes"),
    [
        ({}, False),
        ({"config": {"CONFIG_IOMMU_DEFAULT_PASSTHROUGH": "y"}}, True),
        ({"config": {"CONFIG_IOMMU_DEFAULT_PASSTHROUGH": "n"}}, False),
        ({"config": {"CONFIG_IOMMU_DEFAULT_PASSTHROUGH": "y"}, "cmdline": "iommu.passthrough=0"}, False),
        ({"cmdline": "quiet iommu.passthrough=1"}, True),
    ],
)
def test_identity_domains_come_from_the_configuration_or_the_command_line(kernel: dict[str, Any], passes: bool) -> None:
    content = {"kernels": {"linux": {"version": "6.1", **kernel}}}
    found = kernels(content, library(), {"kind": "none"}, Complaints(parse("a: 1", "f")))
    assert found["linux"].facts["passthrough"] is passes
