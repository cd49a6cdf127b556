"""Small matrices in a folder of their own, and what is needed to run them."""

from __future__ import annotations

from pathlib import Path

BOARD = """\
schema: kexecspec/platform/1
platform: {name}
memory: {{ram: [0x8000_0000 + 2GiB]}}
secure_world: {{optee: 3.13.0, abi: smc, heap: {{size: 65536, base_use: {use}}}, supplicant: {{present: false}}}}
devices:
  bnxt: {{driver: tee_bnxt_fw}}
kernels:
  prod: {{version: 5.10.19}}
handoffs: [prod -systemctl kexec-> prod]
expect:
  KX103/bnxt: {{verdict: PROVED}}
"""
MATRIX = """\
schema: kexecspec/sweep/1
sweep: fleet
axes:
  kernel: {at: kernels.prod.version, values: [5.10.19, 5.10.20, 5.14]}
  platform: [board-*.yaml]
"""


def fleet(folder: Path, matrix: str = MATRIX) -> Path:
    """A matrix of two boards, and three kernels of which two come to the same. Four combinations have to be judged."""
    for name, use in (("a", 20000), ("b", 30000)):
        (folder / f"board-{name}.yaml").write_text(BOARD.format(name=name, use=use))
    path = folder / "fleet.yaml"
    path.write_text(matrix)
    return path
