"""Random walks of the machine: whatever it does, and whatever the world chooses, some rule accounts for it."""

from __future__ import annotations

import os

import pytest

from kexecspec.ground.ground import ground
from kexecspec.ir.evaluate import initial_states
from kexecspec.library import library
from kexecspec.replay.calls import Unperformable
from kexecspec.replay.kernels import arrives
from kexecspec.replay.stage import open_stage
from kexecspec.replay.walk import walk
from tests.generated import platform as generated
from tests.replay.stories import ROOT, story

WALKS = int(os.environ.get("KEXECSPEC_SOAK", "0")) or 2
STEPS = 120
STORIES = sorted(str(file.relative_to(ROOT / "examples").with_suffix("")) for file in ROOT.glob("examples/*/*.yaml"))


@pytest.mark.parametrize("name", STORIES)
def test_rules_account_for_every_step_of_a_story(name: str) -> None:
    told = story(name)
    for seed in range(WALKS):
        walked = walk(told.platform, told.system, library(), seed, STEPS)
        assert walked.objection == "", f"seed {seed}: " + "; ".join(walked.done[-5:])


@pytest.mark.parametrize("seed", range(20))
def test_rules_account_for_every_step_of_a_generated_platform(seed: int) -> None:
    platform = generated(seed)
    system = ground(platform, library())
    for number in range(WALKS):
        walked = walk(platform, system, library(), number, STEPS)
        assert walked.objection == "", f"seed {number}: " + "; ".join(walked.done[-5:])


def test_a_dead_kernel_comes_to_no_handoff() -> None:
    told = story("optee-shm-cache/shutdown-waits")
    stage = open_stage(told.platform, library(), next(initial_states(told.system)))
    stage.leaving, stage.machine.state.dead = told.platform.edges[0], True

    with pytest.raises(Unperformable, match="does not come to its jump"):
        arrives(stage, "jump")


def test_a_walk_is_the_same_for_the_same_seed() -> None:
    told = story("optee-shm-cache/shutdown-waits")

    first, second = (walk(told.platform, told.system, library(), 3, STEPS) for _ in range(2))

    assert first == second
    assert len(first.done) > 20
