"""What random cases have found, each on a small platform of its own: machine and rules agree on it since."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from kexecspec.explore import Found, explore
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import negate
from kexecspec.ir.system import TransitionSystem
from kexecspec.ir.verdict import Counterexample, Verdict
from kexecspec.library import library
from kexecspec.machine import Harm, HarmKind
from kexecspec.platform.facts import Platform
from kexecspec.platform.masters import WEAK
from kexecspec.platform.resolve import resolve
from kexecspec.replay.replay import confirm, step_through
from kexecspec.replay.suffered import MEANS
from kexecspec.replay.walk import walk
from kexecspec.solve.judge import judge
from kexecspec.source import parse
from tests.runs import run

MEMORY = {"ram": ["0x8000_0000 + 2GiB"], "crashkernel": "0xc000_0000 + 256MiB"}
FIRMWARE = {"variant": "arm,smmu-v2", "reset": {"clientpd": False}}
USER = {"sessions": 1, "pages": 2}
SINGLE = {"storage": {"makes_rpc": True, "ta_flags": ["single_instance"]}}


def world(**more: Any) -> dict[str, Any]:
    return {"optee": "3.13.0", "threads": 2, "heap": {"size": 65536, "base_use": 20000}} | more


def tee(version: str, *handoffs: str, space: Any = None, devices: Any = None, **more: Any) -> dict[str, Any]:
    kernel = {"version": version} | ({"user_space": space} if space else {})
    made = {"secure_world": world(**more), "devices": devices or {}, "kernels": {"p": kernel}}
    return made | {"handoffs": list(handoffs)}


def dma(kernels: Any, *handoffs: str, smmu: Any = None, **devices: Any) -> dict[str, Any]:
    behind = {"smmu": "mmu", "streams": [1]} if smmu else {}
    return {
        "smmus": {"mmu": smmu} if smmu else {},
        "devices": {name: behind | entry for name, entry in devices.items()},
        "kernels": kernels,
        "handoffs": list(handoffs),
    }


PLATFORMS: dict[str, dict[str, Any]] = {
    "a second call parks beside the first": tee(
        "5.10.19", "p -kexec-> p", space={"sessions": 2}, supplicant={"present": False}
    ),
    "a stuck process keeps its pages": tee(
        "5.17", "p -kexec-> p", space=USER, supplicant={"present": True, "may_die": True}
    ),
    "a page waits for a secure thread": tee("5.4.100", "p -kexec-> p", space=USER, threads=1),
    "no dynamic memory, no pages of user space": tee("5.17", "p -kexec-> p", space=USER, dynamic_shm=False),
    "user space runs out of handles": tee(
        "6.1.3", "p -crash-> p", space=USER, optee="4.4.0", abi="ffa", handles=3,
        devices={"rng": {"driver": "optee-rng"}},
    ),
    "FF-A keeps argument pages without RPC_ARG": tee(
        "6.12", "p -kexec-> p", space={"sessions": 1}, optee="3.16.0", abi="ffa"
    ),
    "a process has no session with a TA whose one session a client has": tee(
        "5.14", "p -systemctl kexec-> p", space={"sessions": 1, "services": ["storage"]}, services=SINGLE,
        devices={"plain": {"driver": "generic-tee-client-shutdown", "service": "storage"}},
    ),
    "a process has a session with another TA": tee(
        "5.14", "p -systemctl kexec-> p", space={"sessions": 1, "services": ["storage", "other"]},
        services=SINGLE | {"other": {"makes_rpc": True}},
        devices={"plain": {"driver": "generic-tee-client", "service": "storage"}},
    ),
    "a handle is given out again": tee(
        "5.17", "p -reboot -f-> p", space={"sessions": 1}, optee="4.4.0", abi="ffa", threads=1, handles=64,
        devices={"plain": {"driver": "generic-tee-client-shutdown"}},
    ),
    "who waits for a secure thread shares its arguments already": tee(
        "5.17", "p -reboot -f-> p", "p -crash-> p", space=USER, optee="4.4.0", abi="ffa", threads=1, handles=4,
        devices={"plain": {"driver": "generic-tee-client-shutdown"}},
    ),
    "no session is closed without a page for the call": tee(
        "5.17", "p -reboot -f-> p", "p -kexec-> p", space=USER, optee="4.4.0", abi="ffa", threads=1, handles=2,
        devices={"plain": {"driver": "generic-tee-client-shutdown"}},
    ),
    "what one call shares for its arguments is no page that the driver keeps": tee(
        "5.17", "p -kexec-> q", optee="4.4.0", abi="ffa", handles=64, devices={"scmi": {"driver": "scmi-optee"}}
    ) | {"kernels": {"p": {"version": "5.17"}, "q": {"version": "6.6"}}},
    "a killable call parks where nobody kills it": tee(
        "5.10.240", "p -kexec -e-> p", space={"sessions": 1}, supplicant={"present": True, "may_die": True}
    ),
    "calls enter after the drain": tee("5.15.30", "p -kexec -e-> p", space={"sessions": 2}),
    "no call is inside at a handoff": tee(
        "5.10.110", "p -kexec -e-> p", space={"sessions": 1}) | {"assume": {"in_flight": "none"}},
    "AMD-TEE has no secure threads": tee("5.17", "p -crash-> p", space={"sessions": 1}) | {
        "secure_world": {"amdtee": True}},
    "firmware leaves an SMMUv2 on": dma(
        {"p": {"version": "5.14"}}, "p -reboot-> p", smmu=FIRMWARE, nic={"driver": "generic-pci"}
    ),
    "a Qualcomm SMMU keeps entries, not their absence": dma(
        {"p": {"version": "5.14"}, "q": {"version": "6.1.3", "cmdline": "arm-smmu.disable_bypass=0"}},
        "q -kexec-> p", smmu={"variant": "qcom,smmu-v2"}, nic={"driver": "generic-pci"},
    ),
    "firmware's stream table is not adopted": dma(
        {"p": {"version": "5.10.110", "features": {"smmu3-kexec-adopt": True}}}, "p -kexec-> p",
        smmu={"variant": "arm,smmu-v3", "reset": {"enabled": True}}, nic={"driver": "bnxt_en"},
    ),
    "a kernel without SMMU drivers attaches too": dma(
        {"p": {"version": "5.14", "smmu_aware": False}}, "p -kexec-> p",
        smmu={"variant": "arm,smmu-v2"}, nic={"driver": "generic-pci"},
    ),
    "no transfer completes without bus mastering": dma(
        {"p": {"version": "5.14"}}, "p -kexec -e-> p", smmu={"variant": "arm,smmu-v2"},
        disk={"driver": "bnxt_en", "dma": {"kind": "one-shot", "requests_by": "outside"}},
    ),
    "an abort that is fatal ends no transfer": dma(
        {"p": {"version": "6.12", "features": {"smmu2-shutdown-aborts": True}}}, "p -reboot -f-> p",
        smmu={"variant": "arm,smmu-v2", "abort_is_fatal": True}, disk={"driver": "fsl-edma"},
    ),
    "dead tables that do not map a transfer end more than it": dma(
        {"p": {"version": "6.12"}, "q": {"version": "6.12", "smmu_aware": False}}, "p -crash-> q", "q -kexec-> p",
        smmu={"variant": "arm,smmu-v3", "abort_is_fatal": True}, disk={"driver": "fsl-edma"},
    ),
    "dead tables are read for old work that they do not map": dma(
        {"p": {"version": "6.12"}, "q": {"version": "6.12", "smmu_aware": False}}, "p -crash-> q", "q -kexec-> p",
        smmu={"variant": "arm,smmu-v3"}, disk={"driver": "fsl-edma"},
    ),
    "one driver, two ways to be stopped": dma(
        {"p": {"version": "5.14"}}, "p -kexec-> p",
        one={"driver": "generic-platform", "quiesced_by": "core"},
        two={"driver": "generic-platform", "quiesced_by": "nothing"},
    ),
    "a crash between a device's bus and its port": dma(
        {"p": {"version": "5.13"}}, "p -kexec-> p", "p -crash-> p", nic={"driver": "generic-pci", "behind_port": True}
    ),
    "a crash before a device's port, with nothing done at its bus": dma(
        {"p": {"version": "5.10.110"}}, "p -reboot-> p", "p -crash-> p",
        nic={"driver": "generic-pci", "behind_port": True},
    ),
    "doorbells are no memory": dma(
        {"p": {"version": "5.10.240"}}, "p -kexec-> p", msi={"driver": "fsl-edma", "dma": "msi"}
    ),
    "a doorbell's address comes from the device's window": dma(
        {"p": {"version": "5.14"}}, "p -kexec-> p", smmu={"variant": "arm,mmu-500"},
        msi={"driver": "generic-platform", "dma": "msi", "iova": "unknown"},
    ),
    "a crash kernel's work stays in its reservation": dma(
        {"p": {"version": "6.1.7"}, "q": {"version": "6.12"}}, "p -crash-> q", "q -kexec-> p", dma={"driver": "dwc3"}
    ),
    "passthrough posts physical addresses": dma(
        {"p": {"version": "5.14", "cmdline": "iommu.passthrough=1"}}, "p -kexec-> p", smmu={"variant": "arm,smmu-v2"},
        nic={"driver": "generic-platform", "iova": "0x1000_0000 + 1MiB"},
    ),
    "a payload uses a one-shot master": dma(
        {"p": {"version": "5.4.100"}, "tool": {"payload": "other"}}, "p -crash-> tool",
        smmu={"variant": "qcom,smmu-v2"}, disk={"driver": "sdhci-of-esdhc"},
    ),
    "an unknown window meets the crash kernel": dma(
        {"q": {"version": "5.13"}}, "q -crash-> q", smmu={"variant": "qcom,smmu-v2"},
        caam={"driver": "caam", "iova": "unknown"},
    ),
    "a kernel without SMMU drivers aims at memory": dma(
        {"p": {"version": "5.10.61", "smmu_aware": False}}, "p -kexec-> p", smmu={"variant": "arm,smmu-v2"},
        nic={"driver": "generic-platform", "iova": "0x1000_0000 + 1MiB"},
    ),
    "a kernel without SMMU drivers is blocked": dma(
        {"p": {"version": "6.12"}, "q": {"version": "6.12", "smmu_aware": False}}, "p -kexec-> q",
        smmu={"variant": "arm,smmu-v3", "reset": {"gbpa": "abort"}}, nic={"driver": "generic-platform"},
    ),
    "an address that is no memory": dma(
        {"p": {"version": "6.12"}}, "p -kexec-> p", smmu={"variant": "arm,smmu-v2"},
        nic={"driver": "generic-platform", "iova": "0x1000_0000 + 1MiB"},
    ),
    "an abort while its kernel leaves": dma(
        {"p": {"version": "6.1.7"}}, "p -kexec -e-> p",
        smmu={"variant": "arm,smmu-v3", "reset": {"gbpa": "abort"}, "abort_is_fatal": True},
        nic={"driver": "generic-pci", "dma": "periodic-write"},
    ),
    "the wrong pages are freed, the right ones lost": tee(
        "5.14", "p -reboot-> p", devices={"ftpm": {"driver": "tpm_ftpm_tee-teebus"}}
    ),
    "the port gates a device that ignores its own bit": dma(
        {"p": {"version": "6.1.7"}}, "p -kexec-> p",
        nic={"driver": "generic-pci", "behind_port": True, "bus_master": "ignored"},
    ),
    "what is in the fabric passes a closed port": dma(
        {"p": {"version": "6.1.7"}}, "p -kexec-> p", nic={"driver": "generic-pci", "behind_port": True},
    ) | {"assume": {"fabric_drains": False}},
    "a port is closed at a reset although the fabric does not drain": dma(
        {"p": {"version": "5.4.180"}}, "p -reboot -f-> p", nic={"driver": "generic-pci", "behind_port": True},
    ) | {"assume": {"fabric_drains": False}},
    "a call shares its argument over old FF-A": tee(
        "5.17", "p -kexec-> p", optee="4.4.0", abi="ffa", devices={"rng": {"driver": "optee-rng"}}
    ),
    "objects of old FF-A are smaller, handles are used again": tee(
        "6.12", "p -reboot-> p", "p -crash-> p", optee="3.13.0", abi="ffa",
        devices={"ftpm": {"driver": "tpm_ftpm_tee-teebus"}},
    ),
    "a warm reset that keeps the secure world stops its threads": tee(
        "6.6", "p -reboot -f-> p", space={"sessions": 1}) | {"resets": {"warm_clears": ["smmus", "devices"]}},
    "a crash kernel's crash kernel lies anywhere in the reservation": dma(
        {"p": {"version": "5.15.30"}, "q": {"version": "5.15.30"}, "r": {"version": "6.1.3"}},
        "p -crash-> q", "q -crash-> r", smmu={"variant": "arm,smmu-v1"},
        disk={"driver": "sdhci-of-esdhc", "iova": "0xc000_0000 + 1MiB"},
    ),
    "two drivers want the one session of a TA": tee(
        "6.1.3", "p -kexec-> p",
        devices={"bus": {"driver": "tpm_ftpm_tee-teebus"}, "plain": {"driver": "tpm_ftpm_tee"}},
    ),
    "init kills the supplicant before its client": tee("5.15.30", "p -reboot-> p", space={"sessions": 1}),
    "init kills a client that no supplicant ever served": tee(
        "5.15.30", "p -reboot-> p", space={"sessions": 1}, supplicant={"present": False}
    ),
    "a kdump kernel does not adopt as others do": dma(
        {"p": {"version": "5.13", "features": {"smmu3-kexec-adopt": True}}}, "p -crash-> p",
        smmu={"variant": "arm,smmu-v3"}, nic={"driver": "bnxt_en"},
    ),
    "tables that are not coherent are not adopted": dma(
        {"p": {"version": "6.12", "features": {"smmu3-kexec-adopt": True}}}, "p -kexec-> p",
        smmu={"variant": "arm,smmu-v3", "coherent": False}, nic={"driver": "generic-platform"},
    ),
    "a doorbell beside a window": dma(
        {"p": {"version": "5.15.180"}}, "p -kexec-> p", smmu={"variant": "arm,smmu-v2"},
        nic={"driver": "generic-platform", "iova": "0xc000_0000 + 1MiB", "msi": True},
    ),
    "released streams fault before the bypass": dma(
        {"p": {"version": "6.1.3"}}, "p -kexec-> p", smmu={"variant": "arm,mmu-500", "abort_is_fatal": True},
        nic={"driver": "generic-platform"},
    ),
    "a payload leaves a master at work": dma(
        {"p": {"version": "5.17"}, "tool": {"payload": "other"}}, "p -kexec-> tool", "tool -kexec-> p",
        smmu={"variant": "arm,smmu-v3"}, nic={"driver": "bnxt_en"},
    ),
    "a payload that drives nothing starts nothing": dma(
        {"p": {"version": "5.17"}, "tool": {"payload": "other", "devices": []}}, "p -kexec-> tool", "tool -kexec-> p",
        smmu={"variant": "arm,smmu-v3"}, nic={"driver": "bnxt_en"},
    ),
    "a payload's message interrupts and transfers go on": dma(
        {"p": {"version": "6.12"}, "tool": {"payload": "other", "smmu_aware": True}},
        "p -crash-> tool", "tool -kexec-> p", "tool -crash-> p", smmu={"variant": "arm,smmu-v2"},
        msi={"driver": "generic-platform", "dma": "msi"}, disk={"driver": "sdhci-of-esdhc", "streams": [2]},
    ),
}  # fmt: skip


@cache
def made(name: str) -> tuple[Platform, TransitionSystem]:
    content = {"platform": "found", "memory": MEMORY, **PLATFORMS[name]}
    platform = resolve(parse("{}", "found"), "found", library(), content)
    return platform, ground(platform, library())


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_rules_account_for_what_the_machine_does(name: str) -> None:
    platform, system = made(name)
    for seed in range(6):
        walked = walk(platform, system, library(), seed, 120)
        assert walked.objection == "", f"seed {seed}: " + "; ".join(walked.done[-5:])


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_machine_can_do_what_the_rules_allow(name: str) -> None:
    platform, system = made(name)
    for seed in range(6):
        assert step_through(platform, system, run(system, seed, 40))[2] == "", f"seed {seed}"


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_machine_suffers_whatever_is_violated(name: str) -> None:
    platform, system = made(name)
    for prop in system.properties:
        found = explore(system, negate(prop.holds), 2000)
        if isinstance(found, Found):
            replayed = confirm(platform, system, prop, found.trace)
            assert replayed.outcome == "CONFIRMED", f"{prop.id}: {replayed.why}"


WAS_PROVED = (
    ("calls enter after the drain", "KX201/optee@kexec"),
    ("a killable call parks where nobody kills it", "KX204/optee@kexec"),
    ("passthrough posts physical addresses", "KX301/nic@kexec"),
    ("a kernel without SMMU drivers aims at memory", "KX301/nic@kexec"),
    ("an abort while its kernel leaves", "KX305/nic:own@kexec"),
    ("the wrong pages are freed, the right ones lost", "KX106/ftpm@any"),
    ("a kernel without SMMU drivers is blocked", "KX305/nic@kexec"),
    ("tables that are not coherent are not adopted", "KX304/nic@kexec"),
    ("two drivers want the one session of a TA", "KX107/plain@kexec"),
    ("init kills the supplicant before its client", "KX204/optee@reboot"),
    ("an abort that is fatal ends no transfer", "KX305/disk:own@reboot-force"),
    ("released streams fault before the bypass", "KX305/nic:own@kexec"),
    ("a payload leaves a master at work", "KX301/nic@kexec"),
)


@pytest.mark.parametrize(("name", "prop"), WAS_PROVED)
def test_what_a_life_of_the_machine_suffered_is_refuted(name: str, prop: str) -> None:
    platform, system = made(name)
    wanted = next(one for one in system.properties if one.id == prop)

    (judgement,) = judge(system, (wanted,))

    assert isinstance(judgement.evidence, Counterexample), judgement
    assert confirm(platform, system, wanted, judgement.evidence.trace).outcome == "CONFIRMED"


def test_a_payload_leaves_no_master_at_work_that_it_does_not_drive() -> None:
    _, system = made("a payload that drives nothing starts nothing")
    wanted = next(one for one in system.properties if one.id == "KX301/nic@kexec")

    (judgement,) = judge(system, (wanted,))

    assert judgement.verdict is Verdict.PROVED
    assert not any("payload_uses" in rule.operation for rule in system.rules)


@pytest.mark.parametrize(("programmed_by", "victim", "code"), [
    (2, "kernel memory", "KX301"), (3, "kernel memory", "KX307"), (3, "MMIO", "KX307"), (2, "MMIO", ""),
])  # fmt: skip
def test_what_is_hit_while_a_kernel_leaves_is_about_whose_work_hit(programmed_by: int, victim: str, code: str) -> None:
    detail = {"phase": "walk", "generation": 3, "programmed_by": programmed_by, "victim": victim}
    harm = Harm(HarmKind.CORRUPTION, "nic", (), detail)

    assert [one for one in ("KX301", "KX307") if MEANS[one](harm, "nic")] == [code] * bool(code)


def test_a_killed_client_leaves_the_wait_for_a_supplicant_that_never_was() -> None:
    _, system = made("init kills a client that no supplicant ever served")
    wanted = next(one for one in system.properties if one.id == "KX204/optee@reboot")

    (judgement,) = judge(system, (wanted,))

    assert judgement.verdict is Verdict.PROVED


def test_what_lies_outside_all_memory_that_is_described_is_left_open() -> None:
    platform, _ = made("an address that is no memory")

    assert platform.entities["nic"].facts["iova_hits_mmio"] == WEAK
