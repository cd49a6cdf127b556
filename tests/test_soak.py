"""The random cases that every test run takes, that they reach everything there is, and that a soak loses none."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from kexecspec.library import library
from kexecspec.schema import validate
from kexecspec.source import parse
from tests.generated import content, platform
from tests.soak import __main__ as command
from tests.soak.cases import KINDS
from tests.soak.coverage import features
from tests.soak.peers import PEER_KINDS
from tests.soak.progress import Progress, load, save
from tests.soak.workers import Report, examined, reports

BATCHES = (
    (10, 94, 177, 196, 218, 223, 277, 294, 302),
    (19, 29, 57, 171, 244, 303, 327),
    (21, 124, 135, 173, 262, 317, 344),
    (23, 56, 61, 159, 161, 179, 190, 192, 236),
    (25, 44, 119, 162, 167, 194, 295, 331, 345),
    (32, 58, 125, 165, 172, 280, 291, 319),
    (40, 62, 71, 113, 306, 307, 310, 347),
    (46, 81, 144, 187, 249, 272, 354),
    (121, 129, 193, 289, 360),
    (160, 238, 240, 271, 332),
)
"""Seeds of platforms that are quickly judged, many of them refuted, and together of every part that there is."""
MOST = 10
LEAST = {"agreement": 20, "walk": 20, "run": 20, "replay": 20, "converse": 20, "solver": 4}
"""So many cases of a kind a batch has at least: 200 in all, but for the solver by itself."""
MANY = range(500)
SHORT = {"cases": 3, "open": 1}


def quick(seed: int) -> Report:
    """A report that costs nothing."""
    return {"counts": {"walk": {"cases": seed}}, "covered": {}, "wrong": {}}


def deadly(seed: int) -> Report:
    """One seed ends its worker."""
    if seed == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(seed)


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: f"from {batch[0]}")
def test_no_case_disagrees(batch: tuple[int, ...]) -> None:
    cases, wrong = Counter[str](), dict[str, str]()
    for seed in batch:
        report = examined(seed, MOST, KINDS)
        wrong |= report["wrong"]
        cases.update({kind: counts["cases"] for kind, counts in report["counts"].items()})

    assert wrong == {}
    assert {kind: least for kind, least in LEAST.items() if cases[kind] < least} == {}, cases
    assert cases["walk"] == MOST * len(batch)


def test_the_cases_of_the_suite_are_about_every_driver_smmu_abi_and_handoff() -> None:
    assert _parts() - _met(itertools.chain(*BATCHES)) == set()


def test_the_generator_reaches_everything_there_is() -> None:
    wanted = _parts()
    wanted |= {f"supplicant {said}" for said in ("True", "False", "mortal")}
    wanted |= {f"world {name}" for name in ("suspended_threads", "services", "dynamic_shm", "prealloc_cache")}
    wanted |= {f"assume {name}" for name in ("in_flight", "fabric_drains", "registration_fails")}
    wanted |= {f"reset {name}" for name in ("gbpa", "enabled", "clientpd")} | {"limits", "resets", "duties", "payload"}
    wanted |= {f"kernel {series}" for series in ("5.4", "5.10", "5.13", "5.14", "5.15", "6.1", "6.6", "6.12", "6.18")}
    kinds = ("none", "ring", "one-shot", "periodic-read", "periodic-write", "firmware", "msi")
    wanted |= {f"handoff kexec{space} tree handed on" for space in ("", " stopped,")}
    open_facts = ("makes_rpc", "base", "gating_ignored", "iova_hits_ram", "reset_abort", "writes")
    wanted |= {f"dma {kind}" for kind in kinds} | {f"unknown {name}" for name in open_facts}
    assert wanted - _met(MANY) == set()


def _met(seeds: Iterable[int]) -> set[str]:
    return {name for seed in seeds for name in features(platform(seed))}


def _parts() -> set[str]:
    """What platforms are made of, and how a kernel is left."""
    drivers = set(library().names("drivers"))
    variants = {str(spec.content["variant"]) for spec in library().all("smmu")}
    wanted = {f"driver {name}" for name in drivers} | {f"variant {name}" for name in variants}
    wanted |= {f"handoff {kind}" for kind in ("kexec", "kexec stopped", "crash", "reboot stopped", "reboot-force")}
    wanted |= {f"abi {abi}" for abi in ("smc", "ffa", "amdtee")} | {f"threads {count}" for count in (1, 2, 3)}
    return wanted


@pytest.mark.parametrize("seed", range(25))
def test_a_generated_platform_is_a_file_that_anybody_may_write(seed: int) -> None:
    assert not validate(parse(json.dumps(content(seed)), "generated"), "platform")


def test_a_soak_goes_on_where_it_stopped_and_counts_no_seed_twice(tmp_path: Path) -> None:
    report = {"counts": {"walk": SHORT}, "covered": {"abi smc": 1}, "wrong": {}}
    progress = Progress()
    for seed in (1, 0, 1, 3):
        progress.add(seed, report)
    save(progress, tmp_path / "state")

    again = load(tmp_path / "state")
    again.add(3, report)
    again.add(2, report)

    assert (progress.next, progress.done, progress.cases) == (2, {3}, 9)
    assert (again.next, again.done, again.cases, again.counts["walk"]["open"]) == (4, set(), 12, 4)


@pytest.mark.parametrize("pause", [0.0, 0.5], ids=["at work", "after its answer"])
def test_a_worker_that_is_killed_costs_no_case(pause: float) -> None:
    running = reports(iter((0, 2, 4)), 1, quick)
    first = next(running)
    time.sleep(pause)
    multiprocessing.active_children()[0].kill()

    found = [first, *running]

    assert found == [(seed, quick(seed)) for seed in (0, 2, 4)]


def test_a_seed_that_kills_every_worker_is_given_up_and_said_so() -> None:
    found = dict(reports(iter((7, 8)), 1, deadly))

    assert found[7]["wrong"] == {"platform:7.0": "its worker died 3 times"}
    assert found[8] == quick(8)


def test_one_case_is_repeated_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "walk:3.2"]) == 0
    assert command.main(["--only", "dance:3.2"]) == 2
    said = capsys.readouterr()
    assert "walk:3.2: agrees" in said.out
    assert f"the kinds are {', '.join((*KINDS, *PEER_KINDS))}" in said.err


def test_a_signal_ends_a_soak_cleanly(tmp_path: Path) -> None:
    state = tmp_path / "state"
    arguments = [sys.executable, "-m", "tests.soak", "1000000", "--jobs", "1", "--state", str(state)]
    soak = subprocess.Popen(arguments, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, text=True)
    time.sleep(3)
    os.kill(soak.pid, signal.SIGTERM)

    said, _ = soak.communicate(timeout=60)

    assert soak.returncode == 130
    assert said.splitlines()[0].split() == ["kind", "cases", "open", "wrong"]
    assert load(state).next == json.loads(state.read_text())["next"]
