"""Memory that untranslated transactions may reach: filled before a run, and looked at after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lab.scenario import FROM_4_GIB_DOWN, Scenario
from lab.trace import Transaction

PAGE = 4096
FILL = 0xDA
"""Read as a descriptor of a network card it says that the card owns it."""
UNTRANSLATED = ("bypassed", "passed-disabled")


def fills(scenario: Scenario, folder: Path) -> list[str]:
    """QEMU's words by which the ranges of a scenario are full of a pattern when its first kernel starts."""
    words = []
    for start, size in scenario.look:
        file = folder / f"fill-{start:#x}.bin"
        file.write_bytes(bytes([FILL]) * size)
        words += ["-device", f"loader,file={file},addr={start:#x},force-raw=on"]
    return words


def kept(folder: Path, start: int) -> Path:
    """The file of what lay at `start` when a machine stood still."""
    return folder / f"memory-{start:#x}.bin"


def changed(content: bytes, start: int) -> Iterator[int]:
    """The pages of a range that are no longer as they were filled."""
    whole = bytes([FILL]) * PAGE
    for place in range(0, len(content), PAGE):
        if content[place : place + PAGE] != whole:
            yield start + place


def aimed(transactions: Iterable[Transaction]) -> set[int]:
    """The pages that untranslated transactions went to, as the trace has them."""
    return {one.address // PAGE * PAGE for one in transactions if one.outcome in UNTRANSLATED and one.address}


def elsewhere(transactions: Iterable[Transaction]) -> set[int]:
    """The pages of I/O addresses, as the trace has them, that lie where no platform file of the lab has them."""
    start, size = FROM_4_GIB_DOWN
    own = {one.address // PAGE * PAGE for one in transactions if one.address and one.to not in (None, one.address)}
    return {page for page in own if not start <= page < start + size}


def told(scenario: Scenario, folder: Path, transactions: Iterable[Transaction]) -> Iterator[str]:
    """What a report says of the memory of a run."""
    aims = aimed(transactions)
    for start, size in scenario.look:
        written = list(changed(kept(folder, start).read_bytes(), start))
        here = sorted(page for page in aims if start <= page < start + size)
        said = "agree" if set(written) <= set(here) else "DIFFER"
        pages = ", ".join(hex(page) for page in written[:8]) or "none"
        went = ", ".join(hex(page) for page in here[:8]) or "none"
        yield f"memory and trace {said}: pages changed {pages}; untranslated transactions went to {went}"
