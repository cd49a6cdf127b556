"""What a device tree says of a board."""

from __future__ import annotations

from typing import Any

import pytest

from kexecspec.importers.board import Board
from kexecspec.importers.devicetree.read import read_board
from tests.importers.blobs import SMMU, blob, board


def read(nodes: dict[str, Any]) -> Board:
    return read_board(board(nodes), "b.dtb")


def test_memory_is_joined_and_regions_say_whose_they_are() -> None:
    said = read_board(
        blob(
            {
                "memory@0": {"device_type": "memory", "reg": [0, 0x1000, 0x1000, 0x1000, 0x8000, 0]},
                "reserved-memory": {
                    "fw@100": {"reg": [0x100, 0x10], "no-map": None},
                    "cma": {"size": 0x100, "reusable": None},
                    "off@200": {"reg": [0x200, 1], "status": "disabled"},
                },
            },
            reserved=[(0x40, 8)],
        ),
        "b.dtb",
    )
    assert said.ram.value == ((0, 0x2000),) and str(said.ram.places[0]) == "b.dtb:/memory@0"
    assert [(r.name, r.span.value, r.owner) for r in said.regions] == [
        ("fw-100", (0x100, 0x10), "firmware"),
        ("cma", None, "pool"),
        ("memreserve-0", (0x40, 8), "firmware"),
    ]


def test_a_memory_node_without_a_size_leaves_ram_unknown() -> None:
    said = read_board(blob({"memory@0": {"device_type": "memory", "reg": [0, 0]}}), "b.dtb")
    assert said.ram.confidence == "unknown" and "boot loader" in said.ram.note


@pytest.mark.parametrize(
    ("args", "place"),
    [
        ("crashkernel=256M@0x90000000", (0x90000000, 256 << 20)),
        ("quiet crashkernel=1G@2G ro", (2 << 30, 1 << 30)),
        ("crashkernel=256M", None),
        ("crashkernel=256M@", None),
        ("crashkernel=99999999999999999999G@1", None),
        ("quiet", None),
    ],
)
def test_the_command_line_says_where_a_crash_kernel_lives(args: str, place: tuple[int, int] | None) -> None:
    said = read({"chosen": {"bootargs": args}})
    assert (said.crashkernel.value, said.bootargs.value) == (place, args)


@pytest.mark.parametrize(
    ("node", "value", "confidence"),
    [
        ({"compatible": "linaro,optee-tz", "method": "smc"}, "optee-smc", "read"),
        ({"compatible": "linaro,optee-tz", "method": "hvc", "status": "okay"}, "optee-hvc", "read"),
        ({"compatible": "linaro,optee-tz", "method": "smc", "status": "disabled"}, None, "unknown"),
        ({"compatible": "arm,ffa"}, "optee-ffa", "assumed"),
        ({"compatible": "other"}, None, "read"),
    ],
)
def test_a_trusted_os_is_read_and_one_that_is_disabled_unknown(node: Any, value: str | None, confidence: str) -> None:
    said = read({"firmware": {"tz": node}})
    assert (said.tee.value, said.tee.confidence) == (value, confidence)


@pytest.mark.parametrize(
    ("compatible", "variant"),
    [
        ("arm,mmu-500", "arm,mmu-500"),
        (["arm,mmu-401", "arm,smmu-v1"], "arm,smmu-v1"),
        (["qcom,sdm845-smmu-500", "arm,mmu-500"], "qcom,smmu-v2"),
        (["qcom,msm8996-smmu-v2", "qcom,smmu-v2"], "qcom,smmu-v2"),
        (["marvell,ap806-smmu-500", "arm,mmu-500"], "arm,mmu-500"),
        ("arm,smmu-v3", "arm,smmu-v3"),
        ("rockchip,iommu", None),
    ],
)
def test_an_smmu_has_the_variant_that_its_driver_takes_it_for(compatible: Any, variant: str | None) -> None:
    said = read_board(blob({"iommu@1": {"compatible": compatible, "#iommu-cells": 1}}), "b.dtb")
    assert [one.variant.value for one in said.iommus] == [variant]


def test_masters_have_streams_and_what_the_nodes_above_them_say() -> None:
    said = read(
        {
            "soc": {
                "#address-cells": 1, "#size-cells": 1, "dma-coherent": None, "dma-ranges": [0, 0, 0x40000000],
                "usb@100": {"compatible": ["x,usb", "snps,dwc3"], "reg": [0x100, 1], "iommus": [1, 0x40, 1, 0x41],
                            "port": {"compatible": "x,port"}, "off": {"compatible": "x,off", "status": "disabled"}},
                "dma@200": {"compatible": ["arm,pl330", "arm,primecell"], "reg": [0x200, 1], "dma-noncoherent": None},
                "off@300": {"compatible": "x,off", "reg": [0x300, 1], "iommus": [1, 2], "status": "disabled"},
                "i2c@400": {"compatible": "x,i2c", "reg": [0x400, 1], "#address-cells": 1, "#size-cells": 0,
                            "rtc@1": {"compatible": "x,rtc", "reg": [1]}},
            }
        }
    )  # fmt: skip
    (usb,) = said.masters
    assert (usb.name, usb.iommu.value, usb.streams.value) == ("usb-100", "iommu-5000000", (0x40, 0x41))
    assert usb.coherent.value is True and usb.reach.value == 0x40000000 and usb.children == ("x,port",)
    assert str(usb.iommu.places[0]) == "b.dtb:/soc/usb@100"
    assert [(m.name, m.bus, m.coherent.value) for m in said.others] == [
        ("dma-200", "amba", False),
        ("i2c-400", "platform", True),
    ]


def test_pci_functions_in_the_tree_have_the_stream_of_their_requester_id() -> None:
    said = read(
        {
            "pcie@0": {
                "compatible": "pci-host-ecam-generic", "device_type": "pci", "#address-cells": 3, "#size-cells": 2,
                "reg": [0, 1], "iommu-map": [0, 1, 0x17, 0x10], "iommu-map-mask": 0xFF, "msi-map": [0, 1, 0x20, 2],
                "ethernet@0,1": {"compatible": "fsl,enetc", "reg": [0x100, 0, 0, 0, 0]},
                "ethernet@3,0": {"compatible": "fsl,enetc", "reg": [0x1800, 0, 0, 0, 0]},
                "bridge@1": {"compatible": "pciclass", "device_type": "pci", "reg": [0x800, 0, 0, 0, 0]},
            }
        }
    )  # fmt: skip
    (function,) = said.masters
    assert (function.bus, function.iommu.value, function.streams.value) == ("pci", "iommu-5000000", (0x18,))
    assert [m.name for m in said.others if m.bus == "pci"] == ["ethernet-3-0"], "no row of the map has its id"
    (slot,) = said.slots
    assert slot.map == ((0, "iommu-5000000", 0x17, 0x10),) and slot.msi == ((0, "iommu-5000000", 0x20, 2),)


def test_a_disabled_smmu_is_none_for_its_masters() -> None:
    nodes = {"smmu": SMMU | {"status": "disabled"}, "x": {"compatible": "x", "iommus": [1, 2]}}
    said = read_board(blob(nodes), "b.dtb")
    assert said.masters == () and said.others[0].iommu.confidence == "assumed"
    assert said.others[0].iommu.note == "smmu is disabled; a boot loader may enable it"


def test_a_processor_with_firmware_is_told_apart_with_its_regions() -> None:
    said = read(
        {
            "reserved-memory": {"dsp@90000000": {"reg": [0x90000000, 0x1000], "phandle": 7}},
            "remoteproc@1": {"compatible": "x,pas", "reg": [1, 1], "iommus": [1, 3], "memory-region": 7},
        }
    )
    assert [(m.firmware, m.regions) for m in said.masters] == [(True, ("dsp-90000000",))]


def test_no_two_nodes_have_one_name() -> None:
    usb = {"compatible": "x", "iommus": [1, 2]}
    said = read({"a": {"usb@1": usb}, "b": {"usb@1": usb, "b.usb-1": usb}, "c": {"d": {"usb@1": usb}, "usb-1": usb}})
    names = [m.name for m in said.masters]
    assert len(set(names)) == 5 and names[:2] == ["usb-1", "b.usb-1"]


def test_no_node_has_a_name_that_other_parts_of_a_platform_have() -> None:
    nodes = {name: {"compatible": "x", "iommus": [1, 2]} for name in ("tee", "optee", "machine", "linux")}
    assert [m.name for m in read(nodes).masters] == ["tee.2", "optee.2", "machine.2", "linux.2"]


def test_what_one_blob_reserves_is_not_in_the_next() -> None:
    first, second = (read_board(blob({}, reserved=[(at, 16)]), "b.dtb") for at in (0x1000, 0x2000))
    assert [r.span.value for r in (*first.regions, *second.regions)] == [(0x1000, 16), (0x2000, 16)]
