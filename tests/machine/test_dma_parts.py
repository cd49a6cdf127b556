"""Devices, pages, resets and choices by themselves: each does what its sources say, no more and no less."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_machines import (
    ARM_SMMU_6_1,
    ARM_SMMU_6_1_0,
    ARM_SMMU_V3,
    BNXT,
    CRASH,
    MASTER,
    MEMORY,
    OPTEE_NEVER_DRAINS,
    RAM,
    SMMU2,
    SMMU3,
    V5_10,
    V6_12,
    buf,
    client,
    dma_machine,
    kernel,
    ops,
    tee_machine,
)

from kexecspec.machine import (
    DeviceConfig,
    HarmKind,
    Hooks,
    Machine,
    MachineConfig,
    MemoryMap,
    Outcome,
    Range,
    SecureConfig,
)
from kexecspec.machine.devices import Device, bus_shutdown, target
from kexecspec.machine.memory import (
    SLICES,
    Extent,
    PageAllocator,
    PhysicalMemory,
    pages_of,
    slice_of,
    usable_pages,
)
from kexecspec.machine.smmu import Entry, SmmuV2, SmmuV3, new_smmu

RING = DeviceConfig("eth", "nic", bus="pci", smmu=SMMU2.name, streams=(3,), dma="ring", posted=2)
PCI = ("", "pci-clear-master-always", "pci-clear-master-on-kexec", "pci-port-shutdown")
PLATFORM = replace(RING, name="dma", bus="platform", streams=(4,))


def running(*devices: DeviceConfig, features: frozenset[str] = V6_12, hooks: Hooks = MASTER) -> Machine:
    prod = kernel("prod", features, {"arm-smmu": ARM_SMMU_6_1, "nic": hooks})
    machine = Machine(dma_machine(prod, devices=devices))
    machine.power_on("prod")
    assert machine.run_until("up").operation == "up"
    return machine


# Pages.


def test_an_extent_holds_its_pages_and_meets_what_shares_one() -> None:
    extent = Extent(10, 3, 1, "x")
    assert [page for page in range(8, 16) if extent.holds(page)] == [10, 11, 12]
    assert [start for start in range(5, 16) if extent.meets(start, 2)] == [9, 10, 11, 12]


def test_pages_of_a_range_are_all_that_it_touches() -> None:
    assert pages_of(Range(0x1000, 0x1000)) == (1, 1)
    assert pages_of(Range(0x1800, 0x1000)) == (1, 2)
    assert pages_of(Range(0x1000, 1)) == (1, 1)


def test_ram_ends_where_it_ends_and_reserved_ram_is_no_kernels() -> None:
    memory = PhysicalMemory(MemoryMap(ram=(Range(0x2000, 0x3000),), reserved=(Range(0x3000, 0x1000),)))
    assert [page for page in range(8) if memory.is_ram(page)] == [2, 3, 4]
    assert [page for page in range(8) if memory.is_ram_of_kernels(page)] == [2, 4]


def test_releasing_twice_takes_nobody_elses_pages() -> None:
    memory = PhysicalMemory(MEMORY)
    mine, other = memory.take(1, 2, 1, "mine"), memory.take(5, 2, 1, "other")
    memory.release(mine)
    memory.release(mine)
    assert memory.extents == [other]
    assert memory.own(1) == (other,)
    assert memory.own(2) == ()


def test_tearing_leaves_the_rest_to_its_owner() -> None:
    memory = PhysicalMemory(MEMORY)
    memory.take(10, 4, 7, "victim")
    memory.take(20, 4, 7, "far")
    assert memory.tear(9, 2)[0].purpose == "victim"
    left = {(one.start, one.count, one.generation, one.purpose) for one in memory.extents}
    assert left == {(11, 3, 7, "victim"), (20, 4, 7, "far")}
    assert memory.tear(13, 1) and memory.tear(14, 6) == ()


def test_the_allocator_reuses_what_was_given_back_last_and_starts_over_at_the_end() -> None:
    memory = PhysicalMemory(MemoryMap(ram=(Range(0, 0x8000),)))
    pages = PageAllocator(memory, 1, ((0, 8),))
    first, second = pages.alloc(3, "a"), pages.alloc(3, "b")
    assert first and second and (first.start, second.start) == (0, 3)
    pages.free(first)
    assert pages.cursor == 6, "only the last one given out is given out again first"
    pages.free(second)
    assert pages.cursor == 3
    again = pages.alloc(5, "c")
    assert again and again.start == 3
    over = pages.alloc(3, "d")
    assert over and over.start == 0
    assert pages.alloc(1, "e") is None
    assert not pages.may_use(8) and pages.may_use(7)
    assert not pages.is_free(6, 3) and not pages.is_free(0, 1)


def test_what_is_spoken_for_is_cut_out_of_ram() -> None:
    def usable(start: int, size: int) -> tuple[tuple[int, int], ...]:
        spoken = (Range(start * 4096, size * 4096),)
        return usable_pages(MemoryMap(ram=(Range(0x10000, 0x10000),), reserved=spoken), crash=False)

    assert usable(0, 16) == ((16, 16),)
    assert usable(32, 4) == ((16, 16),)
    assert usable(8, 9) == ((17, 15),)
    assert usable(31, 4) == ((16, 15),)
    assert usable(20, 2) == ((16, 4), (22, 10))
    assert usable(16, 16) == ()


def test_crash_kernels_one_after_the_other_live_in_slices() -> None:
    whole = ((100, 80), (200, 16))
    slices = [slice_of(whole, number) for number in range(SLICES)]
    assert slices[0] == ((100, 10), (200, 2)) and slices[7] == ((170, 10), (214, 2))
    assert slice_of(whole, SLICES) == slices[0]


def test_the_second_crash_kernel_uses_another_part_of_the_reservation_than_the_first() -> None:
    machine = running(RING)
    machine.crash("prod")
    whole = machine.state.pages().usable
    assert whole == (pages_of(CRASH),)
    machine.crash("prod")
    assert machine.state.pages().usable == slice_of(whole, 1)
    machine.run_until("up")
    machine.begin("kexec", "prod")
    machine.run_until("jump")
    assert machine.state.pages().may_use(pages_of(RAM)[0])


def test_where_a_nested_crash_kernel_may_lie_is_its_own_and_nobody_has_put_anything_there() -> None:
    nested = Range(CRASH.start, 0x2000)
    prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "nic": MASTER})
    config = dma_machine(prod, devices=(RING,))
    machine = Machine(replace(config, memory=replace(config.memory, nested=(nested,))))
    machine.power_on("prod")
    machine.run_until("up")
    first, count = pages_of(nested)
    for _ in range(3):
        machine.crash("prod")
        machine.run_until("up")
        pages = machine.state.pages()
        assert all(pages.may_use(first + number) for number in range(count))
        assert not any(extent.meets(first, count) for extent in machine.state.memory.extents)


# Devices.


def test_a_platforms_reset_makes_a_device_forget_everything() -> None:
    for dma, on in (("ring", False), ("firmware", True)):
        device = Device(replace(RING, dma=dma), True, True, False, 9, 4, True, [(1, Extent(1, 1, 1, "x"))])
        device.reset()
        assert device == Device(device.config, on, on, True, 0, 0, False, [])


@pytest.mark.parametrize(
    ("dma", "pending", "recurrent", "writes"),
    [
        ("ring", False, False, True),
        ("one-shot", False, False, True),
        ("periodic-write", True, True, True),
        ("periodic-read", True, True, False),
        ("firmware", True, True, True),
        ("msi", True, False, True),
        ("none", False, False, True),
    ],
)
def test_what_a_kind_of_master_does_by_itself(dma: str, pending: bool, recurrent: bool, writes: bool) -> None:
    device = Device(replace(RING, dma=dma, bus="platform"), engine=True)
    assert (device.pending, device.recurrent, device.writes) == (pending, recurrent, writes)
    assert device.on is (pending and dma != "none")
    device.posted = 1
    assert device.pending
    assert device.on is (dma != "none")
    assert Device(replace(RING, recurrent=True)).recurrent


def test_a_pci_device_needs_bus_mastering_everywhere_above_it_unless_the_fabric_ignores_it() -> None:
    def on(bus_master: bool, port_master: bool, gating: str = "honoured", bus: str = "pci") -> bool:
        return Device(replace(RING, bus_master=gating, bus=bus), True, bus_master, port_master, 1).on

    assert on(True, True)
    assert not on(False, True) and not on(True, False)
    assert on(False, True, "ignored") and not on(False, False, "ignored")
    assert on(False, False, bus="platform")


def test_a_driver_resets_maps_starts_stops_and_unmaps_its_device() -> None:
    hooks = Hooks(MASTER.probe, ops("dma_stop", "dma_unmap"))
    machine = running(RING, hooks=hooks)
    device, memory = machine.state.devices["eth"], machine.state.memory
    assert (device.engine, device.bus_master, device.port_master, device.posted) == (True, True, True, 2)
    assert device.generation == machine.generation == 1
    ((page, extent),) = device.mapped
    assert memory.owner(extent.start) is extent and target(machine.state, device) == page
    machine.begin("kexec", "prod")
    machine.run_until("walk-done")
    assert (device.engine, device.posted, device.mapped) == (False, 0, [])
    assert memory.owner(extent.start) is None, "the buffer's page is given back"
    machine.run_until("jump")
    device.engine, device.posted, device.mapped = True, 5, [(1, extent)]
    machine.run_until("dma_reset")
    assert (device.engine, device.posted, device.mapped) == (False, 0, [])


@pytest.mark.parametrize("edge", ["kexec", "reboot"])
@pytest.mark.parametrize("features", PCI)
@pytest.mark.parametrize("behind_port", [False, True])
def test_the_pci_core_clears_bus_mastering_where_told(edge: str, features: str, behind_port: bool) -> None:
    """pci_device_shutdown and pcie_portdrv_shutdown."""
    machine = running(replace(RING, behind_port=behind_port), features=frozenset({features}))
    device = machine.state.devices["eth"]
    clears = features == "pci-clear-master-always" or (features == "pci-clear-master-on-kexec" and edge == "kexec")
    port = behind_port and (clears or features == "pci-port-shutdown")

    quiet = bus_shutdown(machine.state, device, edge)

    assert device.bus_master is not clears
    assert device.port_master is not port
    assert quiet is (clears or port)
    assert device.engine, "the PCI core stops no engine"


@pytest.mark.parametrize("by", ["core", "bus", "child", "supplier", "shutdown", "nothing"])
def test_a_platform_device_is_stopped_by_what_stops_it(by: str) -> None:
    machine = running(replace(PLATFORM, quiesced_by=by))
    device = machine.state.devices["dma"]
    stopped = by not in ("shutdown", "nothing")

    assert bus_shutdown(machine.state, device, "kexec") is stopped
    assert device.engine is not stopped
    assert not bus_shutdown(machine.state, device, "kexec"), "it was quiet already, or nothing quiets it"


def test_a_ring_runs_dry_and_a_recurrent_one_does_not() -> None:
    machine = running(RING, replace(PLATFORM, recurrent=True))
    assert [machine.transact("eth").outcome for _ in range(3)] == [Outcome.OK, Outcome.OK, Outcome.FAILED]
    assert all(machine.transact("dma").outcome is Outcome.OK for _ in range(5))
    assert machine.harms == ()
    assert machine.transact("eth").detail == {"why": "off"}


def test_a_transaction_writes_the_buffer_that_it_was_given() -> None:
    machine = running(RING)
    event = machine.transact("eth")
    ((_, extent),) = machine.state.devices["eth"].mapped
    assert (event.detail["how"], event.detail["page"], event.detail["victim"]) == ("translated", extent.start, "")
    assert (extent.writer, extent.contents) == ("eth", "data of eth")


def test_msi_writes_go_to_the_doorbell_and_an_unmapped_device_to_its_window() -> None:
    machine = running(replace(PLATFORM, dma="msi"))
    assert machine.transact("dma").detail["page"] == 0x0602_0000 // 4096
    idle = Device(replace(RING, iova=Range(0x5000, 0x1000)))
    assert target(machine.state, idle) == 5
    assert target(machine.state, Device(RING)) == 0


def test_a_blocked_transfer_ends_and_is_held_against_the_kernel_that_asked_for_it() -> None:
    machine = running(replace(PLATFORM, dma="one-shot", posted=1))
    device, smmu = machine.state.devices["dma"], machine.state.smmus[SMMU2.name]
    smmu.streams.clear()
    assert machine.transact("dma").outcome is Outcome.FAILED
    assert device.posted == 0
    (harm,) = machine.harms
    assert (harm.kind, harm.where, harm.detail["how"]) == (HarmKind.REFUSED, "transaction-aborted", "unmatched")


def test_a_predecessors_blocked_transaction_is_nobodys_loss_unless_aborts_are_fatal() -> None:
    for fatal in (False, True):
        smmu = replace(SMMU2, abort_is_fatal=fatal)
        prod = kernel("prod", V6_12, {"arm-smmu": ARM_SMMU_6_1, "nic": MASTER})
        machine = Machine(dma_machine(prod, devices=(PLATFORM,), smmu=smmu))
        machine.power_on("prod")
        machine.run_until("up")
        machine.crash("prod")
        machine.run_until("smmu_reset")
        machine.transact("dma")
        assert [harm.where for harm in machine.harms] == (["abort-is-fatal"] if fatal else [])
        assert machine.state.dead is fatal


# Resets and handoffs.


def test_a_reset_clears_what_it_is_said_to_clear_and_nothing_else() -> None:
    from kexecspec.machine.handoff import reset

    for cleared in ("secure_world", "smmus", "devices"):
        machine = running(RING)
        state = machine.state
        state.secure.cache_enabled, state.ffa.rxtx_generation = True, 1
        smmu = state.smmus[SMMU2.name]
        assert isinstance(smmu, SmmuV2) and not smmu.clientpd
        reset(state, frozenset({cleared}))
        assert (not state.secure.cache_enabled) is (cleared == "secure_world")
        assert (state.ffa.rxtx_generation is None) is (cleared == "secure_world")
        assert smmu.clientpd is (cleared == "smmus")
        assert (state.devices["eth"].posted == 0) is (cleared == "devices")


def test_a_new_generation_starts_afresh() -> None:
    machine = running(RING)
    state = machine.state
    state.user_space = state.supplicant = False
    state.fail_next, state.next_cookie, state.rpc_at_open = "kernel", 7, True
    machine.crash("prod")
    assert (state.user_space, state.supplicant, state.fail_next, state.next_cookie) == (True, True, None, None)
    assert (state.rpc_at_open, state.staged, state.dead) == (False, None, False)
    assert (state.phase, state.window) == ("boot", "gap")
    assert (state.generation, state.entered_by, state.crashes) == (2, "crash", 1)
    assert not state.devices["eth"].bound and not state.smmus[SMMU2.name].bound
    assert state.log.mark == len(state.log.lines)
    machine.run_until("up")
    machine.begin("reboot", "prod")
    assert machine.run_until("reset").detail == {"to": "prod", "generation": 3}
    assert (state.entered_by, state.crashes) == ("reset", 0)


def test_an_image_is_staged_for_the_next_generation_in_place_of_the_one_before() -> None:
    machine = running(RING)
    first = machine.stage("prod").detail["page"]
    second = machine.stage("prod", page=pages_of(RAM)[0] + 0x1000).detail["page"]
    memory = machine.state.memory
    assert second == pages_of(RAM)[0] + 0x1000 != first
    assert [one.purpose for one in memory.own(2)] == ["image:prod"]
    assert machine.state.staged is not None and machine.state.staged.generation == 2
    machine.begin("kexec", "prod")
    machine.run_until("jump")
    assert memory.own(2)[0].start == second, "the image is the new kernel's own"
    assert memory.own(1) == ()


def test_a_handoff_goes_where_it_is_sent_and_only_once() -> None:
    machine = running(RING)
    with pytest.raises(ValueError, match="no edge"):
        machine.begin("hibernate", "prod")
    with pytest.raises(KeyError):
        machine.begin("kexec", "nobody")
    machine.begin("reboot", "prod")
    assert machine.state.staged is None, "a reboot stages no image"
    machine.run_until("shutdown")
    with pytest.raises(ValueError, match="on its way"):
        machine.begin("kexec", "prod")


def test_hooks_run_in_the_order_that_is_chosen_and_the_rest_behind_it() -> None:
    machine = running(RING, PLATFORM)
    machine.choose_shutdown_order(("eth", "nobody"))
    machine.begin("kexec", "prod")
    done = []
    while (event := machine.advance()).operation != "walk-done":
        done += [event.actor] if event.operation == "shutdown" else []
    assert done == ["eth", "dma", SMMU2.name]


def test_by_default_the_last_that_probed_goes_first_and_consumers_before_suppliers() -> None:
    devices = (RING, replace(PLATFORM, suppliers=("third",)), replace(PLATFORM, name="third", streams=(9,)))
    machine = running(*devices)
    assert machine.program.default_order() == ("dma", "third", "eth", SMMU2.name)
    machine = running(RING, replace(PLATFORM, suppliers=("eth",)))
    assert machine.program.default_order() == ("dma", "eth", SMMU2.name)


# SMMUs.


def test_smmus_out_of_reset_are_as_firmware_leaves_them() -> None:
    second, third = new_smmu(SMMU2), new_smmu(SMMU3)
    assert isinstance(second, SmmuV2) and isinstance(third, SmmuV3)
    assert (second.clientpd, second.usfcfg, second.gfie, second.bound) == (True, False, False, False)
    assert (third.smmuen, third.cmdqen, third.evtqen, third.gbpa_abort, third.unlisted) == (
        False, False, False, False, Entry.BYPASS,
    )  # fmt: skip
    for name in ("cmdqen", "evtqen", "bound"):
        setattr(third, name, True)
    third.queued, third.table_page, third.table_generation = 3, 5, 2
    third.reset()
    assert (third.cmdqen, third.evtqen, third.bound, third.queued, third.table_page) == (False, False, False, 0, None)
    assert third.table_generation == 0
    assert new_smmu(replace(SMMU2, reset_clientpd=False)).translates
    on = new_smmu(replace(SMMU3, reset_enabled=True, reset_gbpa_abort=True))
    assert isinstance(on, SmmuV3) and on.translates and on.gbpa_abort


def test_released_groups_lose_their_stream_entries_and_only_those_of_that_smmu() -> None:
    other = replace(SMMU3, name="other")
    drivers = {"arm-smmu": ARM_SMMU_6_1_0, "arm-smmu-v3": ARM_SMMU_V3, "nic": MASTER}
    prod = kernel("prod", V6_12, drivers)
    devices = (RING, replace(PLATFORM, smmu="other"))
    machine = Machine(MachineConfig((prod,), MEMORY, SecureConfig(kind="none"), (SMMU2, other), devices))
    machine.power_on("prod")
    machine.run_until("up")
    iommu = machine.state.iommu_core()
    iommu.unregister(machine.state.smmus[SMMU2.name])
    assert iommu.groups["eth"] is None and iommu.groups["dma"] is not None
    assert 3 not in machine.state.smmus[SMMU2.name].streams
    iommu.unregister(machine.state.smmus["other"])
    assert machine.state.smmus["other"].streams[4].entry is Entry.ABORT
    assert machine.task_dma_map("dma").outcome is Outcome.DEAD


@pytest.mark.parametrize("disable_bypass", [True, False])
@pytest.mark.parametrize(
    ("features", "wanted"),
    [
        ("", {True: Entry.BYPASS, False: Entry.BYPASS}),
        ("smmu3-unattached-abort", {True: Entry.ABORT, False: Entry.ABORT}),
        ("smmu3-unattached-abort smmu3-disable-bypass-param", {True: Entry.ABORT, False: Entry.BYPASS}),
    ],
)
def test_what_a_stream_meets_that_no_driver_attached(
    features: str, wanted: dict[bool, Entry], disable_bypass: bool
) -> None:
    """arm_smmu_init_bypass_stes, and the parameter that v6.9 took away."""
    has = frozenset(features.split())
    prod = kernel("prod", has, {"arm-smmu-v3": ARM_SMMU_V3}, disable_bypass=disable_bypass)
    linear = replace(SMMU3, two_level_table=False)
    machine = Machine(MachineConfig((prod,), MEMORY, SecureConfig(kind="none"), (linear,), ()))
    machine.power_on("prod")
    machine.run_until("up")
    smmu = machine.state.smmus[SMMU3.name]
    assert isinstance(smmu, SmmuV3) and smmu.unlisted is wanted[disable_bypass]


def test_a_kdump_kernel_of_4_19_aborts_everything_and_gives_up() -> None:
    """arm_smmu_device_reset@4.19: GBPA is set to abort, then -EBUSY."""
    hooks = Hooks(ops("smmu3_disable", "smmu3_enable"))
    has = frozenset({"smmu3-kdump-fails-probe"})
    kernels = (kernel("prod", has, {"arm-smmu-v3": hooks}), kernel("dump", has, {"arm-smmu-v3": hooks}, kdump=True))
    machine = Machine(MachineConfig(kernels, MEMORY, SecureConfig(kind="none"), (SMMU3,), ()))
    machine.power_on("prod")
    machine.run_until("up")
    machine.crash("dump")
    machine.run_until("up")
    smmu = machine.state.smmus[SMMU3.name]
    assert isinstance(smmu, SmmuV3)
    assert (smmu.gbpa_abort, smmu.smmuen, smmu.bound, machine.bound) == (True, False, False, ())


def test_a_device_is_logged_by_its_own_name_or_else_by_the_platforms() -> None:
    for named, line in (("0000:01:00.0", "nic 0000:01:00.0"), ("", "nic eth")):
        machine = running(replace(RING, dev_name=named))
        assert f"{line}: Adding to iommu group 0" in machine.log


# Choices.


def test_what_the_world_may_choose() -> None:
    never = Machine(tee_machine(kernel("prod", V5_10, {})))
    assert never.choices() == ()
    machine = running(RING)
    names = [("advance", ()), ("transact", ("eth",)), ("task_dma_map", ("eth",)), ("task_dma_unmap", ("eth",))]
    assert list(machine.choices()) == names
    machine.state.dead = True
    assert machine.choices() == ()


def test_what_the_world_may_choose_about_the_secure_world() -> None:
    drivers = {"optee": OPTEE_NEVER_DRAINS, "tee_bnxt_fw": client(buf("tee_shm_alloc"), False)}
    machine = Machine(tee_machine(kernel("prod", V5_10, drivers), devices=(BNXT,)))
    machine.power_on("prod")
    assert machine.choices() == (("advance", ()),)
    machine.run_until("up")
    calls = [("call_enters", ("bnxt-fw",)), ("call_enters", ("user",)), ("user_registers", (1,))]
    assert list(machine.choices()) == [("advance", ()), *calls, ("supplicant_dies", ())]
    machine.call_enters()
    active = [("call_rpc", (0,)), ("call_returns", (0,)), ("call_suspends", (0,)), ("takes_lock", (0,))]
    assert list(machine.choices())[-4:] == active
    machine.supplicant_dies()
    machine.call_suspends(0)
    assert list(machine.choices()) == [("advance", ()), *calls, *active[:2]]
    machine.state.user_space = False
    assert list(machine.choices()) == [("advance", ()), calls[0], *active[:2]]


def test_a_task_unmaps_what_is_not_posted() -> None:
    machine = running(RING)
    device = machine.state.devices["eth"]
    posted = device.mapped[0]
    extents = len(machine.state.memory.extents)
    for _ in range(2):
        assert machine.task_dma_unmap("eth").outcome is Outcome.OK
        assert device.mapped == [posted], "with one buffer another is mapped first, and given back"
        assert len(machine.state.memory.extents) == extents
    machine.task_dma_map("eth")
    assert len(device.mapped) == 2
    machine.task_dma_unmap("eth")
    assert device.mapped == [posted]
