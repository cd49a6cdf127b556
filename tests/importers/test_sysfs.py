"""A running machine's word over that of its device tree."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kexecspec.diagnostics import InputError
from kexecspec.importers.board import Board
from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.compose import Composed
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.whole import imported
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.sysfs.files import open_files
from kexecspec.importers.sysfs.overlay import laid_over
from kexecspec.importers.sysfs.running import machine
from kexecspec.library import library
from tests.importers.blobs import board

NODES: dict[str, Any] = {
    "chosen": {"bootargs": "quiet"},
    "usb@1": {"compatible": "snps,dwc3", "reg": [1, 1], "iommus": [1, 4]},
    "mmc@2": {"compatible": "fsl,esdhc", "reg": [2, 1], "iommus": [1, 5]},
    "sata@3": {"compatible": "fsl,ls1028a-ahci", "reg": [3, 1], "iommus": [1, 6]},
    "crypto@4": {"compatible": "fsl,sec-v4.0", "reg": [4, 1]},
    "gone@5": {"compatible": "snps,dwc3", "reg": [5, 1], "iommus": [1, 7]},
    "pcie@3400000": {
        "compatible": "x,pcie", "device_type": "pci", "#address-cells": 3, "#size-cells": 2, "reg": [6, 1],
        "iommu-map": [0, 1, 0x100, 0x1000],
    },
}  # fmt: skip


def platform(name: str, node: str, driver: str = "", group: int | None = None) -> dict[str, str]:
    """A device with its group and its place under /sys/bus."""
    said = f"DRIVER={driver}\n" * bool(driver) + f"OF_NAME=x\nOF_FULLNAME={node}\n"
    made = {f"sys/devices/platform/{name}/uevent": said}
    made[f"sys/bus/platform/devices/{name}"] = f"-> ../../../devices/platform/{name}"
    if group is not None:
        made[f"sys/kernel/iommu_groups/{group}/devices/{name}"] = f"-> ../../../../devices/platform/{name}"
    return made


PCI = "sys/devices/platform/3400000.pcie/pci0000:00/0000:00:00.0"
MACHINE: dict[str, str] = {
    **platform("1.usb", "/usb@1", "dwc3", 0),
    **platform("2.mmc", "/mmc@2", "", 1),
    **platform("3.sata", "/sata@3", "ahci-qoriq"),
    **platform("4.crypto", "/crypto@4", "caam", 2),
    "sys/kernel/iommu_groups/0/type": "identity\n",
    "sys/kernel/iommu_groups/1/type": "DMA-FQ\n",
    "sys/kernel/iommu_groups/2/type": "DMA\n",
    "sys/kernel/iommu_groups/3/type": "DMA\n",
    "sys/kernel/iommu_groups/3/devices/0000:01:00.0": f"-> ../../../../../{PCI}/0000:01:00.0",
    "sys/class/iommu/smmu.0x0000000005000000/devices/4.crypto": "-> ../../../../devices/platform/4.crypto",
    f"{PCI}/uevent": "DRIVER=pcieport\nPCI_CLASS=60400\nPCI_ID=1957:82C0\n",
    f"{PCI}/0000:01:00.0/uevent": "DRIVER=bnxt_en\nPCI_CLASS=20000\nPCI_ID=14E4:D802\n",
    "sys/bus/pci/devices/0000:00:00.0": f"-> ../../../../{PCI}",
    "sys/bus/pci/devices/0000:01:00.0": f"-> ../../../../{PCI}/0000:01:00.0",
    "sys/bus/tee/devices/optee-ta-1/uevent": "DRIVER=optee-rng\n",
    "sys/class/tee/tee0/dev": "249:0\n",
    "proc/cmdline": "quiet crashkernel=256M\n",
    "proc/sys/kernel/osrelease": "6.1.0-13-arm64\n",
    "proc/iomem": "80000000-bfffffff : System RAM\n  90000000-9fffffff : Crash kernel\n",
}


def folder(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        else:
            path.write_text(text)
    return root


def tar(path: Path, files: Mapping[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}")
            if text.startswith("-> "):
                member.type, member.linkname = tarfile.SYMTYPE, text[3:]
                made.addfile(member)
            else:
                member.size = len(text)
                made.addfile(member, io.BytesIO(text.encode()))
    return path


def over(path: Path, nodes: dict[str, Any] = NODES) -> tuple[Board, tuple[str, ...], Composed]:
    said, told = laid_over(read_board(board(nodes), "b.dtb"), machine(open_files(str(path))))
    return said, told, imported(said, by_library(library()), Setting(), (), library()).composed


@pytest.mark.parametrize("kind", ["folder", "tar", "sys"])
def test_the_running_machine_wins_and_disagreements_are_told(tmp_path: Path, kind: str) -> None:
    if kind == "tar":
        path = tar(tmp_path / "m.tgz", MACHINE)
    else:
        path = folder(tmp_path / "m", MACHINE)
        path = path / "sys" if kind == "sys" else path
    said, told, made = over(path)
    devices = made.content["devices"]
    assert list(devices) == ["usb-1", "crypto-4", "pci-0000-01-00.0", "sata-3", "tee-0-optee-rng"]
    assert devices["usb-1"]["domain"] == "identity" and "iova" not in devices["usb-1"]
    assert devices["usb-1"]["from"]["domain"] == "sys/bus/platform/devices/1.usb"
    assert devices["crypto-4"]["smmu"] == "iommu-5000000" and devices["crypto-4"]["domain"] == "translated"
    assert devices["pci-0000-01-00.0"]["driver"] == "bnxt_en" and devices["pci-0000-01-00.0"]["streams"] == [0x200]
    assert "smmu" not in devices["sata-3"] and devices["tee-0-optee-rng"]["driver"] == "optee-rng"
    assert ("no driver is bound to it on the running machine", ("mmc-2", "gone-5")) in [
        (o.why, o.names) for o in made.left
    ]
    assert said.tee.value == "optee-smc"
    differences = [
        "sata-3: the device tree says it is behind iommu-5000000, the running machine it is in no IOMMU group",
        "gone-5: the device tree says it is there, the running machine it has made no device of it",
        "crypto-4: the device tree says no IOMMU is in front of it, the running machine it is behind iommu-5000000",
        "the TEE: the device tree says there is none, the running machine there is one",
    ]
    line = "the command line: the device tree says 'quiet', the running machine 'quiet crashkernel=256M'"
    assert sorted(told) == sorted(differences + ([line] if kind != "sys" else []))
    if kind != "sys":
        assert (said.ram.value, said.crashkernel.value) == (((0x80000000, 1 << 30),), (0x90000000, 256 << 20))
        assert said.bootargs.value == "quiet crashkernel=256M"


def test_what_a_machine_does_not_say_is_left_to_the_tree(tmp_path: Path) -> None:
    said, told, _ = over(folder(tmp_path, {"sys/kernel/x": "1"}))
    before = read_board(board(NODES), "b.dtb")
    assert told == () and (said.masters, said.others, said.ram) == (before.masters, before.others, before.ram)


def test_no_tee_on_the_machine_means_none(tmp_path: Path) -> None:
    path = folder(tmp_path, {"sys/class/net/lo/x": "1", "sys/kernel/x": "1"})
    nodes = NODES | {"firmware": {"tz": {"compatible": "linaro,optee-tz", "method": "smc"}}}
    said, told, made = over(path, nodes)
    assert said.tee.value is None and made.content["secure_world"]["none"] is True
    assert told == ("the TEE: the device tree says OP-TEE is there, the running machine no driver has found one",)


def test_addresses_that_are_hidden_say_nothing(tmp_path: Path) -> None:
    hidden = {"proc/iomem": "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n"}
    said, _, _ = over(folder(tmp_path, MACHINE | hidden))
    assert str(said.ram.places[0]) == "b.dtb:/memory@80000000" and not said.crashkernel.known


@pytest.mark.parametrize("content", [b"", b"no tar", b"\x1f\x8b broken"])
def test_what_is_no_machine_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_files(str(path))
    assert caught.value.diagnostics[0].code == "KX034"


def test_links_that_lead_in_circles_or_out_of_the_copy_end(tmp_path: Path) -> None:
    links = {
        "sys/kernel/x": "1", "sys/bus/platform/devices/a": "-> b", "sys/bus/platform/devices/b": "-> a",
        "sys/bus/platform/devices/c": "-> /etc", "sys/class/tee": "-> ../../../../../../../../etc",
        "sys/bus/platform/devices/d": "-> .",
    }  # fmt: skip
    (tmp_path / "m").mkdir()
    for path in (folder(tmp_path / "m", links), tar(tmp_path / "m.tar", links)):
        found = machine(open_files(str(path)))
        assert found.tee.value is False and all(not device.driver for device in found.devices)
    assert open_files(str(tmp_path / "m")).text("sys/bus/platform/devices/c/passwd") is None
