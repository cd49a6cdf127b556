"""Platforms that nobody wrote: whatever the rules allow in the states a run comes by is in order and can be done."""

from __future__ import annotations

import os

import pytest

from kexecspec.ground.ground import ground
from kexecspec.library import library
from kexecspec.replay.calls import ELSEWHERE
from kexecspec.replay.replay import step_through
from kexecspec.replay.walk import walk
from tests.generated import platform as generated
from tests.runs import thorough
from tests.turns import out_of_order

SEEDS = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 60


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_machine_can_do_what_the_rules_of_a_generated_platform_allow(seed: int) -> None:
    platform = generated(seed)
    system = ground(platform, library())

    assert set(out_of_order(platform, system, 300)) == set()
    for trace in thorough(system, 4, 60):
        _, _, parted = step_through(platform, system, trace)
        assert parted == "" or ELSEWHERE in parted  # the rules do not say on which thread a cached argument sits
    assert walk(platform, system, library(), seed, 60).objection == ""
