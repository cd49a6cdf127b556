"""Device trees that are cut off, damaged or made to harm: a clear refusal, in bounded time."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from kexecspec.diagnostics import InputError, render_all
from kexecspec.importers.devicetree.read import read_board
from kexecspec.input_codes import INPUT_CODES
from tests.importers.blobs import SMMU, blob, board

MUTATIONS = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 2000
SLOWEST = 2.0
WHOLE = board(
    {
        "chosen": {"bootargs": "quiet crashkernel=64M@0x90000000"},
        "firmware": {"optee": {"compatible": "linaro,optee-tz", "method": "smc"}},
        "reserved-memory": {"fw@88000000": {"reg": [0x88000000, 0x1000], "phandle": 2}},
        "soc": {
            "#address-cells": 1, "#size-cells": 1, "dma-ranges": [0, 0, 0x40000000],
            "usb@1": {"compatible": ["x,usb", "snps,dwc3"], "reg": [1, 1], "iommus": [1, 4], "memory-region": 2},
            "pcie@2": {"device_type": "pci", "compatible": "x,pcie", "#address-cells": 3, "#size-cells": 2,
                       "iommu-map": [0, 1, 0, 8], "eth@0": {"compatible": "x,eth", "reg": [0x100, 0, 0, 0, 0]}},
        },
    }
)  # fmt: skip


def refused(content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_board(content, "b.dtb")
    assert all(d.code in INPUT_CODES for d in caught.value.diagnostics)
    return render_all(caught.value.diagnostics, lambda span: None)


def word(at: int, value: int) -> bytes:
    return WHOLE[:at] + value.to_bytes(4, "big") + WHOLE[at + 4 :]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"/dts-v1/;", "no device tree blob: it begins with 2f647473"),
        (WHOLE[:20], "truncated: 20 bytes, and the header has 40"),
        (WHOLE[:-1], "truncated: the header says"),
        (word(0x14, 2), "byte 0x14: version 2 of the format"),
        (word(0x08, 0xFFFFFFF0), "the header puts the structure block at 0xfffffff0"),
        (word(0x24, 0xFFFFFFFF), "the header puts the structure block at"),
        (word(0x0C, 0xFFFFFFF0), "the header puts the strings block at 0xfffffff0"),
        (word(0x10, len(WHOLE) - 8), "the map of reserved memory has no end"),
    ],
)
def test_a_blob_whose_header_is_wrong_is_refused(content: bytes, said: str) -> None:
    assert said in refused(content)


def at_structure(change: Callable[[bytearray, int], None]) -> bytes:
    content = bytearray(WHOLE)
    change(content, int.from_bytes(WHOLE[8:12], "big"))
    return bytes(content)


def put(offset: int, *words: int) -> bytes:
    def change(content: bytearray, start: int) -> None:
        for number, value in enumerate(words):
            at = start + offset + 4 * number
            content[at : at + 4] = value.to_bytes(4, "big")

    return at_structure(change)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (put(8, 7), "0x7 where a tag is due"),
        (put(8, 2, 2), "a node ends where none has begun"),
        (put(8, 9), "1 nodes are not ended"),
        (put(0, 9), "0 roots, not 1"),
        (put(12, 0xFFFFFFFF), "a property of 4294967295 bytes"),
        (put(16, 0xFFFFFFFF), "a property's name at 0xffffffff of the strings"),
        (put(8, 1, 0xFFFE4100), r"b'\xff\xfeA' is no node's name"),
        (put(8, 1, 0x2F410000), "b'/A' is no node's name"),
    ],
)
def test_a_structure_that_is_damaged_is_refused_with_its_offset(content: bytes, said: str) -> None:
    text = refused(content)
    assert said in text and "byte 0x" in text


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ({"x": {"compatible": "x", "iommus": [9, 1]}}, "/x: iommus: no node has the phandle 0x9"),
        ({"x": {"compatible": "x", "iommus": [1]}}, "/x: iommus: 0 cells follow the reference to /iommu@5000000"),
        ({"x": {"compatible": "x", "iommus": b"\0\0\1"}}, "/x: iommus: 3 bytes are no whole cells"),
        ({"x": {"compatible": b"usb", "iommus": [1, 1]}}, "/x: compatible: a text without an end"),
        ({"y": {"phandle": 1}, "x": {"compatible": "x", "iommus": [1, 1]}}, "several nodes have the phandle 0x1"),
        ({"y": {"phandle": 2}, "x": {"compatible": "x", "iommus": [2, 1]}}, "refers to /y, which has no #iommu-cells"),
        ({"x": {"compatible": "x", "iommus": [3], "#iommu-cells": 4000000000, "phandle": 3}},
         "/x: #iommu-cells: 4000000000: one cell, 0 to 4, is allowed"),
        ({"memory@1": {"device_type": "memory", "reg": [1, 2, 3]}}, "/memory@1: reg: 3 cells, and each entry has 2"),
        ({"#address-cells": 4, "memory@1": {"device_type": "memory", "reg": [1, 0, 0, 0, 2]}}, "beyond 64 bits"),
        ({"x": {"compatible": "x", "device_type": "pci", "iommu-map": [0, 1, 5]}}, "/x: iommu-map: 3 cells"),
        ({"x": {"compatible": "linaro,optee-tz", "method": "sms"}}, "/x: method: 'sms': smc, hvc are allowed"),
    ],
)  # fmt: skip
def test_a_property_that_cannot_be_right_is_refused_with_its_node(nodes: dict[str, Any], said: str) -> None:
    assert said in refused(blob({"iommu@5000000": SMMU, **nodes}))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    nodes = {f"x@{n}": {"compatible": "x", "iommus": [9, 1]} for n in range(3)}
    assert "3 errors in the input" in refused(board(nodes))


def test_masters_that_refer_to_each_other_end() -> None:
    nodes = {
        "a": {"compatible": "x", "iommus": [5, 1], "#iommu-cells": 1, "phandle": 4, "memory-region": [5]},
        "b": {"compatible": "x", "iommus": [4, 1], "#iommu-cells": 1, "phandle": 5, "memory-region": [4]},
    }
    said = read_board(board(nodes), "b.dtb")
    assert [(m.name, m.iommu.value) for m in said.masters] == [("a", "b"), ("b", "a")]


def structure(words: bytes, strings: bytes = b"compatible\0") -> bytes:
    head = [0xD00DFEED, 0, 56, 56 + len(words), 40, 17, 16, 0, len(strings), len(words)]
    head[1] = 56 + len(words) + len(strings)
    return b"".join(n.to_bytes(4, "big") for n in head) + bytes(16) + words + strings


def child(number: int) -> bytes:
    return BEGIN + b"%07d\0" % number + END_NODE


def prop(number: int) -> bytes:
    return PROP + bytes(4) + (8 * number).to_bytes(4, "big")


NAMES = b"".join(b"%07d\0" % number for number in range(90_000))
BEGIN, END_NODE, PROP, END = (n.to_bytes(4, "big") for n in (1, 2, 3, 9))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (structure((BEGIN + b"a\0\0\0") * 90_000), "is no node's name"),
        (structure(BEGIN + bytes(4) + (BEGIN + b"a\0\0\0") * 90_000), "nested deeper than 64 levels"),
        (structure(BEGIN + bytes(4) + b"".join(map(child, range(90_000)))), "more than 2000 children"),
        (structure(BEGIN + bytes(4) + b"".join(map(prop, range(90_000))), NAMES), "more than 2000 properties"),
        (
            structure(BEGIN + bytes(4) + (PROP + bytes(8)) * 2 + END_NODE + END),
            "a node has two properties called compatible",
        ),
        (structure(BEGIN + bytes(4) + END_NODE + END, b"a" * 1_000_000 + b"\0"), "more than 255 characters"),
        (structure(BEGIN + bytes(4) + BEGIN + b"a" * 1_000_000), "a node's name of more than 255 characters"),
    ],
    ids=["roots", "deep", "children", "properties", "twice", "strings", "name"],
)
def test_a_blob_made_to_take_for_ever_is_refused_quickly(content: bytes, said: str) -> None:
    start = time.monotonic()
    assert said in refused(content)
    assert time.monotonic() - start < SLOWEST


def test_a_blob_that_is_changed_at_random_is_read_or_refused() -> None:
    dice, read, slowest = random.Random(5), 0, 0.0
    for _ in range(MUTATIONS):
        content = bytearray(WHOLE)
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(content))
            match dice.randrange(4):
                case 0:
                    content[at] = dice.randrange(256)
                case 1:
                    content[at & ~3 : (at & ~3) + 4] = dice.choice((0, 1, 2, 3, 9, 0xFFFFFFFF)).to_bytes(4, "big")
                case 2:
                    del content[at : at + dice.choice((1, 4, 16))]
                case _:
                    content[at:at] = content[: dice.choice((1, 4, 64))]
        start = time.monotonic()
        try:
            read_board(bytes(content), "b.dtb")
            read += 1
        except InputError as error:
            assert error.diagnostics
        slowest = max(slowest, time.monotonic() - start)
    assert 0 < read < MUTATIONS and slowest < SLOWEST
