"""`story` is a platform file that is quickly judged."""

from __future__ import annotations

from pathlib import Path

import pytest

STORY = """\
schema: kexecspec/platform/1
platform: acme
memory: {ram: [0x8000_0000 + 2GiB]}
secure_world: {optee: 3.13.0, abi: smc, heap: {size: 65536, base_use: 20000}, supplicant: {present: false}}
devices:
  bnxt: {driver: tee_bnxt_fw}
kernels:
  prod: {version: 5.10.19}
handoffs: [prod -systemctl kexec-> prod]
expect:
  KX103/bnxt: {verdict: REFUTED, handoffs: 4}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "acme.yaml"
    path.write_text(STORY)
    return path
