"""What was read, where, and how a platform file says so."""

from __future__ import annotations

import pytest

from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.platform.variants import variants
from kexecspec.schema import validate
from kexecspec.source import parse, plain

PLATFORM = """\
memory: {ram: ["0 + 1GiB"], dma_limit: unknown, from: {ram: "b.dtb:/memory@0"}, confidence: {dma_limit: unknown}}
secure_world: {optee: "3.13.0", from: {optee: answer}, confidence: {optee: assumed}}
smmus: {s: {variant: "arm,mmu-500", from: {variant: "b.dtb:/iommu@1"}, confidence: {coherent: unknown}}}
devices:
  d: {driver: own, smmu: s, from: {smmu: ["b.dtb:/soc/d@2", "b.dtb:/iommu@1"]}, confidence: {"dma.kind": assumed}}
drivers:
  own: {kind: master, from: {hooks.shutdown: "drivers/x.c:120"}, confidence: {dma: unknown}}
kernels:
  k: {version: "6.1", from: {version: Makefile}, confidence: {version: assumed}}
"""


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("drivers/x.c", 120), "drivers/x.c:120"),
        (Place("board.dtb", node="/soc/usb@3100000"), "board.dtb:/soc/usb@3100000"),
        (Place("Makefile"), "Makefile"),
    ],
)
def test_a_place_is_written_as_file_and_line_or_node(place: Place, text: str) -> None:
    assert str(place) == text


def test_only_an_unknown_fact_has_no_value() -> None:
    place = Place("x.c", 1)
    assert Fact(False, (place,)).known and assumed(0, place).known
    assert not unknown(place).known and unknown(place).confidence == "unknown"


def test_every_part_of_a_platform_says_where_its_facts_are_from_and_how_sure_they_are() -> None:
    assert validate(parse(PLATFORM, "p.yaml"), "platform") == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("confidence: {dma_limit: sure}", "'sure'"),
        ("confidence: {dma_limit: inferred}", "'inferred'"),
        ("from: {ram: 3}", "3"),
        ("from: {ram: []}", "'ram' is empty"),
    ],
)
def test_what_else_stands_there_is_refused(change: str, said: str) -> None:
    wrong = validate(
        parse(f'memory: {{ram: ["0 + 1GiB"], {change}}}\nkernels: {{k: {{version: "6.1"}}}}\n', "p"), "platform"
    )
    assert len(wrong) == 1 and said in wrong[0].message, wrong


def test_a_confidence_of_unknown_is_no_fact_to_try_each_way_of() -> None:
    root = parse(PLATFORM, "p.yaml")
    assert [facts for facts, _ in variants(plain(root), root)] == [()]  # type: ignore[arg-type]
