"""The tests above the rules would notice a wrong rule: most mutants of small stories are told from the original."""

from __future__ import annotations

import pytest

from tests.goldens import ROOT
from tests.mutants.grounded import mutants, noticed, signature, story


@pytest.mark.parametrize("name", ["pool-alloc-leak/before", "kdump-fault-storm/smmu-v3"])
def test_most_mutants_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    platform, system = story(name)
    original = signature(platform, system)
    some = tuple(mutants(system, tuple(platform.entities)))[::4]

    caught = [noticed(platform, mutant, original) for mutant in some]

    assert len(some) >= 5
    assert sum(caught) >= 0.8 * len(some), [m.kind for m, seen in zip(some, caught, strict=True) if not seen]
