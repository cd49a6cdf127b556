"""Two processes give the answers of one."""

from __future__ import annotations

import pytest

from kexecspec.ir.nodes import FALSE, same
from kexecspec.solve import together
from kexecspec.solve.judge import judge
from tests.goldens import ROOT
from tests.mutants.grounded import story


def test_two_processes_give_the_answers_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    _, system = story("optee-shm-cache/kdump-refuse-ftpm-duty")
    wanted = tuple(p for p in system.properties if not same(p.companion, FALSE))
    alone = judge(system, wanted)
    monkeypatch.setattr(together, "FEW", 1)

    shared = together.judge_together(system, wanted)

    assert [(j.property, j.verdict) for j in shared] == [(j.property, j.verdict) for j in alone]


