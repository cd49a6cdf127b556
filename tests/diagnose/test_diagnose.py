"""`kexecspec diagnose`: the runs that end as a log says, shortest first, and what would tell them apart.

The excerpts are from logs in mails to the kernel's lists: "optee: Disable shm cache when booting the crash kernel"
(Tyler Hicks, May 2021) and "iommu/arm-smmu: don't unregister on shutdown" (Vladimir Oltean, December 2022).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kexecspec.source import parse
from tests.conftest import Run
from tests.diagnose.test_lines import HUNG, STORM
from tests.goldens import ROOT

OOPS = """\
Unable to handle kernel paging request at virtual address ffff4317b9c09744
pc : tee_shm_free (/usr/src/kernel/drivers/tee/tee_shm.c:363)
lr : optee_disable_shm_cache (/usr/src/kernel/drivers/tee/optee/call.c:441)
"""
NULL = """\
Unable to handle kernel NULL pointer dereference at virtual address 0000000000000098
CPU: 0 PID: 23 Comm: kworker/0:1 Not tainted 6.1.0-rc5-00088-gf3600ff8e322 #1930
pc : iommu_get_dma_domain+0x14/0x20
lr : iommu_dma_map_page+0x9c/0x254
"""
REFUSED = "tee_bnxt_fw: probe of optee-clnt0 failed with error -22\n"
SYNC = "[ 9.1] arm-smmu-v3 9050000.iommu: CMD_SYNC timeout at 0x00000a01 [hwprod 0x00000a01, hwcons 0x00000a00]\n"
FLAGS = "optee optee: invalid shm flags 0x81\n"


def story(name: str) -> Path:
    return ROOT / f"examples/{name}.yaml"


def log(text: str) -> str:
    Path("console.log").write_text(text)
    return "console.log"


@pytest.mark.parametrize(
    ("text", "platform", "cause"),
    [
        (OOPS, "optee-shm-cache/kdump-oops", "KX101/drain@reboot"),
        ("\n".join(HUNG), "optee-shm-cache/kdump-drain-at-probe", "KX201/optee@crash"),
        (NULL, "ls1028a-reboot-f/v6.1.0", "KX303/enetc@reboot-force"),
        (FLAGS, "shm-flags/priv-flag-not-accepted", "KX105/optee@any"),
        (SYNC, "ls1028a-reboot-f/smmu-v3-v6.1.7", "KX306/enetc:task@reboot-force"),
    ],
    ids=["oops", "hang", "null", "flags", "sync"],
)
def test_the_logs_of_real_threads_have_their_causes(run: Run, text: str, platform: str, cause: str) -> None:
    ran = run("diagnose", log(text), "--platform", story(platform), "--format", "json")

    told = json.loads(ran.out)
    assert ran.code == told["exit"] == 0, ran.out
    assert [c["id"] for one in told["explained"] for c in one["causes"]] == [cause]
    (found,) = [c for one in told["explained"] for c in one["causes"]]
    assert found["finding"]["replay"]["outcome"] == "CONFIRMED" and found["steps"] > 0


def test_a_storm_names_its_master_by_the_stream(run: Run) -> None:
    ran = run("diagnose", log(f"{STORM}\n{STORM}"), "--platform", story("kdump-fault-storm/smmu-v2"))
    assert ran.code == 0 and "1. KX302/nic@crash after 1 handoff" in ran.out and "line 1 and 1 more" in ran.out

    other = run("diagnose", log(STORM.replace("2000", "2001")), "--platform", story("kdump-fault-storm/smmu-v2"))
    assert other.code == 1
    assert "not KX302/nic@crash: stream 0x2000, the log has 0x2001" in other.out
    assert "NO CAUSE" in other.out


def test_lines_of_one_harm_are_one_symptom_and_the_same_driver_is_asked_for(run: Run) -> None:
    text = f"tee_bnxt_fw optee-clnt0: tee_shm_alloc failed\n{REFUSED}"

    ran = run("diagnose", log(text), "--platform", story("tee-bnxt-fourth-kexec/before"), "--format", "json")

    (one,) = json.loads(ran.out)["explained"]
    assert ran.code == 0 and len(one["seen"]) == 2
    assert [(c["id"], c["handoffs"]) for c in one["causes"]] == [("KX103/bnxt@kexec", 4)]


def test_causes_come_by_length_each_with_what_tells_it_from_the_next(run: Run) -> None:
    """Of a hung task whose trace is cut off nobody can tell which it was."""
    from kexecspec.schema import validate

    text = log("INFO: task kworker/0:1:23 blocked for more than 120 seconds.\n")
    platform = story("optee-shm-cache/shutdown-waits")

    ran = run("diagnose", text, "--platform", platform, "--format", "json")

    assert not validate(parse(ran.out, "out.json"), "diagnosis")
    (one,) = json.loads(ran.out)["explained"]
    assert [c["id"] for c in one["causes"]] == ["KX204/optee@kexec", "KX201/optee@kexec"]
    assert [c["handoffs"] for c in one["causes"]] == [0, 1]
    assert "handoffs since power-on: 0 here, 1 there" in one["causes"][0]["told_from_next"]
    assert any("optee_disable_shm_cache" in said for said in one["causes"][0]["told_from_next"])
    assert one["causes"][1]["told_from_next"] == []
    assert all(symptom["partial"] for symptom in one["seen"][0]["symptoms"])


def test_a_log_with_no_known_line_says_so(run: Run) -> None:
    ran = run("diagnose", log("Booting Linux\n\x1b[31mhello\n"), "--platform", story("kdump-fault-storm/smmu-v2"))

    assert ran.code == 1
    assert "NOTHING KNOWN  2 lines, none that a known hazard prints" in ran.out and "\x1b" not in ran.out


def test_what_is_wrong_with_both_files_is_told_at_once(run: Run) -> None:
    Path("bad.yaml").write_text("platfrom: x\n")

    ran = run("diagnose", "missing.log", "--platform", "bad.yaml")

    assert ran.code == 2
    assert "missing.log:1:1: error[KX013]" in ran.err and "bad.yaml:1:1: error[KX003]" in ran.err
    assert run("diagnose", ".", "--platform", story("kdump-fault-storm/smmu-v2")).code == 2
    assert run("diagnose", log("x")).code == 2
