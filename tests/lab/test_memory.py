"""Memory that was filled before a run, against where the trace has untranslated transactions go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.memory import FILL, PAGE, elsewhere, fills, kept, told
from lab.scenario import SCENARIOS, Scenario
from lab.trace import Transaction, read

START = 0xFFFF_8000
LOOKS = replace(SCENARIOS[0], look=((START, 8 * PAGE),))
BYPASS = "1@2.5:smmuv3_translate_bypass smmuv3-iommu-memory-region-8-1 sid=0x8 STE bypass iova:0x{:x} is_write=1"


def left(folder: Path, scenario: Scenario, *written: int) -> None:
    """Memory at the end of a run in which a byte was written at each of these addresses."""
    fills(scenario, folder)
    content = bytearray((folder / f"fill-{START:#x}.bin").read_bytes())
    for address in written:
        content[address - START] ^= 0xFF
    kept(folder, START).write_bytes(content)


@pytest.mark.parametrize(
    ("written", "went", "said"),
    [
        ((), (), "memory and trace agree: pages changed none; untranslated transactions went to none"),
        (
            (0xFFFF_C080,),
            (0xFFFF_C080, 0xFFFF_C090),
            "memory and trace agree: pages changed 0xffffc000; untranslated transactions went to 0xffffc000",
        ),
        (
            (0xFFFF_A000,),
            (0xFFFF_C080, 0x1000),
            "memory and trace DIFFER: pages changed 0xffffa000; untranslated transactions went to 0xffffc000",
        ),
    ],
)
def test_a_page_that_changed_is_one_that_an_untranslated_transaction_went_to(
    written: tuple[int, ...], went: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    left(tmp_path, LOOKS, *written)
    trace = [one for one in read(BYPASS.format(address) for address in went) if isinstance(one, Transaction)]

    assert list(told(LOOKS, tmp_path, trace)) == [said]


def test_a_range_is_filled_before_the_first_kernel_starts(tmp_path: Path) -> None:
    words = fills(LOOKS, tmp_path)

    assert words[0] == "-device" and words[1].endswith(f"addr={START:#x},force-raw=on")
    assert (tmp_path / f"fill-{START:#x}.bin").read_bytes() == bytes([FILL]) * 8 * PAGE


def test_an_io_address_outside_of_what_platform_files_say_is_told() -> None:
    inside, outside, identity = (
        Transaction(1.0, "translated", 8, address, to)
        for address, to in ((0xFFFF_C080, 0x4800_0080), (0x7FFF_F010, 0x4800_0010), (0x4800_0080, 0x4800_0080))
    )
    untranslated = Transaction(1.0, "bypassed", 8, 0x1000)

    assert elsewhere((inside, identity, untranslated)) == set()
    assert elsewhere((inside, outside)) == {0x7FFF_F000}
