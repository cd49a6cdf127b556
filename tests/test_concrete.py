"""A refutation that needs an address which nobody knows is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.check import Options, check
from kexecspec.ir.verdict import Verdict

BELOW = """\
platform: acme
memory: {ram: [0x4000_0000 + 2GiB]MORE}
smmus: {smmu: {variant: "arm,smmu-v3"}}
devices: {eth: {driver: generic-pci, smmu: smmu, streams: [1], dma: ringIOVA}}
kernels: {prod: {version: 6.1.192}}
handoffs: [prod -reboot -f-> prod]
"""
"""The end of 4 GiB, where addresses are taken from, is no RAM, and nobody says what is there."""
SAY_MORE = "no concrete address is known, so say more (iova, memory)"
EITHER = f"refuted only if eth.iova_hits_ram or eth.iova_hits_mmio: {SAY_MORE}"


@pytest.mark.parametrize(
    ("more", "iova", "verdict", "why"),
    [
        ("", "", Verdict.UNKNOWN, EITHER),
        ("", ", iova: 0x9000_0000 + 1MiB", Verdict.REFUTED, None),
        (", reserved: [0x9000_0000 + 1MiB]", ", iova: 0x9000_0000 + 1MiB", Verdict.REFUTED, None),
        ("", ", iova: 0x1000_0000 + 1MiB", Verdict.UNKNOWN, EITHER.replace("eth.iova_hits_ram or ", "")),
    ],
    ids=["nothing is known", "memory", "registers", "perhaps registers"],
)
def test_of_two_things_that_might_be_hit_neither_has_to_be(
    more: str, iova: str, verdict: Verdict, why: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "in.yaml"
    path.write_text(BELOW.replace("MORE", more).replace("IOVA", iova))

    (found,) = [one for one in check(str(path), Options()).findings if one.property.code == "KX307"]

    assert found.verdict is verdict
    assert why is None or found.why == why
    assert verdict is Verdict.REFUTED or all(name in found.why for name, _ in found.decided_by)
