"""The threads' TEE bugs run by hand on the machine: each ends in the reported harm and line, its fix in
none.
"""

from __future__ import annotations

import time

import pytest
from small_machines import (
    BNXT,
    BNXT_PTA,
    CLOSE,
    FTPM,
    FTPM_TA,
    OPEN,
    OPTEE_5_14,
    OPTEE_6_12,
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

from kexecspec.machine import DeviceConfig, HarmKind, Hooks, Machine, Operation, Outcome, Service

FOUR_MIB = buf("tee_shm_alloc", "4MiB")
FOUR_MIB_KERNEL = buf("tee_shm_alloc_kernel_buf", "4MiB")


def up(machine: Machine, name: str) -> Machine:
    machine.power_on(name)
    assert machine.run_until("up").operation == "up", machine.log
    return machine


def kexec(machine: Machine, to: str, user_space: str = "stopped") -> None:
    machine.begin("kexec", to, user_space)
    machine.run_until("jump")
    machine.run_until("up")


def kinds(machine: Machine) -> set[HarmKind]:
    return {harm.kind for harm in machine.harms}


def one(machine: Machine, kind: HarmKind):
    return next(harm for harm in machine.harms if harm.kind is kind)


def old_bnxt(shutdown: bool = False) -> Machine:
    drivers = {"optee": OPTEE_NEVER_DRAINS, "tee_bnxt_fw": client(FOUR_MIB, shutdown)}
    return up(
        Machine(tee_machine(kernel("prod", V5_10, drivers, release="5.10.19"), devices=(BNXT,))), "prod"
    )


@pytest.mark.parametrize("shutdown", [False, True])
def test_tee_bnxt_fails_on_the_fourth_kexec(shutdown: bool) -> None:
    """Thread 001: heap 65536, base use 20000; a shutdown hook that frees a dma-buf changes nothing.

    drivers/firmware/broadcom/tee_bnxt_fw.c, drivers/tee/tee_shm.c@5.10; mobj_dyn_shm.c@3.13.0
    """
    machine = old_bnxt(shutdown)
    for _ in range(3):
        kexec(machine, "prod")
        assert HarmKind.EXHAUSTION not in kinds(machine)
        assert "bnxt-fw" in machine.bound
    assert HarmKind.LEAK in kinds(machine)
    kexec(machine, "prod")
    harm = one(machine, HarmKind.EXHAUSTION)
    assert "tee_bnxt_fw: probe of optee-clnt0 failed with error -22" in harm.log
    assert "tee_bnxt_fw optee-clnt0: tee_shm_alloc failed" in machine.log
    assert harm.detail["refusal"] == "heap"
    assert machine.generation == 5


def test_tee_bnxt_fixed_any_number_of_times() -> None:
    """v5.14: the buffer is no dma-buf, and .shutdown frees it (dc7019b7d0e1, 914ab19e471d)."""
    drivers = {"optee": OPTEE_5_14, "tee_bnxt_fw": client(FOUR_MIB_KERNEL, True)}
    machine = up(
        Machine(tee_machine(kernel("prod", V5_14, drivers, release="5.14.0"), devices=(BNXT,))), "prod"
    )
    used = machine.state.secure.heap.used
    for _ in range(20):
        kexec(machine, "prod")
    assert machine.harms == ()
    assert machine.state.secure.heap.used == used


def test_kdump_oops_when_the_cache_is_drained_at_shutdown_only() -> None:
    """Thread 000: crash, kdump, reboot; the drain follows the dead kernel's pointers
    (drivers/tee/optee/call.c@5.10).
    """
    by_hand = Hooks(OPTEE_NEVER_DRAINS.probe, ops("disable_shm_cache"))
    prod = kernel("prod", V5_10, {"optee": by_hand})
    dump = kernel("dump", V5_10, {"optee": by_hand}, kdump=True)
    machine = up(Machine(tee_machine(prod, dump)), "prod")
    thread = machine.call_enters("user").detail["thread"]
    machine.call_rpc(thread, to_supplicant=False)
    machine.call_returns(thread)
    assert machine.state.secure.threads[0].rpc is not None
    machine.crash("dump")
    assert machine.run_until("up").operation == "up"
    machine.begin("reboot", "prod", "stopped")
    machine.run_on()
    harm = one(machine, HarmKind.OOPS)
    assert harm.where == "drain"
    assert harm.log[0].startswith("Unable to handle kernel paging request at virtual address ffff")
    assert "pc : tee_shm_free" in harm.log
    assert "lr : optee_disable_shm_cache" in harm.log
    assert machine.advance().outcome is Outcome.DEAD


def cached_then(dump_probe: Hooks, **dump: object) -> Machine:
    prod = kernel("prod", V5_10, {"optee": OPTEE_NEVER_DRAINS})
    crash = kernel("dump", V5_10, {"optee": dump_probe}, **dump)
    machine = up(Machine(tee_machine(prod, crash)), "prod")
    thread = machine.call_enters("user").detail["thread"]
    machine.call_rpc(thread)
    return machine


DRAINS_AT_PROBE = Hooks(
    ops("disable_unmapped_shm_cache", "enable_shm_cache", "enumerate_devices"), ops("disable_shm_cache")
)


def test_kdump_probe_hangs_on_a_suspended_thread() -> None:
    """Thread 000: one thread that is not free is enough (thread_disable_prealloc_rpc_cache@3.13.0)."""
    machine = cached_then(DRAINS_AT_PROBE, kdump=True)
    machine.crash("dump")
    machine.run_on()
    harm = one(machine, HarmKind.HANG)
    assert any("INFO: task swapper/0:1 blocked for more than 120 seconds." in line for line in harm.log)
    assert " optee_cq_wait_for_completion" in harm.log
    assert HarmKind.OOPS not in kinds(machine)


def test_kdump_that_drains_at_probe_does_not_oops() -> None:
    """With no call in flight the drain at probe ends and the reboot's drain finds nothing foreign."""
    machine = cached_then(DRAINS_AT_PROBE, kdump=True)
    machine.call_returns(0)
    machine.crash("dump")
    assert machine.run_until("up").operation == "up"
    machine.begin("reboot", "prod", "stopped")
    machine.run_on()
    assert machine.harms == ()


def test_kdump_that_refuses_optee_suffers_only_its_duties() -> None:
    """adf752af454e: the driver is not there; what needed it is missing."""
    machine = cached_then(OPTEE_5_14, kdump=True, duties=("ftpm",))
    machine.crash("dump")
    machine.run_on()
    assert kinds(machine) == {HarmKind.REFUSED}
    assert one(machine, HarmKind.REFUSED).where == "duty:ftpm"
    assert "tee" not in machine.bound


def test_foreign_cookie_in_an_rpc_oopses() -> None:
    """A kernel that never drains takes over the cache and is handed its predecessor's pointer (optee_os
    #1312).
    """
    machine = cached_then(OPTEE_NEVER_DRAINS)
    machine.call_returns(0)
    kexec(machine, "dump")
    thread = machine.call_enters("user").detail["thread"]
    event = machine.call_rpc(thread)
    assert event.outcome is Outcome.DEAD
    assert one(machine, HarmKind.OOPS).where == "rpc"


def test_rpc_into_a_dead_kernels_argument_page_corrupts_its_new_owner() -> None:
    """The secure world writes the RPC's arguments before it passes the cookie on (get_rpc_arg@3.13.0)."""
    machine = cached_then(OPTEE_NEVER_DRAINS)
    machine.call_returns(0)
    page = machine.state.secure.threads[0].rpc.pages[0][0]
    kexec(machine, "dump")
    machine.place_next_allocation(page)
    machine.user_registers(1)
    machine.call_rpc(machine.call_enters("user").detail["thread"])
    assert kinds(machine) >= {HarmKind.CORRUPTION, HarmKind.OOPS}


def test_clean_kexec_with_a_suspended_call_on_6_12() -> None:
    """RPC_ARG: nothing is drained at shutdown, the argument page stays, the next probe's drain waits for
    ever.
    """
    prod = kernel("prod", V6_12, {"optee": OPTEE_6_12}, release="6.12.0")
    machine = up(Machine(tee_machine(prod, version=(4, 1, 0), rpc_arg=True)), "prod")
    machine.call_rpc(machine.call_enters("user").detail["thread"])
    left = [reg for reg in machine.state.secure.registrations if reg.explicit]
    assert [reg.client for reg in left] == ["optee-arg-cache"]
    machine.begin("kexec", "prod", "running")
    assert machine.run_until("jump").operation == "jump"
    harms = machine.run_on()
    assert [harm.kind for harm in harms] == [HarmKind.HANG]
    assert harms[0].where == "probe"


def test_rpc_arg_pages_leak_over_every_clean_kexec() -> None:
    """optee_shutdown does nothing when rpc_param_count is set (smc_abi.c@6.12.117)."""
    prod = kernel("prod", V6_12, {"optee": OPTEE_6_12}, release="6.12.0")
    machine = up(Machine(tee_machine(prod, version=(4, 1, 0), rpc_arg=True)), "prod")
    before = machine.state.secure.heap.used
    for _ in range(3):
        kexec(machine, "prod")
    assert machine.state.secure.heap.used - before == 3 * 96
    assert one(machine, HarmKind.LEAK).detail["clients"] == ("optee-arg-cache",)


def test_shutdown_waits_for_a_dead_supplicant() -> None:
    """5.14: the drain at shutdown waits for a call that nobody answers (f25889f93184 without what it
    needs).
    """
    prod = kernel("prod", V5_14, {"optee": OPTEE_5_14}, release="5.14.0")
    machine = up(Machine(tee_machine(prod)), "prod")
    machine.call_rpc(machine.call_enters("user").detail["thread"])
    machine.supplicant_dies()
    machine.begin("kexec", "prod", "stopped")
    harm = machine.run_on()[0]
    assert harm.kind is HarmKind.HANG
    assert harm.where == "shutdown"
    assert " optee_shutdown" in harm.log


def test_a_killable_wait_lets_the_shutdown_end() -> None:
    """70b0d6b0a199: a killed caller gives up on its supplicant."""
    prod = kernel("prod", V5_14 | {"optee-supplicant-killable"}, {"optee": OPTEE_5_14})
    machine = up(Machine(tee_machine(prod)), "prod")
    machine.call_rpc(machine.call_enters("user").detail["thread"])
    machine.supplicant_dies()
    machine.begin("kexec", "prod", "stopped")
    assert machine.run_on() == ()


def ftpm_machine(features: frozenset[str], hooks: Hooks, optee: Hooks) -> Machine:
    prod = kernel("prod", features, {"optee": optee, "tpm_ftpm_tee": hooks})
    return up(Machine(tee_machine(prod, devices=(FTPM,), prealloc_cache=False)), "prod")


def test_ftpm_before_leaks_its_buffer() -> None:
    """5.10, platform flavour: shutdown closes the session, the dma-buf stays registered."""
    machine = ftpm_machine(V5_10, client(buf("tee_shm_alloc", "8KiB"), True), OPTEE_NEVER_DRAINS)
    kexec(machine, "prod")
    assert one(machine, HarmKind.LEAK).detail["pages"] == 2
    assert "ftpm" in machine.bound


def test_ftpm_after_leaves_nothing() -> None:
    """dfb703ad2a8d."""
    machine = ftpm_machine(V5_14, client(buf("tee_shm_alloc_kernel_buf", "8KiB"), True), OPTEE_5_14)
    kexec(machine, "prod")
    assert machine.harms == ()


def test_ftpm_on_the_tee_bus_is_refused_its_session() -> None:
    """No .shutdown there: the single-session TA answers TEE_ERROR_BUSY (tee_ta_manager.c@3.13.0)."""
    machine = ftpm_machine(V6_12, client(buf("tee_shm_alloc_kernel_buf", "8KiB"), False), OPTEE_6_12)
    kexec(machine, "prod")
    assert kinds(machine) == {HarmKind.LEAK, HarmKind.REFUSED}
    assert "err=ffff000d" in one(machine, HarmKind.REFUSED).log[0]
    assert "ftpm" not in machine.bound


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (frozenset(), {HarmKind.LEAK}),
        (frozenset({"optee-pool-frees-on-error"}), {HarmKind.LEAK, HarmKind.CORRUPTION}),
        (frozenset({"optee-pool-frees-on-error", "optee-pool-frees-right-pages"}), set()),
    ],
)
def test_failed_registration(features: frozenset[str], expected: set[HarmKind]) -> None:
    """pool_op_alloc@5.10 frees nothing, with ec185dd3ab25 the wrong pages, with 18549bf4b21c its own."""
    hooks = client(buf("tee_shm_alloc", "8KiB"), False)
    prod = kernel("prod", V5_10 | features, {"optee": OPTEE_NEVER_DRAINS, "tee_bnxt_fw": hooks})
    machine = Machine(tee_machine(prod, devices=(BNXT,)))
    machine.power_on("prod")
    machine.run_until("tee_client_open_session")
    machine.registration_fails("kernel")
    assert machine.run_until("probe-failed").operation == "probe-failed"
    assert kinds(machine) == expected


RPC_CLIENTS = (
    DeviceConfig("one", "tee_bnxt_fw", bus="tee", service="s1", dev_name="optee-clnt0"),
    DeviceConfig("two", "tee_bnxt_fw", bus="tee", service="s2", dev_name="optee-clnt1"),
)


@pytest.mark.parametrize("marked", [False, True])
def test_nested_registration_from_an_rpc(marked: bool) -> None:
    """Thread 002: rpc.c's pages are registered from inside an RPC, and both threads are held."""
    extra = {"optee-rpc-alloc-priv"} if marked else set()
    features = V5_10 | {"tee-kernel-buf", "tee-shm-priv", "tee-shm-priv-accepted"} | extra
    hooks = client(buf("tee_shm_alloc_kernel_buf"), True)
    prod = kernel("prod", features, {"optee": OPTEE_5_14, "tee_bnxt_fw": hooks})
    machine = up(Machine(tee_machine(prod, devices=RPC_CLIENTS)), "prod")
    first = machine.call_enters("one").detail["thread"]
    second = machine.call_enters("two").detail["thread"]
    events = [machine.call_rpc(first), machine.call_rpc(second)]
    if marked:
        assert [event.outcome for event in events] == [Outcome.OK, Outcome.OK]
        assert machine.run_on() == ()
        return
    assert [event.outcome for event in events] == [Outcome.WAITING, Outcome.WAITING]
    harms = machine.run_on()
    assert {harm.kind for harm in harms} == {HarmKind.HANG}
    assert all(harm.detail["nested"] for harm in harms)


def test_priv_flag_that_is_not_accepted() -> None:
    """Thread 002: tee_shm_alloc refuses a flag that it does not know."""
    prod = kernel("prod", V5_10 | {"tee-kernel-buf", "tee-shm-priv"}, {"optee": OPTEE_5_14})
    machine = Machine(tee_machine(prod))
    machine.power_on("prod")
    machine.run_on()
    harm = one(machine, HarmKind.REFUSED)
    assert "invalid shm flags 0x81" in harm.log[0]


def test_amdtee_refuses_to_register() -> None:
    """drivers/tee/amdtee/core.c: there is no shm_register operation, so tee_shm_register is -ENOTSUPP."""
    alloc = Hooks(ops(*OPEN, buf("tee_shm_alloc_kernel_buf")))
    register = Hooks(ops(*OPEN, Operation("tee_shm_register_kernel_buf", {"buffer": "key"})))
    devices = (
        DeviceConfig("pmf", "amd_pmf", bus="tee", service="pmf"),
        DeviceConfig("keys", "trusted_tee", bus="tee", service="keys"),
    )
    prod = kernel("prod", V6_12, {"amdtee": Hooks(), "amd_pmf": alloc, "trusted_tee": register})
    machine = Machine(tee_machine(prod, devices=devices, kind="amdtee", driver="amdtee"))
    machine.power_on("prod")
    machine.run_until("up")
    assert "pmf" in machine.bound
    assert "keys" not in machine.bound
    assert [harm.kind for harm in machine.harms] == [HarmKind.REFUSED]


def test_resumed_thread_writes_into_reused_memory() -> None:
    """Thread 000, Jens's warning: nothing asks which kernel started a thread
    (thread_resume_from_rpc@3.13.0).
    """
    prod = kernel("prod", V5_10, {"optee": OPTEE_NEVER_DRAINS})
    payload = kernel("payload", frozenset(), {}, linux=False)
    machine = up(Machine(tee_machine(prod, payload)), "prod")
    machine.user_registers(4)
    thread = machine.call_enters("user").detail["thread"]
    machine.call_suspends(thread)
    page = machine.state.secure.registrations[1].pages[0][0]
    machine.begin("kexec", "payload", "running")
    machine.run_until("jump")
    assert machine.run_on() == ()
    assert machine.state.secure.threads[thread].state == "SUSPENDED"
    machine.place_next_allocation(page)
    machine.state.pages().alloc(1, "payload")
    assert machine.resume_thread(thread).detail["corrupted"]
    assert kinds(machine) == {HarmKind.CORRUPTION}
    assert machine.resume_thread(thread).outcome is Outcome.FAILED


def test_resumed_thread_is_found_by_running_on() -> None:
    """The payload comes to use the memory that the thread writes to."""
    machine = up(
        Machine(
            tee_machine(
                kernel("prod", V5_10, {"optee": OPTEE_NEVER_DRAINS}),
                kernel("payload", frozenset(), {}, linux=False),
            )
        ),
        "prod",
    )
    machine.user_registers(1)
    thread = machine.call_enters("user").detail["thread"]
    kexec(machine, "payload", "running")
    machine.resume_thread(thread)
    assert {harm.kind for harm in machine.run_on()} == {HarmKind.CORRUPTION}


FFA = {"abi": "ffa", "driver": "optee-ffa", "version": (4, 9, 0)}
OPTEE_FFA = Hooks(ops("enumerate_devices"))


def test_stale_lock_hangs_the_next_probe() -> None:
    """FF-A, 6.12: nothing waits at probe, but the session mutex has a dead holder (tee_ta_open_session)."""
    prod = kernel("prod", V6_12 | {"optee-ffa-abi"}, {"optee-ffa": OPTEE_FFA}, release="6.12.0")
    machine = up(Machine(tee_machine(prod, **FFA)), "prod")
    thread = machine.call_enters("user").detail["thread"]
    machine.takes_lock(thread)
    machine.call_suspends(thread)
    machine.begin("kexec", "prod", "running")
    machine.run_until("jump")
    harms = machine.run_on()
    hang = next(harm for harm in harms if harm.kind is HarmKind.HANG)
    assert hang.detail["lock"] == "tee_ta_mutex"
    assert hang.log[-4:] == (
        " optee_rpc_cmd", " optee_handle_ffa_rpc", " optee_ffa_yielding_call", " optee_ffa_do_call_with_arg"
    )
    assert " optee_notif_wait" in hang.log


def test_ffa_handles_run_out() -> None:
    """NUM_SHMS / SPMC_CORE_SEL1_MAX_SHM_COUNT is 64: each kernel leaves its argument page's and client's
    handle.
    """
    hooks = client(buf("tee_shm_alloc_kernel_buf"), False)
    prod = kernel("prod", V6_12 | {"optee-ffa-abi"}, {"optee-ffa": OPTEE_FFA, "tee_bnxt_fw": hooks})
    machine = up(Machine(tee_machine(prod, devices=(BNXT,), **FFA)), "prod")
    for _ in range(31):
        kexec(machine, "prod")
        assert HarmKind.EXHAUSTION not in kinds(machine)
    kexec(machine, "prod")
    assert one(machine, HarmKind.EXHAUSTION).detail["refusal"] == "handles"


def test_ffa_rxtx_pair_of_a_dead_kernel() -> None:
    """spmc_handle_rxtx_map@4.9.0 answers DENIED while a pair is mapped; without it there is no FF-A bus."""
    hooks = Hooks(ops("ffa_rxtx_map", "enumerate_devices"))
    prod = kernel("prod", V6_12, {"optee-ffa": hooks}, duties=("tee",))
    fixed = kernel("fixed", V6_12, {"optee-ffa": Hooks(hooks.probe, ops("ffa_rxtx_unmap"))}, duties=("tee",))
    machine = up(Machine(tee_machine(fixed, prod, **FFA)), "fixed")
    kexec(machine, "prod")
    assert HarmKind.REFUSED not in kinds(machine)
    kexec(machine, "prod")
    assert "ARM FF-A: failed to register FFA RxTx buffers" in one(machine, HarmKind.REFUSED).log
    assert "tee" not in machine.bound


def test_overlap_is_refused_only_with_protected_memory() -> None:
    """cmp_pa_overlap@4.9.0 lets two ordinary shares overlap, and refuses one that meets lent memory."""
    hooks = client(buf("tee_shm_alloc_kernel_buf"), False)
    prod = kernel("prod", V6_12, {"optee-ffa": OPTEE_FFA, "tee_bnxt_fw": hooks})
    machine = up(Machine(tee_machine(prod, devices=(BNXT,), **FFA)), "prod")
    kexec(machine, "prod")
    shared = {reg.pages for reg in machine.state.secure.registrations if reg.client == "bnxt-fw"}
    assert len(shared) == 1, "both kernels' buffers lie in the same page"
    assert HarmKind.EXHAUSTION not in kinds(machine)
    machine.lends_protected(0x8000_0000, 16)
    kexec(machine, "prod")
    assert one(machine, HarmKind.EXHAUSTION).detail["refusal"] == "overlap"


def test_every_thread_lost_is_capacity_lost() -> None:
    """FF-A has no drain at probe: the kernel comes up with fewer threads than it needs."""
    prod = kernel("prod", V6_12, {"optee-ffa": Hooks()}, min_threads=2)
    machine = up(Machine(tee_machine(prod, **FFA)), "prod")
    machine.call_rpc(machine.call_enters("user").detail["thread"])
    kexec(machine, "prod", "running")
    assert one(machine, HarmKind.EXHAUSTION).where == "secure-threads"


def test_closing_a_dead_clients_session_at_shutdown_deadlocks() -> None:
    """Before aceeafefff73 a cached buffer held its client's context; freeing it closed a session that makes
    RPCs.
    """
    ta = Service("storage", pseudo=False, makes_rpc=True)
    for internal, expected in ((False, {HarmKind.HANG}), (True, set())):
        features = V5_14 | ({"optee-internal-context"} if internal else set())
        machine = up(
            Machine(tee_machine(kernel("prod", features, {"optee": OPTEE_5_14}), services=(ta,))), "prod"
        )
        machine.user_opens("storage")
        machine.call_rpc(machine.call_enters("user", "storage").detail["thread"])
        machine.call_returns(0)
        machine.begin("kexec", "prod", "stopped")
        machine.run_on()
        assert kinds(machine) == expected
        assert not any(harm.log for harm in machine.harms), "nobody reports a wait that can be interrupted"


def test_seven_hundred_generations_are_fast() -> None:
    """A chain of 700 kernels with two clients takes well under two seconds."""
    small = client(buf("tee_shm_alloc_kernel_buf"), False)
    devices = (BNXT, DeviceConfig("rng", "optee_rng", bus="tee", service="rng"))
    prod = kernel("prod", V5_14, {"optee": OPTEE_5_14, "tee_bnxt_fw": small, "optee_rng": small})
    machine = up(Machine(tee_machine(prod, devices=devices, heap_size=1 << 20)), "prod")
    began = time.monotonic()
    for _ in range(700):
        kexec(machine, "prod")
    assert time.monotonic() - began < 2
    assert machine.generation == 701
    assert BNXT_PTA.name == "bnxt"
    assert FTPM_TA.single_instance
    assert CLOSE


def test_ffa_core_comes_first_and_takes_the_bus_with_it() -> None:
    """drivers/firmware/arm_ffa/driver.c@6.12.117: without the buffer pair nothing on the bus is there."""
    core = DeviceConfig("ffa", "arm_ffa", bus="ffa", provides=("ffa",))
    hooks = {"arm_ffa": Hooks(ops("ffa_rxtx_map")), "optee-ffa": OPTEE_FFA}
    prod = kernel("prod", V6_12, hooks, duties=("tee",))
    machine = up(Machine(tee_machine(prod, devices=(core,), needs=("ffa",), **FFA)), "prod")
    assert machine.bound == ("ffa", "tee")
    kexec(machine, "prod")
    assert machine.bound == ()
    assert [harm.where for harm in machine.harms] == ["ffa_rxtx_map", "duty:tee"]


def test_ffa_arguments_before_the_page_cache() -> None:
    """Before 5.19 an argument page was shared and reclaimed around each call."""
    prod = kernel("prod", V6_12 - {"optee-rpc-arg"}, {"optee-ffa": OPTEE_FFA})
    machine = up(Machine(tee_machine(prod, **FFA)), "prod")
    assert machine.state.ffa.handles == ()
    thread = machine.call_enters("user").detail["thread"]
    assert len(machine.state.ffa.handles) == 1
    machine.call_returns(thread)
    assert machine.state.ffa.handles == ()


def test_runtime_registration() -> None:
    """security/keys/trusted-keys/trusted_tee.c registers its buffers for each operation, and frees them."""
    runtime = ops(
        Operation("tee_shm_register_kernel_buf", {"buffer": "key"}),
        Operation("tee_shm_free", {"buffer": "key"}),
    )
    keys = DeviceConfig("keys", "trusted_tee", bus="tee", service="keys")
    hooks = Hooks(ops(*OPEN), runtime=runtime)
    prod = kernel("prod", V6_12, {"optee": OPTEE_6_12, "trusted_tee": hooks})
    machine = up(Machine(tee_machine(prod, devices=(keys,))), "prod")
    before = machine.state.secure.heap.used
    assert machine.asks("keys").outcome is Outcome.OK
    assert machine.state.secure.heap.used == before
    machine.registration_fails("secure")
    assert machine.asks("keys").detail["errno"] == -22


@pytest.mark.parametrize(("flag", "leaks"), [(False, True), (True, False)])
def test_register_flag_of_the_v4_series(flag: bool, leaks: bool) -> None:
    """Thread 002: the series' own flag registers without a dma-buf, so that the shutdown's free is one."""
    features = V5_10 | {"tee-kernel-buf"} | ({"tee-shm-register-flag"} if flag else set())
    hooks = client(buf("tee_shm_alloc_kernel_buf"), True)
    optee = Hooks(OPTEE_5_14.probe, OPTEE_5_14.shutdown)
    prod = kernel("prod", features, {"optee": optee, "tee_bnxt_fw": hooks})
    machine = up(Machine(tee_machine(prod, devices=(BNXT,))), "prod")
    kexec(machine, "prod")
    assert (HarmKind.LEAK in kinds(machine)) is leaks


def test_conforming_successor_never_resumes_a_stale_thread() -> None:
    """It knows only the numbers that were returned to it: the thread is lost, and writes nothing."""
    prod = kernel("prod", V5_10, {"optee": OPTEE_NEVER_DRAINS})
    payload = kernel("payload", frozenset(), {}, linux=False)
    machine = up(Machine(tee_machine(prod, payload)), "prod")
    machine.user_registers(4)
    machine.call_suspends(machine.call_enters("user").detail["thread"])
    kexec(machine, "payload", "running")
    assert machine.run_on() == ()


def test_static_shared_memory_is_never_registered() -> None:
    """Without dynamic shm everything lies in the carve-out, which is the same for the next kernel."""
    hooks = client(buf("tee_shm_alloc_kernel_buf"), False)
    prod = kernel("prod", V6_12, {"optee": OPTEE_6_12, "tee_bnxt_fw": hooks})
    machine = up(Machine(tee_machine(prod, devices=(BNXT,), dynamic_shm=False)), "prod")
    for _ in range(3):
        kexec(machine, "prod")
    assert [one for one in machine.state.secure.registrations if one.explicit] == []
    assert HarmKind.LEAK not in kinds(machine)
