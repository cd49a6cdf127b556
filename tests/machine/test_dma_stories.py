"""The threads' DMA and SMMU bugs run by hand on the machine: each ends in the reported harm and line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_machines import (
    ARM_SMMU_5_10,
    ARM_SMMU_6_1,
    ARM_SMMU_6_1_0,
    ARM_SMMU_V3,
    ARM_SMMU_V3_6_1_0,
    CRASH,
    MASTER,
    MASTER_STOPS,
    SMMU2,
    SMMU3,
    V5_10,
    V6_12,
    dma_machine,
    kernel,
    ops,
)

from kexecspec.machine import DeviceConfig, HarmKind, Hooks, Machine, Outcome, Range, SmmuConfig

ENETC = DeviceConfig(
    "eth0",
    "fsl_enetc",
    bus="pci",
    smmu="5000000.iommu",
    streams=(0x429,),
    iova=Range(0xFFFF_0000, 0x1000),
    dma="ring",
    posted=64,
    dev_name="0000:00:00.0",
)
PLATFORM = DeviceConfig(
    "dma0",
    "some-dma",
    smmu="5000000.iommu",
    streams=(0x2000,),
    iova=Range(0x9000_0000, 0x1000),
    dma="ring",
    recurrent=True,
)


def up(machine: Machine, name: str = "prod") -> Machine:
    machine.power_on(name)
    assert machine.run_until("up").operation == "up", machine.log
    return machine


def kinds(machine: Machine) -> set[HarmKind]:
    return {harm.kind for harm in machine.harms}


def one(machine: Machine, kind: HarmKind):
    return next(harm for harm in machine.harms if harm.kind is kind)


def ls1028a(smmu_hooks: Hooks, enetc: Hooks = MASTER, smmu: SmmuConfig = SMMU2) -> Machine:
    prod = kernel("prod", V6_12, {smmu.driver: smmu_hooks, "fsl_enetc": enetc}, release="6.1.0")
    return up(Machine(dma_machine(prod, devices=(replace(ENETC, smmu=smmu.name),), smmu=smmu)))


def test_reboot_under_traffic_dereferences_a_released_group() -> None:
    """Thread 003, v6.1.0: shutdown calls remove, and 57365a04c921 releases every group (iommu.c@6.1)."""
    machine = ls1028a(ARM_SMMU_6_1_0)
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("iommu_device_unregister")
    assert "fsl_enetc 0000:00:00.0: Removing from iommu group 0" in machine.log
    assert machine.task_dma_unmap("eth0").outcome is Outcome.DEAD
    harm = one(machine, HarmKind.OOPS)
    assert (
        harm.log[0] == "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000098"
    )
    assert "lr : iommu_dma_map_page" in harm.log and "Internal error: Oops: 0000000096000004 [#1] SMP" in harm.log
    assert "pc : iommu_get_dma_domain+0x14/0x20" in harm.log


def test_between_unregister_and_clientpd_the_ring_is_blocked() -> None:
    """The thread's second log: release_device takes the stream's entry away (arm_smmu_release_device)."""
    machine = ls1028a(ARM_SMMU_6_1_0)
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("iommu_device_unregister")
    assert machine.packet("eth0").detail["how"] == "unmatched"
    assert any("Blocked unknown Stream ID 0x429" in line for line in machine.log)


@pytest.mark.parametrize("task", ["task_dma_map", "task_dma_unmap"])
def test_reboot_under_traffic_is_fine_when_the_registration_stays(task: str) -> None:
    """ce31e6ca68bd: shutdown only turns translation off."""
    machine = ls1028a(ARM_SMMU_6_1)
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("walk-done")
    assert getattr(machine, task)("eth0").outcome is Outcome.OK
    assert "arm-smmu 5000000.iommu: disabling translation" in machine.log
    assert HarmKind.OOPS not in kinds(machine)


def test_bypass_under_a_live_ring_corrupts_the_dying_kernel() -> None:
    """v6.1.7 and later: CLIENTPD turns I/O addresses into physical ones while the ring still runs."""
    prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "fsl_enetc": MASTER})
    eth0 = replace(ENETC, iova=Range(0x9000_0000, 0x1000))
    machine = up(Machine(dma_machine(prod, devices=(eth0,))))
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("walk-done")
    machine.run_on(1)
    harm = one(machine, HarmKind.CORRUPTION)
    assert harm.detail["phase"] == "walk"
    assert harm.detail["how"] == "bypass"


def test_a_client_that_stops_in_its_shutdown_never_meets_it() -> None:
    """Consumers are shut down before their SMMU (device links; reverse registration)."""
    machine = ls1028a(ARM_SMMU_6_1_0, Hooks(MASTER.probe, ops("dma_stop", "dma_unmap")))
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("walk-done")
    assert machine.packet("eth0").outcome is Outcome.FAILED
    assert machine.harms == ()


def test_smmu_v3_unmap_after_its_shutdown_times_out() -> None:
    """CR0=0 stops the command queue too (arm_smmu_cmdq_issue_cmdlist@6.12.117)."""
    machine = ls1028a(ARM_SMMU_V3, smmu=SMMU3)
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("walk-done")
    machine.task_dma_unmap("eth0")
    harm = one(machine, HarmKind.HANG)
    assert "arm-smmu-v3 smmu3: CMD_SYNC timeout at 0x" in harm.log[0]
    assert harm.detail["context"] == "task"
    assert HarmKind.OOPS not in kinds(machine)


def test_smmu_v3_releases_groups_too() -> None:
    """32ea2c57dc21 is the fix for v3."""
    machine = ls1028a(ARM_SMMU_V3_6_1_0, smmu=SMMU3)
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("walk-done")
    machine.task_dma_map("eth0")
    assert one(machine, HarmKind.OOPS).where == "iommu_get_dma_domain"


def kdump(
    smmu_hooks: Hooks, features: frozenset[str], smmu: SmmuConfig = SMMU2, iova: int = 0x9000_0000
) -> Machine:
    drivers = {smmu.driver: smmu_hooks, "some-dma": MASTER}
    prod = kernel("prod", features, drivers, release="5.10.19")
    dump = kernel("dump", features, {smmu.driver: smmu_hooks}, release="5.10.19", kdump=True)
    device = replace(PLATFORM, smmu=smmu.name, iova=Range(iova, 0x1000))
    machine = up(Machine(dma_machine(prod, dump, devices=(device,), smmu=smmu)))
    machine.crash("dump")
    return machine


def test_kdump_fault_storm() -> None:
    """Thread 000: the new kernel enables fault interrupts under a master that nobody stopped
    (arm_smmu_device_reset).
    """
    machine = kdump(ARM_SMMU_5_10, V5_10)
    machine.run_on()
    harm = one(machine, HarmKind.STORM)
    blocked = "arm-smmu 5000000.iommu: Blocked unknown Stream ID 0x2000; "
    blocked += 'boot with "arm-smmu.disable_bypass=0" to allow, but this may have security implications'
    assert blocked in harm.log
    registers = "GFSR 0x00000002, GFSYNR0 0x00000002, GFSYNR1 0x00002000, GFSYNR2 0x00000000"
    assert f"arm-smmu 5000000.iommu: \t{registers}" in harm.log


def test_kdump_with_masked_interrupts_has_no_storm() -> None:
    """The thread's prototype: GFIE and GCFGFIE stay off in a kdump kernel."""
    machine = kdump(ARM_SMMU_5_10, V5_10 | {"smmu2-kdump-masks-fault-irqs"})
    machine.run_on()
    assert machine.harms == ()


def test_kdump_on_smmu_v3_has_no_storm() -> None:
    """3f54c447df34: the event queue stays off."""
    machine = kdump(ARM_SMMU_V3, frozenset({"smmu3-unattached-abort", "smmu3-kdump-evtq-off"}), SMMU3)
    machine.run_on()
    assert machine.harms == ()
    assert "arm-smmu-v3 smmu3: SMMU currently enabled! Resetting..." in machine.log
    assert machine.state.smmus["smmu3"].gbpa_abort


def test_kdump_on_smmu_v3_before_that_stormed() -> None:
    """Sinan Kaya's report: a stream without a second-level table records C_BAD_STREAMID."""
    machine = kdump(ARM_SMMU_V3, frozenset({"smmu3-unattached-abort"}), SMMU3)
    machine.run_on()
    assert "arm-smmu-v3 smmu3: event 0x02 received:" in one(machine, HarmKind.STORM).log


def test_an_abort_entry_records_no_event() -> None:
    """A linear table's initial STE is Config=Abort, which terminates silently (IHI 0070, STE.Config
    0b000).
    """
    machine = kdump(
        ARM_SMMU_V3,
        frozenset({"smmu3-unattached-abort"}),
        SmmuConfig("smmu3", "arm-smmu-v3", 3, two_level_table=False),
    )
    machine.run_on()
    assert machine.harms == ()


def test_smmu_v3_probe_fails_in_an_old_kdump_kernel() -> None:
    """b63b3439b856: -EBUSY, and everything behind it is dead."""
    machine = kdump(ARM_SMMU_V3, frozenset({"smmu3-unattached-abort", "smmu3-kdump-fails-probe"}), SMMU3)
    machine.run_until("up")
    assert "arm-smmu-v3: probe of smmu3 failed with error -16" in machine.log
    assert machine.transact("dma0").detail["how"] == "gbpa"


@pytest.mark.parametrize(("iova", "expected"), [(CRASH.start + 0x80_0000, True), (0x9000_0000, False)])
def test_kdump_bypass_window(iova: int, expected: bool) -> None:
    """v6.0 and later: CLIENTPD is set for a moment at probe; an I/O address that aliases crashkernel is
    hit.
    """
    machine = kdump(ARM_SMMU_6_1, V6_12, iova=iova)
    assert machine.run_until("smmu_bypass_window").operation == "smmu_bypass_window"
    machine.run_on(1)
    assert (HarmKind.CORRUPTION in kinds(machine)) is expected


MODES = {
    "v2-bypass": (SMMU2, ARM_SMMU_6_1),
    "v2-abort": (SMMU2, Hooks(ARM_SMMU_6_1.probe, ops("smmu_abort"))),
    "v2-leave": (SMMU2, Hooks(ARM_SMMU_6_1.probe)),
    "v3-gbpa-bypass": (SMMU3, ARM_SMMU_V3),
    "v3-gbpa-abort": (SMMU3, Hooks(ARM_SMMU_V3.probe, ops("smmu3_gbpa_set_abort", "smmu3_cr0_clear"))),
    "v3-adopt": (SMMU3, Hooks(ops("smmu3_enable"))),
}


def handoff(mode: str, to: str, running: bool) -> set[tuple[HarmKind, str]]:
    """Codes of one cell of thread 004's table: kinds of harm, and where."""
    smmu, hooks = MODES[mode]
    features = V6_12 | ({"smmu3-kexec-adopt", "smmu3-kdump-adopt"} if mode == "v3-adopt" else set())
    drivers = {smmu.driver: hooks, "some-dma": MASTER if running else MASTER_STOPS}
    prod = kernel("prod", features, drivers)
    dump = kernel("dump", features, {smmu.driver: hooks, "some-dma": MASTER}, kdump=True)
    bare = kernel("unaware", frozenset(), {}, linux=False, smmu_aware=False)
    device = replace(PLATFORM, smmu=smmu.name)
    machine = up(Machine(dma_machine(prod, dump, bare, devices=(device,), smmu=smmu)))
    if to == "kdump":
        if not running:
            machine.state.devices["dma0"].engine = False
        machine.crash("dump")
    else:
        machine.begin("kexec", {"linux": "prod", "unaware": "unaware"}[to], "stopped")
        machine.run_until("jump")
    if to == "unaware":
        machine.run_on()
        machine.payload_uses("dma0")
    machine.run_on()
    return {(harm.kind, harm.where) for harm in machine.harms}


CORRUPTED = (HarmKind.CORRUPTION, "dma0")
STORMED = (HarmKind.STORM, "dma0")
ABORTED = (HarmKind.REFUSED, "transaction-aborted")
WALKED = (HarmKind.CORRUPTION, "table-walk")

CELLS = {
    ("v2-bypass", "linux", True): {CORRUPTED, STORMED},
    ("v2-bypass", "linux", False): set(),
    ("v2-bypass", "unaware", True): {CORRUPTED},
    ("v2-bypass", "unaware", False): set(),
    ("v2-bypass", "kdump", True): {STORMED},
    ("v2-bypass", "kdump", False): set(),
    ("v2-abort", "linux", True): {CORRUPTED, STORMED},  # the next probe's bypass window
    ("v2-abort", "linux", False): set(),
    ("v2-abort", "unaware", True): {ABORTED},
    ("v2-abort", "unaware", False): {ABORTED},
    ("v2-abort", "kdump", True): {STORMED},
    ("v2-leave", "unaware", False): {ABORTED},
    ("v2-leave", "linux", False): set(),
    ("v2-leave", "kdump", True): {STORMED},
    ("v3-gbpa-bypass", "linux", False): set(),
    ("v3-gbpa-bypass", "unaware", True): {CORRUPTED},
    ("v3-gbpa-bypass", "kdump", True): set(),
    ("v3-gbpa-abort", "linux", False): set(),
    ("v3-gbpa-abort", "linux", True): {STORMED},
    ("v3-gbpa-abort", "unaware", True): {ABORTED},
    ("v3-gbpa-abort", "unaware", False): {ABORTED},
    ("v3-gbpa-abort", "kdump", True): set(),
    ("v3-adopt", "linux", False): set(),
    ("v3-adopt", "kdump", True): set(),
    ("v3-adopt", "kdump", False): set(),
}


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "-".join(map(str, cell)))
def test_smmu_shutdown_modes(cell: tuple[str, str, bool]) -> None:
    """Thread 004: what each way of leaving the SMMU does to whom."""
    assert handoff(*cell) == CELLS[cell]


def test_leaving_translation_on_lets_a_dead_table_be_walked() -> None:
    """Why the shutdown hook exists: the successor's memory holds tables that are still walked."""
    assert WALKED in handoff("v2-leave", "unaware", True) | handoff("v2-leave", "linux", True)


def test_bus_mastering_is_cleared_on_kexec_only() -> None:
    """pci_device_shutdown@6.12.117: `if (kexec_in_progress && ...) pci_clear_master()`."""
    for edge, expected in (("kexec", False), ("reboot-force", True)):
        machine = ls1028a(ARM_SMMU_6_1)
        machine.begin(edge, "prod", "running")
        machine.run_until("walk-done")
        assert machine.state.devices["eth0"].on is expected
    assert machine.advance().operation == "reset"
    assert not machine.state.devices["eth0"].on


def test_qualcomm_keeps_valid_stream_entries_as_bypass() -> None:
    """qcom_smmu_cfg_probe@6.12.117 reads the entries back, and shutdown never cleared them."""
    smmu = SmmuConfig("5000000.iommu", "arm-smmu", 2, qcom=True)
    prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "some-dma": MASTER})
    machine = up(Machine(dma_machine(prod, devices=(PLATFORM,), smmu=smmu)))
    machine.begin("kexec", "prod", "stopped")
    machine.run_until("smmu_reset")
    assert machine.transact("dma0").detail["how"] == "bypass"


def test_a_platform_master_without_shutdown_writes_into_the_next_kernel() -> None:
    """platform_shutdown does nothing for it; the image that was staged for the next kernel is hit."""
    prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "some-dma": MASTER})
    machine = up(Machine(dma_machine(prod, devices=(PLATFORM,))))
    machine.stage("prod", 0x90000)
    machine.begin("kexec", "prod", "stopped")
    machine.run_until("jump")
    event = machine.transact("dma0")
    assert event.detail["victim"] == "image:prod"
    assert one(machine, HarmKind.CORRUPTION).detail["owner"] == machine.generation


def test_msi_in_bypass_lands_at_its_io_address() -> None:
    """With translation off, the doorbell write goes to the physical address that its I/O address is."""
    device = DeviceConfig("msi0", "some-dma", smmu="5000000.iommu", streams=(7,), dma="msi")
    prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "some-dma": MASTER})
    machine = up(Machine(dma_machine(prod, devices=(device,))))
    assert machine.transact("msi0").detail["page"] == 0x6020
    machine.begin("reboot-force", "prod", "running")
    machine.run_until("walk-done")
    machine.transact("msi0")
    assert one(machine, HarmKind.CORRUPTION).detail["victim"] == "MMIO"


def test_fatal_aborts() -> None:
    """Where the platform says that an abort is fatal, the kdump kernel dies of the first one."""
    machine = kdump(ARM_SMMU_V3, V6_12, replace(SMMU3, abort_is_fatal=True))
    machine.run_on()
    assert one(machine, HarmKind.REFUSED).where == "abort-is-fatal"
    assert machine.advance().outcome is Outcome.DEAD


def test_shutdown_order_can_be_chosen() -> None:
    """What is not named comes behind, in reverse registration order."""
    machine = ls1028a(ARM_SMMU_6_1)
    machine.begin("reboot", "prod", "stopped")
    machine.choose_shutdown_order(("5000000.iommu",))
    machine.run_until("shutdown")
    assert machine.state.smmus["5000000.iommu"].clientpd
    assert machine.run_until("shutdown").actor == "eth0"


def test_the_message_before_bypass_was_disabled_by_default() -> None:
    """arm_smmu_global_fault@6.12.117 names the stream only with CONFIG_ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT."""
    machine = kdump(ARM_SMMU_5_10, V5_10 - {"smmu2-disable-bypass-default"})
    machine.run_on()
    assert (
        "arm-smmu 5000000.iommu: Unexpected global fault, this could be serious"
        in one(machine, HarmKind.STORM).log
    )


def test_a_ring_that_runs_out_is_no_storm() -> None:
    """A bounded number of blocked transactions ends by itself; a firmware-owned master's does not."""
    for dma, expected in (
        ("one-shot", set()),
        ("periodic-read", {HarmKind.STORM}),
        ("firmware", {HarmKind.STORM}),
    ):
        drivers = {"arm-smmu": ARM_SMMU_5_10, "some-dma": MASTER}
        prod = kernel("prod", V5_10, drivers)
        dump = kernel("dump", V5_10, {"arm-smmu": ARM_SMMU_5_10}, kdump=True)
        device = replace(PLATFORM, dma=dma, recurrent=False, posted=3)
        machine = up(Machine(dma_machine(prod, dump, devices=(device,))))
        machine.crash("dump")
        machine.run_on()
        assert kinds(machine) == expected


def test_an_interface_that_user_space_opens_later() -> None:
    """A driver whose engine starts with the first open; until then it is no master that is on."""
    eth0 = replace(ENETC, starts_at_probe=False)
    prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "fsl_enetc": MASTER})
    machine = up(Machine(dma_machine(prod, devices=(eth0,))))
    assert not machine.state.devices["eth0"].on
    machine.task_dma_start("eth0")
    assert machine.packet("eth0").detail["how"] == "translated"
