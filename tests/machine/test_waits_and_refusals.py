"""Calls that wait, are refused or end: who goes on, what is given back, and what the log says of it."""

from __future__ import annotations

import pytest
from small_machines import (
    BNXT,
    CLOSE,
    MEMORY,
    OPEN,
    OPTEE_5_14,
    OPTEE_NEVER_DRAINS,
    V5_10,
    V5_14,
    V6_12,
    buf,
    client,
    kernel,
    ops,
    tee_machine,
)

from kexecspec.machine import DeviceConfig, HarmKind, Hooks, Machine, MachineConfig, Operation, Outcome, SecureConfig
from kexecspec.machine.heap import cost, mobj_cost
from kexecspec.machine.objects import ITEM_NOT_FOUND, SUCCESS, ThreadState
from kexecspec.machine.tee_shm import EINVAL, ENOMEM

SESSION_ONLY = Hooks(ops(*OPEN))
KILLABLE = "optee-supplicant-killable"


def running(features: frozenset[str], optee: Hooks, bnxt: Hooks | None = SESSION_ONLY, **secure: object) -> Machine:
    drivers = {"optee": optee, **({"tee_bnxt_fw": bnxt} if bnxt else {})}
    machine = Machine(tee_machine(kernel("prod", features, drivers), devices=(BNXT,) if bnxt else (), **secure))
    machine.power_on("prod")
    assert machine.run_until("up").operation == "up", machine.log
    return machine


def states(machine: Machine) -> list[ThreadState]:
    return [thread.state for thread in machine.state.secure.threads]


# Before the first kernel.


def test_before_the_power_is_on_there_is_no_kernel_to_ask() -> None:
    state = Machine(tee_machine(kernel("prod", V5_10, {}))).state
    for asked in (state.running, state.pages, state.tee_driver, state.iommu_core):
        with pytest.raises(ValueError, match="no kernel runs"):
            asked()


# Who waits.


def test_who_waits_does_nothing_else_meanwhile() -> None:
    machine = running(V5_10, OPTEE_NEVER_DRAINS)
    machine.call_enters()
    taken = machine.takes_lock(0)
    assert (taken.outcome, taken.detail["errno"]) == (Outcome.OK, 0)
    machine.call_enters("bnxt-fw")
    with pytest.raises(ValueError, match="bnxt-fw still waits in call-enters"):
        machine.call_returns(1)
    machine.drops_lock(0)
    assert machine.blocked == () and machine.call_returns(1).outcome is Outcome.OK
    assert states(machine) == [ThreadState.ACTIVE, ThreadState.FREE]


@pytest.mark.parametrize("features", [V5_14, V5_14 | {KILLABLE}])
def test_who_is_killed_gives_up_on_the_supplicant_where_the_wait_is_killable_and_nobody_else_does(
    features: frozenset[str],
) -> None:
    """70b0d6b0a199: optee_supp_thrd_req ends on a fatal signal, which a driver's thread never gets."""
    machine = running(features, OPTEE_5_14)
    machine.call_enters()
    machine.call_enters("bnxt-fw")
    for thread in (0, 1):
        machine.call_rpc(thread, to_supplicant=True)
    machine.supplicant_dies()
    assert [machine.call_returns(thread).outcome for thread in (0, 1)] == [Outcome.WAITING] * 2

    machine.begin("kexec", "prod", "stopped")

    waiting = [owner for owner, doing, why in machine.blocked if (doing, why) == ("call-returns", "supplicant")]
    assert waiting == (["bnxt-fw"] if KILLABLE in features else ["user", "bnxt-fw"])
    freed = ThreadState.FREE if KILLABLE in features else ThreadState.SUSPENDED
    assert states(machine) == [freed, ThreadState.SUSPENDED]


def test_as_the_world_goes_on_calls_end_and_who_asked_a_dead_supplicant_does_not() -> None:
    machine = running(V5_10, OPTEE_NEVER_DRAINS)
    machine.call_enters()
    machine.call_rpc(0)
    machine.call_enters("bnxt-fw")
    machine.supplicant_dies()
    assert machine.run_on() == ()
    assert states(machine) == [ThreadState.SUSPENDED, ThreadState.FREE]


def test_the_world_goes_on_for_as_many_rounds_as_it_is_told() -> None:
    hooks = Hooks(ops(*["tee_client_open_context"] * 9))
    drivers = {"optee": OPTEE_NEVER_DRAINS, "tee_bnxt_fw": hooks}
    machine = Machine(tee_machine(kernel("prod", V5_10, drivers), devices=(BNXT,)))
    machine.power_on("prod")
    machine.run_until("tee_client_open_context")
    machine.run_on(5)
    rest = 0
    while machine.advance().operation == "tee_client_open_context":
        rest += 1
    assert rest == 9 - 1 - 5


def test_a_hung_task_says_whether_it_hung_inside_an_rpc() -> None:
    """optee_handle_rpc calls optee_shm_register, which needs a second thread; a plain call does not get so far."""
    features = V5_10 | {"tee-kernel-buf", "tee-shm-priv", "tee-shm-priv-accepted"}
    nested = running(features, OPTEE_NEVER_DRAINS, threads=1)
    nested.call_enters()
    nested.call_rpc(0)
    plain = running(V5_10, Hooks(ops("enumerate_devices")), None, lists_devices=False)
    plain.call_enters()
    plain.takes_lock(0)
    plain.crash("prod")
    plain.run_until("up")
    plain.call_enters()
    for machine, inside in ((nested, True), (plain, False)):
        (harm,) = machine.run_on()
        assert (harm.kind, harm.where, harm.detail["nested"]) == (HarmKind.HANG, "call", inside)
        assert (" optee_shm_register" in harm.log) is inside


# What is refused.


def test_a_call_whose_buffer_finds_no_address_space_is_an_exhaustion() -> None:
    """mobj_reg_shm_inc_map has no room in the 32 MiB window: TEE_ERROR_OUT_OF_MEMORY."""
    machine = running(V5_10, OPTEE_NEVER_DRAINS, client(buf("tee_shm_alloc"), False))
    machine.state.secure.va.size = 4096
    assert machine.call_enters("bnxt-fw").detail["errno"] == ENOMEM
    (harm,) = machine.harms
    assert (harm.kind, harm.where, harm.detail["refusal"]) == (HarmKind.EXHAUSTION, "call", "address space")
    assert harm.detail["by_residue"] is False


def test_a_call_whose_arguments_are_refused_comes_back_with_an_error_and_holds_nothing() -> None:
    machine = running(V5_10, OPTEE_NEVER_DRAINS)
    secure, extents = machine.state.secure, len(machine.state.memory.extents)
    secure.heap.size = secure.heap.used
    assert machine.call_enters("bnxt-fw").detail["errno"] == EINVAL
    assert (machine.tasks.all, len(machine.state.memory.extents)) == ([], extents)
    assert states(machine) == [ThreadState.FREE] * 2


def test_user_space_that_asks_for_more_memory_than_there_is_gets_none() -> None:
    machine = running(V5_10, OPTEE_NEVER_DRAINS)
    used, extents = machine.state.secure.heap.used, len(machine.state.memory.extents)
    event = machine.user_registers(1 << 30)
    assert (event.outcome, event.detail["errno"]) == (Outcome.FAILED, ENOMEM)
    assert (machine.state.secure.heap.used, len(machine.state.memory.extents)) == (used, extents)
    assert machine.tasks.all == [] and machine.harms == ()


@pytest.mark.parametrize("size", ["4KiB", "4MiB"])
def test_what_a_refused_registration_says_that_it_needs_is_what_suffices(size: str) -> None:
    """The call's arguments, the array of page addresses and the object are held at once (msg_param.c@3.13.0)."""
    asked = Hooks(ops(*OPEN), runtime=(buf("tee_shm_alloc_kernel_buf", size),))
    machine = running(V6_12, OPTEE_NEVER_DRAINS, asked, heap_size=1 << 20)
    secure = machine.state.secure
    secure.heap.size = secure.heap.used + cost(72 + 8)
    assert machine.asks("bnxt-fw").outcome is Outcome.FAILED
    harm = machine.harms[-1]
    assert (harm.kind, harm.where, harm.detail["refusal"]) == (HarmKind.EXHAUSTION, "bnxt-fw", "heap")
    needed = harm.detail["needed"]
    assert isinstance(needed, int)
    for free, wanted in ((needed - 1, Outcome.FAILED), (needed, Outcome.OK)):
        secure.heap.size = secure.heap.used + free
        assert machine.asks("bnxt-fw").outcome is wanted, free


def test_only_what_dead_kernels_hold_is_residue() -> None:
    machine = running(V5_10, OPTEE_NEVER_DRAINS, client(buf("tee_shm_alloc"), False))
    assert machine.state.tee_driver().residue_bytes() == 0
    machine.crash("prod")
    held = mobj_cost(1) + machine.state.secure.config.session_bytes
    assert machine.state.tee_driver().residue_bytes() == held


# What ends, and what is given back.

ALL_BACK = client(buf("tee_shm_alloc_kernel_buf"), True)


@pytest.mark.parametrize(("features", "rpc_arg"), [(V5_14, False), (V6_12, True)])
def test_on_a_clean_way_out_no_operation_fails(features: frozenset[str], rpc_arg: bool) -> None:
    machine = running(features, OPTEE_5_14, ALL_BACK, rpc_arg=rpc_arg)
    machine.begin("kexec", "prod", "stopped")
    done = []
    while (event := machine.advance()).operation != "walk-done":
        done.append((event.operation, event.outcome))
    names = ["tee_shm_free", *CLOSE, "shutdown", "disable_shm_cache", "shutdown"]
    assert done == [(name, Outcome.OK) for name in names]


def test_a_driver_without_rpc_arg_has_no_argument_page_to_begin_with() -> None:
    first = Operation("tee_shm_alloc_kernel_buf", {"buffer": "args"})
    optee = Hooks((first, *OPTEE_NEVER_DRAINS.probe))
    for rpc_arg, pages in ((False, 0), (True, 1)):
        machine = running(V6_12, optee, None, rpc_arg=rpc_arg)
        assert machine.bound == ("tee",)
        assert len(machine.state.tee_driver().buffers.arguments) == pages


def test_a_release_travels_in_a_page_of_its_own_however_full_the_shared_ones_are() -> None:
    """optee_shm_unregister@6.12 takes tee_shm_alloc_priv_buf for its argument."""
    machine = running(V6_12, OPTEE_NEVER_DRAINS, ALL_BACK, rpc_arg=True, threads=12)
    for _ in range(10):
        machine.call_enters()
    machine.begin("kexec", "prod")
    machine.run_until("tee_shm_free")
    assert [page.used for page in machine.state.tee_driver().buffers.arguments] == [10]
    assert [one.client for one in machine.state.secure.registrations] == ["optee-arg-cache"]


def test_amd_tee_opens_and_closes_sessions_without_any_secure_thread() -> None:
    """drivers/tee/amdtee/call.c hands commands to the PSP's ring; there are no threads to wait for."""
    drivers = {"amdtee": Hooks(), "tee_bnxt_fw": Hooks(ops(*OPEN), ops(*CLOSE))}
    config = tee_machine(
        kernel("prod", V6_12, drivers), devices=(BNXT,), kind="amdtee", driver="amdtee", threads=0
    )
    machine = Machine(config)
    machine.power_on("prod")
    machine.run_until("up")
    assert machine.bound == ("tee", "bnxt-fw")
    assert [one.client for one in machine.state.secure.sessions] == ["bnxt-fw"]
    machine.begin("kexec", "prod")
    machine.run_until("walk-done")
    assert machine.state.secure.sessions == [] and machine.harms == ()


def test_a_session_is_closed_by_who_opened_it_and_once() -> None:
    """tee_ta_close_session@3.13.0: TEE_ERROR_ITEM_NOT_FOUND where there is none, and nobody else's goes."""
    secure = running(V5_10, OPTEE_NEVER_DRAINS, None).state.secure
    used = secure.heap.used
    for opener in ("a", "b"):
        secure.open_session("bnxt", 1, opener)
    said = [secure.close_session("bnxt", *whose) for whose in ((2, "a"), (1, "c"), (1, "a"), (1, "a"))]
    assert said == [ITEM_NOT_FOUND, ITEM_NOT_FOUND, SUCCESS, ITEM_NOT_FOUND]
    assert [one.client for one in secure.sessions] == ["b"]
    assert secure.heap.used == used + secure.config.session_bytes


@pytest.mark.parametrize("used", [False, True])
def test_a_share_that_is_not_given_back_is_told(used: bool) -> None:
    """optee_ffa_shm_unregister prints both codes, and nothing where it went well."""
    core = DeviceConfig("ffa", "arm_ffa", bus="ffa", provides=("ffa",))
    drivers = {
        "arm_ffa": Hooks(ops("ffa_rxtx_map")), "optee-ffa": Hooks(ops("enumerate_devices")), "tee_bnxt_fw": ALL_BACK,
    }  # fmt: skip
    secure = SecureConfig(abi="ffa", driver="optee-ffa", needs=("ffa",))
    machine = Machine(MachineConfig((kernel("prod", V6_12, drivers),), MEMORY, secure, (), (core, BNXT)))
    machine.power_on("prod")
    machine.run_until("up")
    if used:
        machine.call_enters("bnxt-fw")
    machine.begin("kexec", "prod")
    machine.run_until("walk-done")
    told = [line for line in machine.log if "Unregister SHM id" in line or "mem_reclaim" in line]
    assert len(told) == (2 if used else 0)
    assert ("bnxt-fw" in [share.client for share in machine.state.ffa.handles]) is used


def test_the_last_reference_to_a_killed_clients_context_closes_its_sessions_and_no_others() -> None:
    """teedev_close_context: the cached argument page held the context until the drain at shutdown."""
    optee = Hooks(OPTEE_NEVER_DRAINS.probe, ops("disable_shm_cache"))
    machine = running(V5_10, optee)
    machine.call_enters()
    machine.call_rpc(0, to_supplicant=False)
    machine.call_returns(0)
    machine.user_opens("bnxt")
    machine.begin("kexec", "prod", "stopped")
    assert sorted(one.client for one in machine.state.secure.sessions) == ["bnxt-fw", "user"]
    machine.run_until("walk-done")
    assert [one.client for one in machine.state.secure.sessions] == ["bnxt-fw"]
