"""`run` calls the command line in this process; `story` is a platform file that is quickly judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kexecspec.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]

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
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KEXECSPEC_DEBUG", raising=False)

    def ran(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Ran(code, said.out, said.err)

    return ran


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "acme.yaml"
    path.write_text(STORY)
    return path
