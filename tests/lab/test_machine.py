"""The kernels and handoffs of a scenario, as a platform file has them."""

from __future__ import annotations

from pathlib import Path

from lab.machine import handoffs, kernels
from lab.report import release
from lab.scenario import SCENARIOS, UNRECOGNISED, telling

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
LOADED = {"kind": "kexec -e", "loaded_by": "kexec_load"}


def test_each_kernel_is_loaded_by_kexec_l() -> None:
    assert handoffs(BY_NAME["crash-kexec-its"]) == [
        {"from": "k1", "to": "k2", "kind": "crash"},
        {"from": "k2", "to": "k3", **LOADED},
    ]
    assert handoffs(BY_NAME["crash-reboot-traffic"])[-1] == "k2 -reboot --force-> k1"


def test_a_kernel_has_the_words_that_it_is_given() -> None:
    once = kernels(BY_NAME["crash-unrecognised-kexec-its"], [])
    both = kernels(BY_NAME["crash-6.12-6.1"], [])

    assert [UNRECOGNISED in kernel["cmdline"] for kernel in once.values()] == [False, True, False]
    assert [kernel.get("kdump") for kernel in once.values()] == [None, False, None]
    told = [(kernel["version"], kernel.get("kdump")) for kernel in both.values()]
    assert told == [("6.12.117", None), ("6.1.192", True)]


def test_names_tell_scenarios_and_the_machines_that_tell_of_themselves_apart() -> None:
    machines = {(one.driver, one.memory, one.beside, one.crashkernel, one.first) for one in SCENARIOS}

    assert len(BY_NAME) == len(SCENARIOS)
    assert len({telling(one).name for one in SCENARIOS}) == len(machines)


def test_a_tree_says_of_which_release_it_is(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\n")

    assert release(tmp_path) == "6.12"
