"""The secure world, FF-A, the driver's memory and the log by themselves: the books are right after each call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_machines import (
    ARM_SMMU_6_1,
    BNXT,
    BNXT_PTA,
    FTPM,
    FTPM_TA,
    MEMORY,
    OPTEE_5_14,
    OPTEE_NEVER_DRAINS,
    SMMU2,
    V5_10,
    V5_14,
    V6_12,
    buf,
    client,
    kernel,
    ops,
    tee_machine,
)

from kexecspec.machine import DeviceConfig, HarmKind, Hooks, KernelConfig, Machine, MachineConfig, Outcome, SecureConfig
from kexecspec.machine.ffa import FFA_INVALID_PARAMETERS, FFA_NO_MEMORY, FFA_OK, FIRST_HANDLE, FfaPartition
from kexecspec.machine.harms import KernelLog, hung_task, oops
from kexecspec.machine.heap import FFA_SHM, Pool, cost, mobj_cost, object_size, page_array_cost, va_cost
from kexecspec.machine.objects import (
    BAD_PARAMETERS,
    EBADADDR,
    ENOMEM,
    ERESUME,
    ETHREAD_LIMIT,
    OK,
    SUCCESS,
    TA_BUSY,
    ThreadState,
)
from kexecspec.machine.secure import SecureWorld
from kexecspec.machine.tee_ops import size_of
from kexecspec.machine.tee_shm import (
    free_is_deferred,
    frees_after_failure,
    kernel_buf_flags,
    page_count,
    private_flags,
    refused_flags,
    registers,
    rpc_flags,
)

DRIVERS = {"optee": OPTEE_NEVER_DRAINS, "tee_bnxt_fw": client(buf("tee_shm_alloc"), False)}


def world(**more: object) -> SecureWorld:
    return SecureWorld(SecureConfig(**{"base_use": 0, **more}))  # type: ignore[arg-type]


def has(*features: str) -> KernelConfig:
    return KernelConfig("k", frozenset(features))


def running(drivers: dict[str, Hooks] = DRIVERS, features: frozenset[str] = V5_10, **secure: object) -> Machine:
    devices = secure.pop("devices", (BNXT,))
    machine = Machine(tee_machine(kernel("prod", features, drivers), devices=devices, **secure))  # type: ignore[arg-type]
    machine.power_on("prod")
    assert machine.run_until("up").operation == "up", machine.log
    return machine


# Counters.


def test_a_pool_takes_what_fits_and_counts_what_does_not() -> None:
    pool = Pool(10, 4)
    assert (pool.free, pool.take(7), pool.used, pool.refusals) == (6, False, 4, 1)
    assert (pool.take(6), pool.used, pool.free, pool.refusals) == (True, 10, 0, 1)
    pool.give(9)
    assert (pool.used, pool.free) == (1, 9)


def test_costs_at_the_quantums_edge() -> None:
    assert [cost(size) for size in (0, 1, 16, 17, 32)] == [32, 32, 32, 48, 48]
    assert mobj_cost(2) == cost(72 + 16) and page_array_cost(2) == cost(16)
    assert va_cost(3) == 3 * 4096


def test_objects_of_the_smc_abi_changed_with_their_declaration() -> None:
    releases = ((2, 5, 0), (2, 6, 0), (3, 2, 0), (3, 3, 0), (3, 8, 0), (3, 9, 0), (3, 13, 0), (4, 10, 0))
    assert [object_size("smc", release) for release in releases] == [56, 64, 64, 72, 80, 72, 72, 72]


def test_objects_of_ffa_grew_in_4_0() -> None:
    """One more count in struct mobj_ffa."""
    sizes = [object_size("ffa", version) for version in ((3, 18, 0), (3, 22, 9), (4, 0, 0), (4, 10, 0))]
    assert sizes == [64, 64, 72, 72]
    assert object_size("smc", (3, 13, 0)) == object_size("smc", (4, 10, 0)) == 72


# FF-A.


def test_shares_take_the_lowest_free_handle_and_give_everything_back() -> None:
    secure = world(abi="ffa", version=(4, 0, 0), handles=2)
    ffa = FfaPartition(secure)
    one, two = ffa.share(((1, 1),), 1, "a"), ffa.share(((2, 3),), 1, "b")
    assert (one, two) == ((FFA_OK, FIRST_HANDLE), (FFA_OK, FIRST_HANDLE | 1))
    assert secure.heap.used == mobj_cost(1, FFA_SHM) + mobj_cost(3, FFA_SHM)
    assert [share.client for share in ffa.handles] == ["b", "a"]
    assert (ffa.share(((9, 1),), 1, "c"), secure.refusal) == ((FFA_NO_MEMORY, 0), "handles")
    assert ffa.reclaim(FIRST_HANDLE) == FFA_OK
    assert secure.heap.used == mobj_cost(3, FFA_SHM)
    assert ffa.reclaim(FIRST_HANDLE) == FFA_INVALID_PARAMETERS
    assert ffa.share(((9, 1),), 1, "c") == (FFA_OK, FIRST_HANDLE)
    assert secure.refusal == ""
    ffa.rxtx_map(1)
    ffa.reset()
    assert (ffa.used, ffa.rxtx_generation) == (set(), None)


def test_implicit_registrations_are_no_shares() -> None:
    secure = world(abi="ffa")
    ffa = FfaPartition(secure)
    secure.enter(1, "a", 7, None)
    assert secure.registrations and ffa.handles == ()


def test_a_refused_share_costs_nothing() -> None:
    tight = world(abi="ffa", version=(4, 4, 0), heap_size=mobj_cost(1, FFA_SHM))
    ffa = FfaPartition(tight)
    assert (ffa.share(((1, 2),), 1, "a"), tight.refusal) == ((FFA_NO_MEMORY, 0), "heap")
    tight.protected.append((1, 1, 1))
    assert (ffa.share(((1, 1),), 1, "a"), tight.refusal) == ((FFA_INVALID_PARAMETERS, 0), "overlap")
    assert (tight.heap.used, ffa.used, tight.registrations) == (0, set(), [])
    assert ffa.share(((2, 1),), 1, "a")[0] == FFA_OK


@pytest.mark.parametrize(("rejects", "wanted"), [(True, [7, 10]), (False, list(range(7, 11)))])
def test_shares_that_overlap(rejects: bool, wanted: list[int]) -> None:
    fine = []
    for start in range(7, 11):
        ffa = FfaPartition(world(abi="ffa", rejects_overlap=rejects))
        ffa.share(((8, 2),), 1, "old")
        fine += [start] if ffa.share(((start, 1),), 2, "new")[0] == FFA_OK else []
    assert fine == wanted


def test_a_share_waits_for_its_last_user() -> None:
    secure = world(abi="ffa")
    ffa = FfaPartition(secure)
    _, handle = ffa.share(((1, 1),), 1, "a")
    _, thread = secure.enter(1, "a", None, None)
    assert thread and secure.use(thread, ffa.handles[0], mapped=False)
    assert ffa.reclaim(handle) == -4
    secure.leave(thread)
    assert ffa.reclaim(handle) == FFA_OK


# The secure world.


def test_a_reset_leaves_what_the_boot_loader_left() -> None:
    secure = world(threads=3, suspended_threads=2, base_use=500, va_space=8192)
    secure.register(1, ((1, 1),), 1, "a")
    secure.open_session("s", 1, "a")
    secure.locks["x"], secure.cache_enabled, secure.refusal = 1, True, "heap"
    secure.va.take(4096)
    secure.reset()
    assert [thread.state for thread in secure.threads] == [ThreadState.SUSPENDED] * 2 + [ThreadState.FREE]
    assert [thread.owner for thread in secure.threads] == ["boot loader", "boot loader", ""]
    assert (secure.registrations, secure.sessions, secure.protected, secure.locks) == ([], [], [], {})
    assert (secure.heap.used, secure.va.used, secure.cache_enabled, secure.refusal) == (500, 0, False, "")


def test_a_call_takes_the_first_free_thread_and_leaves_nothing_behind() -> None:
    secure = world(threads=2, va_space=3 * 4096)
    secure.register(5, ((40, 1),), 1, "a")
    used = secure.heap.used
    code, thread = secure.enter(4, "caller", 9, None)
    assert code == OK and thread
    assert (thread.index, thread.generation, thread.owner, thread.state) == (0, 4, "caller", ThreadState.ACTIVE)
    assert (secure.heap.used, secure.va.used) == (used + mobj_cost(1), 4096)
    assert secure.use(thread, secure.registrations[1], mapped=True)
    secure.lock(thread, "tee_ta_mutex")
    thread.wants, thread.runaway = "x", True
    assert secure.enter(4, "other", None, 5)[1] is secure.threads[1]
    assert secure.enter(4, "third", None, None) == (ETHREAD_LIMIT, None)
    secure.leave(thread)
    assert (thread.state, thread.owner, thread.wants, thread.runaway) == (ThreadState.FREE, "", "", False)
    assert (thread.arg, thread.memrefs, thread.locks, secure.locks) == (None, [], set(), {})
    assert (secure.heap.used, secure.va.used) == (used, 4096), "the other call still maps the buffer"
    secure.leave(secure.threads[1])
    assert (secure.va.used, secure.registrations[0].refs, secure.registrations[0].maps) == (0, 0, 0)


def test_a_call_with_bad_arguments_takes_no_thread() -> None:
    secure = world(threads=1, va_space=4096)
    assert secure.enter(1, "a", None, 99) == (EBADADDR, None)
    secure.register(5, ((40, 2),), 1, "a")
    assert secure.enter(1, "a", None, 5) == (ENOMEM, None)
    assert secure.refusal == "address space"
    full = world(threads=1, heap_size=mobj_cost(1) - 1)
    assert (full.enter(1, "a", 3, None), full.refusal) == ((EBADADDR, None), "heap")
    narrow = world(threads=1, va_space=0)
    assert narrow.enter(1, "a", 3, None) == (EBADADDR, None)
    assert (narrow.heap.used, narrow.refusal, narrow.registrations) == (0, "address space", [])
    assert all(one.threads[0].state is ThreadState.FREE for one in (secure, full, narrow))


def test_only_a_suspended_thread_is_resumed() -> None:
    secure = world(threads=2)
    _, thread = secure.enter(1, "a", None, None)
    assert thread
    assert [secure.resume(index) for index in (0, 1, 2)] == [ERESUME] * 3
    secure.suspend(thread)
    assert secure.resume(0) == OK and thread.state is ThreadState.ACTIVE


def test_a_thread_that_wants_a_lock_sleeps_until_it_has_it() -> None:
    secure = world(threads=2)
    _, one = secure.enter(1, "a", None, None)
    _, two = secure.enter(1, "b", None, None)
    assert one and two and secure.lock(one, "l") and secure.lock(one, "l")
    assert not secure.lock(two, "l")
    assert (two.wants, two.state, two.locks) == ("l", ThreadState.SUSPENDED, set())
    secure.unlock(one, "l")
    assert one.locks == set() and secure.lock(two, "l")
    assert (two.wants, two.state, two.locks, secure.locks) == ("", ThreadState.ACTIVE, {"l"}, {"l": 1})


def test_the_cache_is_emptied_cookie_by_cookie() -> None:
    secure = world(threads=2)
    assert secure.enable_shm_cache() == OK and secure.cache_enabled
    for index, cookie in enumerate((11, 22)):
        assert secure.share_rpc_arg(secure.threads[index], cookie, 50 + index)
    assert secure.heap.used == 2 * mobj_cost(1) and secure.va.used == 8192
    assert [secure.disable_shm_cache() for _ in range(3)] == [(OK, 11), (OK, 22), (7, 0)]
    assert (secure.cache_enabled, secure.heap.used, secure.va.used) == (False, 0, 0)
    assert secure.threads[0].rpc is None
    none = world(prealloc_cache=False)
    none.suspend(none.threads[0])
    assert none.enable_shm_cache() == OK and not none.cache_enabled


def test_an_argument_page_of_static_memory_costs_nothing() -> None:
    secure = world(heap_size=0)
    assert secure.share_rpc_arg(secure.threads[0], 3, 0, static=True)
    assert not secure.share_rpc_arg(secure.threads[1], 4, 1)
    assert secure.threads[0].rpc is not None and secure.threads[1].rpc is None


def test_protected_memory_is_refused_up_to_its_last_page() -> None:
    secure = world()
    secure.protected.append((10, 2, 1))
    said = [secure.register(start, ((start, 1),), 1, "a") for start in range(9, 13)]
    assert said == [SUCCESS, BAD_PARAMETERS, BAD_PARAMETERS, SUCCESS]
    assert secure.find(0) is None and secure.find(9) is not None
    secure.register(20, ((10, 1),), 1, "a")
    assert secure.refusal == "protected memory"
    secure.register(21, ((30, 1),), 1, "a")
    assert secure.refusal == ""


def test_a_buffer_in_use_is_released_by_its_last_user() -> None:
    secure = world()
    secure.register(1, ((1, 1),), 1, "a")
    _, thread = secure.enter(1, "a", None, None)
    assert thread
    found = secure.find(1)
    assert found and secure.use(thread, found, mapped=False)
    assert found.maps == 0 and found.refs == 1
    assert secure.unregister(1) == "BLOCKED" and found.releasing
    secure.put_memref(found)
    assert secure.unregister(1) == SUCCESS and secure.heap.used == 0
    secure.share_rpc_arg(thread, 8, 3)
    assert secure.unregister(8) == BAD_PARAMETERS, "an argument page is not the normal world's to release"


def test_address_space_that_leaks_leaks_for_explicit_buffers_only() -> None:
    secure = world(va_leaks=True)
    secure.register(1, ((1, 2),), 1, "a")
    _, thread = secure.enter(1, "a", 9, None)
    assert thread and secure.use(thread, secure.registrations[1], mapped=True)
    secure.leave(thread)
    assert secure.va.used == 8192


def test_who_may_open_a_second_session() -> None:
    secure = world(services=(FTPM_TA, BNXT_PTA), session_bytes=100, heap_size=250)
    assert secure.open_session("ftpm-ta", 1, "a") == SUCCESS
    assert secure.open_session("ftpm-ta", 2, "b") == TA_BUSY
    assert secure.open_session("bnxt", 1, "a") == SUCCESS
    assert (secure.open_session("bnxt", 1, "b"), secure.refusal) == (BAD_PARAMETERS, "heap")
    secure.close_session("ftpm-ta", 2, "a")
    secure.close_session("ftpm-ta", 1, "b")
    assert secure.heap.used == 200 and len(secure.sessions) == 2
    secure.close_session("ftpm-ta", 1, "a")
    assert secure.heap.used == 100 and [one.service for one in secure.sessions] == ["bnxt"]
    assert secure.open_session("ftpm-ta", 2, "b") == SUCCESS
    several = replace(FTPM_TA, multi_session=True)
    free = world(services=(several, replace(FTPM_TA, name="many", single_instance=False)))
    assert [free.open_session(name, 1, "a") for name in ("ftpm-ta", "ftpm-ta", "many", "many")] == [SUCCESS] * 4


# Linux's memory for the TEE.


@pytest.mark.parametrize(
    ("features", "buf_flags", "own", "rpc", "deferred"),
    [
        ("", "mapped dma_buf", "mapped", "mapped", True),
        ("tee-shm-register-flag", "mapped register", "mapped", "mapped", True),
        ("tee-shm-priv", "mapped", "mapped priv", "mapped", True),
        ("tee-shm-priv optee-rpc-alloc-priv", "mapped", "mapped priv", "mapped priv", True),
        ("tee-shm-dynamic-flag tee-shm-no-dma-buf", "mapped", "mapped priv", "mapped priv", False),
    ],
)
def test_flags_by_kernel(features: str, buf_flags: str, own: str, rpc: str, deferred: bool) -> None:
    one = has(*features.split())
    assert kernel_buf_flags(one) == set(buf_flags.split())
    assert private_flags(one) == set(own.split())
    assert rpc_flags(one) == set(rpc.split())
    assert free_is_deferred(one, frozenset({"dma_buf"})) is deferred
    assert not free_is_deferred(one, frozenset({"mapped"}))


def test_flags_that_are_refused() -> None:
    assert refused_flags(has(), frozenset({"mapped", "dma_buf"})) is None
    assert refused_flags(has(), frozenset({"mapped", "priv"})) == 129
    assert refused_flags(has(), frozenset({"mapped", "register"})) == 9
    assert refused_flags(has("tee-shm-priv-accepted"), frozenset({"mapped", "priv"})) is None
    assert refused_flags(has("tee-shm-register-flag"), frozenset({"mapped", "register"})) is None
    assert refused_flags(has("tee-shm-dynamic-flag"), frozenset({"mapped", "priv", "register"})) is None


@pytest.mark.parametrize(
    ("features", "flags", "wanted"),
    [
        ("tee-dynamic-shm", "mapped dma_buf", False),
        ("tee-dynamic-shm optee-pool-registers-dmabuf", "mapped dma_buf", True),
        ("tee-dynamic-shm optee-pool-registers-dmabuf", "mapped", False),
        ("optee-pool-registers-dmabuf", "mapped dma_buf", False),
        ("tee-dynamic-shm tee-shm-register-flag", "mapped", False),
        ("tee-dynamic-shm tee-shm-register-flag", "register", True),
        ("tee-dynamic-shm tee-shm-register-flag", "dma_buf", True),
        ("tee-dynamic-shm tee-shm-priv", "mapped", True),
        ("tee-dynamic-shm tee-shm-priv", "mapped priv", False),
        ("tee-shm-dynamic-flag", "mapped", True),
        ("tee-shm-dynamic-flag", "mapped priv", False),
    ],
)
def test_what_is_registered(features: str, flags: str, wanted: bool) -> None:
    one, given = has(*features.split()), frozenset(flags.split())
    assert registers(one, SecureConfig(), given) is wanted
    assert not registers(one, SecureConfig(dynamic_shm=False), given)
    assert not registers(one, SecureConfig(kind="amdtee"), given)
    assert registers(one, SecureConfig(abi="ffa"), given)


def test_pages_and_what_is_freed_after_a_failure() -> None:
    assert [page_count(has(), size) for size in (1, 4096, 4097, 3 * 4096)] == [1, 1, 2, 4]
    assert [page_count(has("tee-exact-pages"), size) for size in (1, 4096, 4097, 3 * 4096)] == [1, 1, 2, 3]
    wrong, right = "optee-pool-frees-on-error", "optee-pool-frees-right-pages"
    assert [frees_after_failure(has(*f)) for f in ((), (wrong,), (wrong, right), ("tee-shm-dynamic-flag",))] == [
        "nothing", "behind", "own", "own",
    ]  # fmt: skip


def test_sizes_of_operations() -> None:
    sizes = (8192, "4KiB", "4 MiB", "0x10", "16_384", "3K", "2m", "7B")
    assert [size_of({"size": size}) for size in sizes] == [8192, 4096, 4 << 20, 16, 16384, 3072, 2 << 20, 7]
    assert (size_of({}), size_of({}, 5)) == (4096, 5)


def test_a_failed_registration_on_a_kernel_that_frees_the_pages_behind_it() -> None:
    """CVE-2021-47087."""
    machine = running(features=V5_14, drivers={"optee": OPTEE_5_14, "tee_bnxt_fw": Hooks()})
    state, tee = machine.state, machine.state.tee_driver()
    first = state.pages().cursor
    state.memory.take(first + 1, 1, 1, "victim")
    machine.registration_fails()
    steps = tee.alloc("x", 4096, frozenset({"mapped"}))
    with pytest.raises(StopIteration) as end:
        while True:
            next(steps)
    assert end.value.value == (-12, None)
    corruption, leak = machine.harms
    assert (corruption.kind, corruption.where, corruption.detail["victims"]) == (
        HarmKind.CORRUPTION, "pool_op_alloc", ("victim",),
    )  # fmt: skip
    assert (corruption.detail["start"], corruption.detail["count"]) == (first + 1, 1)
    assert (leak.kind, leak.detail["pages"]) == (HarmKind.LEAK, 1)
    assert state.memory.owner(first + 1) is None and state.memory.owner(first) is not None


# Calls of tasks.


def test_a_call_maps_the_buffers_that_its_owner_registered_and_gives_them_back() -> None:
    machine = running()
    secure = machine.state.secure
    used = secure.va.used
    machine.call_enters("bnxt-fw")
    thread = secure.threads[0]
    assert [one.client for one in thread.memrefs] == ["bnxt-fw"] and thread.memrefs[0].maps == 1
    assert secure.locks == {}
    machine.call_returns(0)
    assert (secure.va.used, thread.memrefs, thread.state) == (used, [], ThreadState.FREE)
    assert machine.tasks.all == []
    machine.call_enters("bnxt-fw", buffers=False)
    assert secure.threads[0].memrefs == []
    machine.call_returns(0)
    machine.call_enters("user")
    assert secure.threads[0].memrefs == [], "another's buffers are not this caller's"


def test_a_call_whose_buffer_cannot_be_mapped_comes_back() -> None:
    """TEE_ERROR_OUT_OF_MEMORY; the task has no thread and nothing of it stays."""
    machine = running(va_space=4096)
    secure = machine.state.secure
    secure.va.size = 4096
    event = machine.call_enters("bnxt-fw")
    assert event.outcome is Outcome.FAILED
    assert machine.tasks.all == [] and secure.threads[0].state is ThreadState.FREE
    assert secure.va.used == 0


def test_a_lock_that_a_dead_kernels_thread_holds_is_waited_for_for_ever() -> None:
    machine = running(threads=2)
    machine.call_enters()
    machine.takes_lock(0)
    assert machine.call_enters("bnxt-fw").outcome is Outcome.WAITING
    assert machine.blocked == (("bnxt-fw", "call-enters", "lock"),)
    machine.drops_lock(0)
    assert machine.blocked == () and machine.state.secure.locks == {}


def test_a_thread_of_a_live_call_is_found_and_no_other() -> None:
    machine = running()
    with pytest.raises(ValueError, match="no task"):
        machine.call_returns(0)
    machine.call_enters()
    assert machine.tasks.by_thread(0).owner == "user"
    with pytest.raises(ValueError, match="thread 1"):
        machine.call_returns(1)


def test_user_space_that_stops_gives_everything_back() -> None:
    machine = running()
    secure = machine.state.secure
    before = secure.heap.used
    assert machine.user_registers(1).outcome is Outcome.OK
    assert machine.user_opens("bnxt").outcome is Outcome.OK
    assert secure.heap.used > before
    machine.call_enters()
    machine.begin("kexec", "prod", "stopped")
    assert (machine.state.user_space, machine.state.supplicant) == (False, False)
    assert secure.heap.used == before and secure.threads[0].state is ThreadState.FREE
    assert all(one.client == "bnxt-fw" for one in secure.registrations)
    assert [one.client for one in secure.sessions] == ["bnxt-fw"]


def test_user_space_that_is_refused_a_page_gets_its_pages_back() -> None:
    machine = running()
    taken = len(machine.state.memory.extents)
    machine.registration_fails("secure")
    assert machine.user_registers(1).outcome is Outcome.FAILED
    assert len(machine.state.memory.extents) == taken
    assert machine.harms == (), "a failure of the secure world's own is held against nobody"


def test_the_last_kernels_page_stays_with_the_thread_while_the_cache_is_on() -> None:
    machine = running()
    secure = machine.state.secure
    machine.call_enters()
    machine.call_rpc(0, to_supplicant=False)
    rpc = secure.threads[0].rpc
    assert rpc is not None and rpc.cookie in machine.state.tee_driver().buffers.by_cookie
    assert secure.threads[0].state is ThreadState.SUSPENDED
    machine.call_returns(0)
    assert secure.threads[0].rpc is rpc and secure.cache_enabled
    quiet = running(prealloc_cache=False)
    quiet.call_enters()
    quiet.call_rpc(0, to_supplicant=False)
    quiet.call_returns(0)
    assert quiet.state.secure.threads[0].rpc is None


def test_one_reason_for_a_refusal_is_told_once_and_says_whether_residue_is_to_blame() -> None:
    machine = running()
    tee = machine.state.tee_driver()
    assert not tee.exhausted("x")
    tee.refusal, tee.needed = "heap", 10**6
    assert tee.exhausted("x", "a line") and not tee.exhausted("x")
    assert machine.harms[-1].detail["by_residue"] is False
    machine.crash("prod")
    machine.run_until("up")
    tee, secure = machine.state.tee_driver(), machine.state.secure
    dead = mobj_cost(1) + secure.config.session_bytes
    assert tee.residue_bytes() == dead
    for needed, blamed in ((secure.heap.free + dead, True), (secure.heap.free + dead + 1, False)):
        tee.refusal, tee.needed = "heap", needed
        tee.exhausted("x")
        assert machine.harms[-1].detail["by_residue"] is blamed
    tee.refusal = "handles"
    tee.exhausted("x")
    assert machine.harms[-1].detail["by_residue"] is True
    tee.refusal = "kernel"
    assert not tee.exhausted("x")


def test_argument_pages_have_ten_slots_and_stay_where_rpc_arg_is() -> None:
    machine = running({"optee": Hooks(ops("enumerate_devices"))}, V6_12, rpc_arg=True, devices=(), threads=12)
    pages = machine.state.tee_driver().buffers.arguments
    assert [page.used for page in pages] == [0]
    for _ in range(11):
        machine.call_enters()
    assert [page.used for page in pages] == [1, 10]
    assert len(machine.state.secure.registrations) == 2
    for index in range(11):
        machine.call_returns(index)
    assert [page.used for page in pages] == [0, 0] and len(machine.state.secure.registrations) == 2


def test_cookies_differ_from_kernel_to_kernel_unless_the_world_says_so() -> None:
    machine = running(devices=())
    state = machine.state
    one, two = state.fresh_cookie(), state.fresh_cookie()
    machine.crash("prod")
    three = state.fresh_cookie()
    assert len({one, two, three}) == 3 and two - one == 0x100
    machine.place_next_cookie(one)
    assert state.fresh_cookie() == one and state.fresh_cookie() != one


def test_secure_writes_corrupt_what_is_somebody_elses() -> None:
    machine = running(devices=())
    memory = machine.state.memory
    mine, other = memory.take(5000, 2, 1, "mine"), memory.take(5002, 2, 9, "other")
    assert not machine.state.secure_write(((5000, 2),), "thread", 1)
    assert machine.state.secure_write(((5001, 2),), "thread", 1)
    assert (mine.contents, other.contents, other.writer) == ("zero", "garbage", "thread")
    assert machine.harms[-1].detail["victim"] == "other"


# What is printed.


def test_the_log_of_the_running_kernel_begins_at_its_mark() -> None:
    log = KernelLog()
    assert log.say("a", "b") == ("a", "b")
    log.mark = 1
    log.say("c")
    assert (log.tail(), log.tail(1)) == (("b", "c"), ("c",))
    log.say(*map(str, range(20)))
    assert log.tail() == tuple(map(str, range(8, 20)))


def test_lines_of_an_oops_and_of_a_hung_task() -> None:
    lines = oops(0x44, "f", "g", (5, 10, 19))
    assert lines[0] == "Unable to handle kernel paging request at virtual address 0000000000000044"
    assert lines[1:] == ("Internal error: Oops: 96000004 [#1] SMP", "pc : f", "lr : g")
    null = oops(0, "f", "g", (6, 1), null=True)
    assert null[0].startswith("Unable to handle kernel NULL pointer dereference")
    assert null[1] == "Internal error: Oops: 0000000096000004 [#1] SMP", "traps.c@6.1.192"
    lines = hung_task("t:1", "6.1", ("one", "two"))
    assert lines[0].endswith("more than 120 seconds.") and lines[-2:] == (" one", " two")


@pytest.mark.parametrize(
    ("release", "name"), [("5.9", "optee-clnt0"), ("5.10.19", "optee-clnt0"), ("5.10.20", "ta"), ("5.11", "ta")]
)
def test_devices_are_called_as_their_kernel_calls_them(release: str, name: str) -> None:
    device = DeviceConfig("d", "drv", driver_name="drv-tee", dev_name="ta", older_name=((5, 10, 20), "optee-clnt0"))
    prod = kernel("prod", V5_10, {}, release=release)
    assert device.printed(prod) == ("drv-tee", name)
    assert DeviceConfig("d", "drv").printed(prod) == ("drv", "d")


WORDED = [("6.9.3", "nope: probe of x failed"), ("6.10", "probe with driver nope")]


@pytest.mark.parametrize(("release", "line"), WORDED)
def test_a_failed_probe_is_worded_as_its_kernel_words_it(release: str, line: str) -> None:
    drivers = {"optee": OPTEE_NEVER_DRAINS, "nope": Hooks(ops("tee_client_open_session"))}
    prod = kernel("prod", V5_10, drivers, release=release)
    device = DeviceConfig("x", "nope", bus="tee", service="ftpm-ta")
    machine = Machine(tee_machine(prod, devices=(replace(FTPM, driver="first"), device)))
    machine.power_on("prod")
    machine.run_until("enumerate_devices")
    machine.state.secure.open_session("ftpm-ta", 0, "dead")
    machine.run_until("up")
    assert any(line in said for said in machine.log), machine.log
    assert [harm.kind for harm in machine.harms] == [HarmKind.REFUSED]
    assert "x" not in machine.bound


# The whole machine.


def test_powering_on_again_starts_from_the_platforms_reset() -> None:
    machine = running()
    machine.call_enters()
    assert machine.state.secure.registrations
    machine.power_on("prod")
    secure = machine.state.secure
    assert (secure.registrations, secure.sessions, secure.heap.used) == ([], [], secure.config.base_use)
    assert all(thread.state is ThreadState.FREE for thread in secure.threads)
    assert (machine.state.entered_by, machine.generation) == ("reset", 2)


def test_a_caller_that_waits_for_a_thread_gets_the_one_that_comes_free() -> None:
    machine = running(threads=1)
    machine.call_enters()
    assert machine.call_enters("bnxt-fw").outcome is Outcome.WAITING
    assert machine.blocked == (("bnxt-fw", "call-enters", "thread"),)
    machine.call_returns(0)
    assert machine.blocked == () and machine.state.secure.threads[0].owner == "bnxt-fw"


def test_a_suspended_call_is_suspended_and_a_crash_suspends_all() -> None:
    machine = running(threads=2)
    machine.call_enters()
    machine.call_enters("bnxt-fw")
    event = machine.call_suspends(0)
    assert event.actor == "thread0"
    assert [thread.state for thread in machine.state.secure.threads] == [ThreadState.SUSPENDED, ThreadState.ACTIVE]
    machine.crash("prod")
    assert [thread.state for thread in machine.state.secure.threads] == [ThreadState.SUSPENDED] * 2
    assert machine.log[-1] == "Bye!"


def test_a_driver_does_what_it_is_asked_for_until_something_fails() -> None:
    more = buf("tee_shm_alloc", "4KiB", name="more")
    hooks = Hooks(ops("tee_client_open_session"), runtime=(more, *ops("tee_client_close_session")))
    machine = running({"optee": OPTEE_NEVER_DRAINS, "tee_bnxt_fw": hooks})
    assert machine.asks("bnxt-fw").outcome is Outcome.OK
    secure = machine.state.secure
    assert [one.client for one in secure.registrations] == ["bnxt-fw"] and secure.sessions == []
    machine.registration_fails()
    secure.open_session("bnxt", machine.generation, "bnxt-fw")
    assert machine.asks("bnxt-fw").outcome is Outcome.FAILED
    assert len(secure.sessions) == 1, "what stands behind the failure is not done"


def test_what_a_device_needs_and_nobody_provides_leaves_it_unbound() -> None:
    for needs, bound in ((("bnxt-firmware",), True), (("nothing",), False)):
        nic = DeviceConfig("nic", "plain", bus="pci", needs=needs)
        machine = running({**DRIVERS, "plain": Hooks()}, devices=(BNXT, nic))
        assert ("nic" in machine.bound) is bound
        assert machine.state.devices["nic"].bound is bound
        assert machine.harms == ()


def test_a_kernel_drives_neither_what_it_has_no_driver_for_nor_what_it_is_said_not_to() -> None:
    absent = replace(BNXT, absent_in=frozenset({"prod"}))
    for device in (replace(BNXT, driver="unknown"), absent):
        machine = running(devices=(device,))
        assert machine.bound == ("tee",)


def test_the_ffa_core_goes_behind_the_tee_and_the_smmus_go_last() -> None:
    core = DeviceConfig("ffa", "arm_ffa", bus="ffa", provides=("ffa",))
    drivers = {
        "arm_ffa": Hooks(ops("ffa_rxtx_map"), ops("ffa_rxtx_unmap")), "optee-ffa": Hooks(ops("enumerate_devices")),
        "arm-smmu": ARM_SMMU_6_1,
    }  # fmt: skip
    secure = SecureConfig(abi="ffa", driver="optee-ffa", needs=("ffa",))
    prod = kernel("prod", V6_12, drivers)
    machine = Machine(MachineConfig((prod,), MEMORY, secure, (SMMU2, replace(SMMU2, name="other")), (core,)))
    machine.power_on("prod")
    machine.run_until("up")
    assert machine.bound == (SMMU2.name, "other", "ffa", "tee")
    assert machine.program.default_order() == ("tee", "ffa", "other", SMMU2.name)
    assert machine.state.ffa.rxtx_generation == 1
    machine.begin("kexec", "prod", "stopped")
    machine.run_until("walk-done")
    assert machine.state.ffa.rxtx_generation is None


def test_a_kernel_whose_buffers_are_mapped_twice_has_no_ffa_bus() -> None:
    core = DeviceConfig("ffa", "arm_ffa", bus="ffa", provides=("ffa",))
    drivers = {"arm_ffa": Hooks(ops("ffa_rxtx_map")), "optee-ffa": Hooks(ops("enumerate_devices"))}
    secure = SecureConfig(abi="ffa", driver="optee-ffa", needs=("ffa",))
    machine = Machine(MachineConfig((kernel("prod", V6_12, drivers),), MEMORY, secure, (), (core,)))
    machine.power_on("prod")
    machine.run_until("up")
    machine.crash("prod")
    machine.run_until("up")
    assert machine.bound == ()
    (harm,) = machine.harms
    assert (harm.kind, harm.where, harm.detail["mapped_by"]) == (HarmKind.REFUSED, "ffa_rxtx_map", 1)


def test_a_duty_that_nobody_provides_is_a_refusal_and_a_lost_thread_too_many_is_told() -> None:
    for duties, wanted in ((("bnxt-firmware", "tee", "tee_bnxt_fw"), []), (("rng",), ["duty:rng"])):
        prod = kernel("prod", V5_10, DRIVERS, duties=duties)
        machine = Machine(tee_machine(prod, devices=(BNXT,)))
        machine.power_on("prod")
        machine.run_until("up")
        assert [harm.where for harm in machine.harms] == wanted
    for threads, least, wanted in ((2, 1, []), (2, 2, ["secure-threads"]), (1, 0, [])):
        prod = kernel("prod", V5_10, {"optee": Hooks(ops("enumerate_devices"))}, min_threads=least)
        machine = Machine(tee_machine(prod, threads=threads, suspended_threads=1, lists_devices=False))
        machine.power_on("prod")
        machine.run_until("up")
        assert [harm.where for harm in machine.harms] == wanted
        if wanted:
            assert (machine.harms[0].detail["stale"], machine.harms[0].detail["threads"]) == ((0,), 2)


def test_residue_is_counted_at_the_drivers_binding_after_a_clean_kexec_only() -> None:
    machine = running()
    machine.crash("prod")
    machine.run_until("up")
    assert machine.harms == ()
    machine.begin("kexec", "prod", "stopped")
    machine.run_until("jump")
    machine.run_until("up")
    (leak,) = machine.harms
    assert (leak.kind, leak.where, leak.detail["count"], leak.detail["clients"]) == (
        HarmKind.LEAK, "registrations", 2, ("bnxt-fw",),
    )  # fmt: skip
    assert leak.detail["pages"] == 2
