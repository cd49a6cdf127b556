"""Whatever the rules of a story allow, the executable model can do, step by step, with the same states."""

from __future__ import annotations

import os

import pytest

from kexecspec.replay.replay import step_through
from tests.goldens import ROOT, STORIES
from tests.mutants.grounded import ways
from tests.runs import run, thorough

RUNS = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 4


@pytest.mark.parametrize("name", [path.removeprefix("examples/").removesuffix(".yaml") for path in STORIES])
def test_the_machine_can_do_what_the_rules_allow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    for platform, system in ways(name):
        for seed in range(RUNS):
            _, _, parted = step_through(platform, system, run(system, seed, 40))
            assert parted == "", f"seed {seed}"


@pytest.mark.parametrize("name", [path.removeprefix("examples/").removesuffix(".yaml") for path in STORIES])
def test_the_machine_can_do_whatever_the_rules_allow_in_the_states_it_comes_by(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    for platform, system in ways(name):
        for trace in thorough(system, 12, 120):
            _, _, parted = step_through(platform, system, trace)
            assert parted == ""
