"""A board as a platform file: what is written is read back, valid, and checked as it is."""

from __future__ import annotations

from typing import Any

import pytest

from kexecspec.diagnostics import InputError
from kexecspec.importers.board import Board
from kexecspec.importers.compose.answers import read_answers
from kexecspec.importers.compose.by_library import by_library
from kexecspec.importers.compose.compose import Composed
from kexecspec.importers.compose.setting import Setting
from kexecspec.importers.compose.whole import imported
from kexecspec.importers.compose.written import scalar, text_of
from kexecspec.importers.devicetree.read import read_board
from kexecspec.importers.facts import Fact, Place
from kexecspec.library import library
from kexecspec.platform.ways import platforms_in
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


def composed(said: Board, *answers: str, **setting: Any) -> Composed:
    return imported(said, by_library(library()), Setting(**setting), read_answers(answers), library()).composed


def of(nodes: dict[str, Any], *answers: str, **setting: Any) -> Composed:
    return composed(read_board(board(nodes), "a b.dtb"), *answers, **setting)


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


def asked(made: Composed) -> set[str]:
    return {question.asks for question in made.questions}


def test_an_answer_takes_the_place_of_what_was_open() -> None:
    before, after = of(NODES), of(
        NODES, "devices.video-2.dma=one-shot", "devices.video-2.quiesced_by={kexec: shutdown}",
        "devices.video-2.iova=0x9000_0000 + 1MiB", "devices.usb-1.iova=0xa000_0000 + 1MiB",
        "kernels.linux.version=6.1", "secure_world.heap.size=128KiB",
    )  # fmt: skip
    video = after.content["devices"]["video-2"]
    assert (video["dma"], video["quiesced_by"], video["iova"]) == (
        "one-shot", {"kexec": "shutdown"}, "0x9000_0000 + 1MiB",
    )  # fmt: skip
    assert video["confidence"] == {"driver": "assumed"} and video["from"]["dma"] == "--set"
    assert after.content["kernels"]["kdump"]["version"] == "6.1"
    assert after.content["secure_world"]["heap"]["size"] == "128KiB"
    gone = {"What kind of DMA do these issue?", "What stops these at a handoff?", "Where do the mappings of these lie?"}
    assert asked(before) - asked(after) == gone | {"Which kernel?"}


def test_a_driver_that_is_said_brings_its_own_facts() -> None:
    made = of(NODES, "devices.video-2.driver=caam", "devices.rng.driver=optee-rng")
    video = made.content["devices"]["video-2"]
    assert "dma" not in video and video["from"]["driver"] == "--set" and "driver" not in video["confidence"]
    assert made.content["devices"]["rng"] == {"driver": "optee-rng", "from": {"driver": "--set"}}


def test_a_fact_is_taken_away_by_null() -> None:
    assert "quiesced_by" not in of(NODES, "devices.video-2.quiesced_by=null").content["devices"]["video-2"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("memory", "'memory': an answer is KEY=VALUE"),
        ("=1", "an answer is KEY=VALUE"),
        ("memory.ram=[1", "not YAML"),
        ("memory.ram=much", "'memory.ram=much': a range is START + SIZE"),
        ("devices.usb-1=x", "it names a part, and a fact of it is set"),
        ("devices.usb-1.driver.name=x", "a fact on the way to it is no table"),
        ("devices.usb-1.colour=blue", "unknown key 'colour'"),
        ("device.usb-1.dma=ring", "unknown key 'device'"),
        ("devices.usb-1.driver=dwc4", "unknown driver 'dwc4'"),
        ("kernels.linux.version=99.1", "unknown version '99.1'"),
        ("memory.crashkernel=0x1000 + 4KiB", "crashkernel lies outside RAM"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(answer: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        of(NODES, answer)
    assert said in str(caught.value)
