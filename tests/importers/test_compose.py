"""A board as a platform file: what is written is read back, valid, and checked as it is."""

from __future__ import annotations

from typing import Any

import pytest

from kexecspec.check import platforms_in
from kexecspec.importers.board import Board
from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.compose import Composed, compose
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.written import scalar, text_of
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.facts import Fact, Place
from kexecspec.library import library
from kexecspec.source import parse, plain
from tests.importers.blobs import blob, board

NODES: dict[str, Any] = {
    "compatible": ["x,board", "x,ls1028a"],
    "chosen": {"bootargs": "crashkernel=64M@0x90000000 quiet"},
    "reserved-memory": {
        "fw@88000000": {"reg": [0x88000000, 0x1000]},
        "out@1000": {"reg": [0x1000, 0x1000]},
        "cma@8a000000": {"reg": [0x8A000000, 0x1000], "reusable": None},
    },
    "firmware": {"optee": {"compatible": "linaro,optee-tz", "method": "smc"}},
    "usb@1": {"compatible": ["x,usb", "snps,dwc3"], "reg": [1, 1], "iommus": [1, 4]},
    "video@2": {"compatible": "x,video", "reg": [2, 1], "iommus": [1, 5]},
    "dsp@3": {"compatible": "x,dsp", "reg": [3, 1], "iommus": [1, 6], "firmware-name": "dsp.mbn", "memory-region": 9},
    "reserved": {"phandle": 9},
    "mmc@4": {"compatible": "fsl,esdhc", "reg": [4, 1]},
    "serial@5": {"compatible": "x,uart", "reg": [5, 1]},
    "other": {"compatible": "rockchip,iommu", "#iommu-cells": 0, "phandle": 8},
    "gpu@6": {"compatible": "x,gpu", "reg": [6, 1], "iommus": 8},
    "ftpm": {"compatible": "microsoft,ftpm"},
}


def composed(said: Board, **setting: Any) -> Composed:
    return compose(said, by_library(library()), Setting(**setting), library())


def of(nodes: dict[str, Any], **setting: Any) -> Composed:
    return composed(read_board(board(nodes), "a b.dtb"), **setting)


def test_all_of_a_board_stands_in_the_file_with_its_places() -> None:
    content = of(NODES).content
    assert content["platform"] == "a-b"
    memory = content["memory"]
    assert (memory["ram"], memory["reserved"]) == (["0x80000000 + 1GiB"], ["0x88000000 + 4KiB"])
    assert memory["crashkernel"] == "0x90000000 + 64MiB" and memory["from"]["crashkernel"] == "a b.dtb:/chosen"
    world = content["secure_world"]
    assert (world["optee"], world["abi"], world["board"]) == ("unknown", "smc", "ls1028a")
    assert world["confidence"] == {"optee": "unknown", "board": "assumed", "heap.base_use": "unknown"}
    assert list(content["smmus"]) == ["iommu-5000000"]
    devices = content["devices"]
    assert list(devices) == ["usb-1", "video-2", "mmc-4", "ftpm"]
    assert devices["usb-1"]["driver"] == "dwc3" and devices["usb-1"]["streams"] == [4]
    video = devices["video-2"]
    assert (video["driver"], video["dma"], video["quiesced_by"], video["iova"]) == (
        "generic-platform", "unknown", "unknown", "unknown",
    )  # fmt: skip
    assert video["confidence"] == {
        "driver": "assumed", "iova": "unknown", "dma": "unknown", "quiesced_by": "unknown",
    }  # fmt: skip
    assert "smmu" not in devices["mmc-4"] and devices["ftpm"]["driver"] == "tpm_ftpm_tee"
    assert content["kernels"]["linux"]["cmdline"] == NODES["chosen"]["bootargs"]


def test_what_is_left_out_says_why() -> None:
    assert {(one.names, one.why.split(",")[0]) for one in of(NODES).left} == {
        (("dsp-3",), "firmware of their own runs on them"),
        (("gpu-6",), "behind rockchip"),
    }


@pytest.mark.parametrize("nodes", [NODES, {}, {"firmware": NODES["firmware"]}], ids=["all", "nothing", "optee"])
@pytest.mark.parametrize(
    "setting", [{}, {"tee": "3.13.0", "version": Fact("6.1", (Place("Makefile"),))}, {"tee": "none"}]
)
def test_what_is_written_is_read_back_and_valid(nodes: dict[str, Any], setting: dict[str, Any]) -> None:
    made = of(nodes, **setting)
    text = text_of(made)
    assert text.isascii() and max(map(len, text.splitlines())) < 200
    root = parse(text, "b.yaml")
    assert plain(root) == made.content
    assert platforms_in(root, "b.yaml", library())


@pytest.mark.parametrize(
    ("tee", "node", "world"),
    [
        ("", None, {"none": True}),
        ("", "disabled", {"none": True}),
        ("", "okay", {"optee": "unknown"}),
        ("3.13.0", "disabled", {"optee": "3.13.0"}),
        ("3.13.0", None, {"optee": "3.13.0"}),
        ("none", "okay", {"none": True}),
        ("unknown", "disabled", {"optee": "unknown"}),
    ],
)
def test_the_user_has_the_last_word_on_the_trusted_os(tee: str, node: str | None, world: dict[str, Any]) -> None:
    nodes = {"tz": {"compatible": "linaro,optee-tz", "method": "smc", "status": node}} if node else {}
    made = of(nodes, tee=tee)
    assert world.items() <= made.content["secure_world"].items()
    assert any("Is OP-TEE loaded?" in q.asks for q in made.questions) == (node == "disabled" and not tee)


def test_memory_that_is_not_known_is_asked_for() -> None:
    made = composed(read_board(blob({"memory": {"device_type": "memory", "reg": [0, 0]}}), "b.dtb"))
    assert "memory" not in made.content and any(q.asks == "Where is RAM?" for q in made.questions)


def test_firmware_that_takes_all_of_memory_leaves_a_platform() -> None:
    made = of({"reserved-memory": {"all@80000000": {"reg": [0x80000000, 0x40000000]}}})
    assert "reserved" not in made.content["memory"]


@pytest.mark.parametrize(
    "text",
    ["a", "6.1", "5.10", "1e3", "0x10", "yes", "null", "", "a: b", "#x", "- x", "arm,mmu-500", "x'\"\\", "\x1b[31m",
     "\x7f", "\u202e", "\U0001f600", "a\nb", "{x}", "&a", "*a", "!a", "%", "b.dtb:/soc/a@0,1",
     "0x80000000 + 1GiB", " x ", "~", "="],
)  # fmt: skip
def test_any_text_is_written_so_that_it_is_read_back(text: str) -> None:
    root = parse(f"x: [{scalar(text)}]\ny: {scalar(text)}\n{scalar(text or 'k')}: 1\n", "t.yaml")
    assert plain(root) == {"x": [text], "y": text, (text or "k"): 1}


def test_a_hostile_model_stays_in_its_comment() -> None:
    hostile = b"x\nkernels: {}\n\x1b[31m\xe2\x80\xae\0"
    text = text_of(composed(read_board(blob({"model": hostile}), "b\n.dtb")))
    assert text.isascii() and "\x1b" not in text and "\nkernels: {}" not in text
