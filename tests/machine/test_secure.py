"""The secure world's mechanisms, one by one, against OP-TEE @3.13.0 (and @4.9.0 where said)."""

from __future__ import annotations

from kexecspec.machine.config import SecureConfig, Service
from kexecspec.machine.ffa import FFA_BUSY, FFA_DENIED, FFA_NO_MEMORY, FFA_OK, FfaPartition
from kexecspec.machine.heap import cost, mobj_cost, page_array_cost
from kexecspec.machine.objects import (
    BAD_PARAMETERS,
    BLOCKED,
    EBADADDR,
    EBUSY,
    ENOMEM,
    ENOTAVAIL,
    ERESUME,
    ETHREAD_LIMIT,
    OK,
    SUCCESS,
    TA_BUSY,
    ThreadState,
)
from kexecspec.machine.secure import SecureWorld


def world(**more: object) -> SecureWorld:
    return SecureWorld(SecureConfig(**{"base_use": 0, **more}))  # type: ignore[arg-type]


def test_heap_costs() -> None:
    """72-byte struct, 8 bytes a page, 16-byte quantum and header: 8288 for 4 MiB, 8208 on the way, 96 for a
    page.

    core/arch/arm/mm/mobj_dyn_shm.c, lib/libutils/isoc/bget.c@3.13.0
    """
    assert mobj_cost(1024) == 8288
    assert page_array_cost(1024) == 8208
    assert mobj_cost(1) == 96
    assert cost(1) == 32


def test_registration_needs_the_page_array_and_the_object_at_once() -> None:
    """msg_param_mobj_from_noncontig frees the page array last; a refusal is BAD_PARAMETERS and changes
    nothing.
    """
    secure = world(heap_size=8208 + 8288)
    assert secure.register(1, ((0, 1024),), 1, "bnxt") == SUCCESS
    assert secure.heap.used == 8288
    tight = world(heap_size=8208 + 8287)
    assert tight.register(1, ((0, 1024),), 1, "bnxt") == BAD_PARAMETERS
    assert tight.refusal == "heap"
    assert tight.heap.used == 0


def test_cookies_are_looked_up_newest_first() -> None:
    """reg_shm_find_unlocked goes from the head; releasing the newest uncovers the older one."""
    secure = world()
    secure.register(7, ((0, 1),), 1, "old")
    secure.register(7, ((5, 1),), 2, "new")
    assert secure.find(7).client == "new"
    assert secure.unregister(7) == SUCCESS
    assert secure.find(7).client == "old"
    assert secure.unregister(7) == SUCCESS
    assert secure.unregister(7) == BAD_PARAMETERS


def test_registration_has_no_overlap_check() -> None:
    """mobj_reg_shm_alloc looks at alignment and at memory type only."""
    secure = world()
    assert secure.register(1, ((0, 4),), 1, "a") == SUCCESS
    assert secure.register(2, ((2, 4),), 2, "b") == SUCCESS
    secure.protected.append((100, 4, 1))
    assert secure.register(3, ((102, 1),), 2, "c") == BAD_PARAMETERS


def test_unregister_waits_for_its_users() -> None:
    """mobj_reg_shm_release_by_cookie waits on a condition variable until the last reference is dropped."""
    secure = world()
    secure.register(1, ((0, 2),), 1, "a")
    _, thread = secure.enter(1, "a", 9, None)
    assert secure.use(thread, secure.find(1), mapped=True)
    assert secure.unregister(1) == BLOCKED
    secure.leave(thread)
    assert secure.unregister(1) == SUCCESS
    assert secure.va.used == 0


def test_threads_and_their_return_codes() -> None:
    """thread_alloc_and_run, thread_resume_from_rpc."""
    secure = world(threads=2)
    code, first = secure.enter(1, "a", 9, None)
    assert (code, first.state) == (OK, ThreadState.ACTIVE)
    assert secure.enter(1, "b", 10, None)[0] == OK
    assert secure.enter(1, "c", 11, None)[0] == ETHREAD_LIMIT
    assert secure.resume(0) == ERESUME
    secure.suspend(first)
    assert secure.resume(0) == OK
    assert secure.resume(5) == ERESUME
    secure.leave(first)
    assert first.state is ThreadState.FREE


def test_arguments_cost_heap_and_address_space_while_the_call_lasts() -> None:
    """map_cmd_buffer: an implicit, guarded registration with cookie 0."""
    secure = world(heap_size=96, va_space=4096)
    _, thread = secure.enter(1, "a", 9, None)
    assert secure.heap.free == 0
    assert secure.va.free == 0
    assert secure.find(0) is None
    assert secure.unregister(0) == BAD_PARAMETERS
    assert secure.enter(1, "b", 10, None)[0] == EBADADDR
    secure.leave(thread)
    assert secure.heap.used == secure.va.used == 0
    assert secure.registrations == []


def test_registered_arguments() -> None:
    """std_entry_with_regd_arg@4.9.0: EBADADDR for a cookie that is not there, ENOMEM when it cannot be
    mapped.
    """
    secure = world(va_space=0)
    assert secure.enter(1, "a", None, 5)[0] == EBADADDR
    secure.register(5, ((1, 1),), 1, "a")
    assert secure.enter(1, "a", None, 5)[0] == ENOMEM


def test_the_cache_is_busy_unless_every_thread_is_free() -> None:
    """thread_disable_prealloc_rpc_cache and thread_enable_prealloc_rpc_cache."""
    secure = world(threads=2)
    _, thread = secure.enter(1, "a", 9, None)
    assert secure.disable_shm_cache() == (EBUSY, 0)
    assert secure.enable_shm_cache() == EBUSY
    assert secure.share_rpc_arg(thread, 0xFFFF, 12)
    secure.leave(thread)
    assert secure.enable_shm_cache() == OK
    assert secure.disable_shm_cache() == (OK, 0xFFFF)
    assert secure.disable_shm_cache() == (ENOTAVAIL, 0)
    assert not secure.cache_enabled
    assert secure.heap.used == 0


def test_without_a_cache_enable_is_never_busy_and_disable_still_is() -> None:
    """CFG_PREALLOC_RPC_CACHE=n, thread_optee_smc.c@4.9.0."""
    secure = world(prealloc_cache=False)
    secure.enter(1, "a", 9, None)
    assert secure.enable_shm_cache() == OK
    assert secure.disable_shm_cache() == (EBUSY, 0)


def test_sessions_of_single_instance_tas() -> None:
    """tee_ta_init_session_with_context: TEE_ERROR_BUSY unless multi-session or unreferenced."""
    secure = world(services=(Service("ta", single_instance=True, multi_session=False),))
    assert secure.open_session("ta", 1, "a") == SUCCESS
    assert secure.open_session("ta", 2, "a") == TA_BUSY
    assert secure.open_session("pta", 1, "a") == secure.open_session("pta", 2, "b") == SUCCESS
    secure.close_session("ta", 1, "a")
    assert secure.open_session("ta", 2, "a") == SUCCESS
    assert secure.heap.used == 3 * 176


def test_locks_outlive_their_kernel() -> None:
    """A mutex held by a suspended thread keeps everybody else asleep."""
    secure = world(threads=2)
    _, first = secure.enter(1, "a", 9, None)
    _, second = secure.enter(2, "b", 10, None)
    assert secure.lock(first, "tee_ta_mutex")
    assert not secure.lock(second, "tee_ta_mutex")
    assert (second.state, second.wants) == (ThreadState.SUSPENDED, "tee_ta_mutex")
    secure.leave(first)
    assert secure.lock(second, "tee_ta_mutex")


def test_a_boot_loader_may_leave_threads_suspended() -> None:
    """What it left counts like any other thread that nobody resumes."""
    secure = world(threads=3, suspended_threads=2)
    assert [thread.state.value for thread in secure.threads] == ["SUSPENDED", "SUSPENDED", "FREE"]
    assert secure.disable_shm_cache()[0] == EBUSY


def test_address_space_leaks_before_3_13_0() -> None:
    """d627f5569: mobj_reg_shm_dec_map tested its refcount the wrong way round."""
    secure = world(va_leaks=True)
    secure.register(1, ((0, 4),), 1, "a")
    _, thread = secure.enter(1, "a", 9, None)
    secure.use(thread, secure.find(1), mapped=True)
    secure.leave(thread)
    assert secure.va.used == 4 * 4096


def test_ffa_handles() -> None:
    """mobj_ffa_sel1_spmc_new@4.9.0: 64 live shares; reclaim is BUSY while a thread uses the memory."""
    secure = world(handles=2, abi="ffa")
    ffa = FfaPartition(secure)
    code, handle = ffa.share(((0, 1),), 1, "a")
    assert code == FFA_OK
    assert ffa.share(((0, 1),), 1, "b")[0] == FFA_OK, "two ordinary shares may overlap"
    assert ffa.share(((9, 1),), 1, "c")[0] == FFA_NO_MEMORY
    _, thread = secure.enter(1, "a", None, handle)
    assert ffa.reclaim(handle) == FFA_BUSY
    secure.leave(thread)
    assert ffa.reclaim(handle) == FFA_OK
    assert len(ffa.handles) == 1
    assert ffa.share(((9, 1),), 1, "c") == (FFA_OK, handle)


def test_ffa_buffer_pair() -> None:
    """spmc_handle_rxtx_map@4.9.0: DENIED while one is mapped."""
    ffa = FfaPartition(world(abi="ffa"))
    assert ffa.rxtx_map(1) == FFA_OK
    assert ffa.rxtx_map(2) == FFA_DENIED
    ffa.rxtx_unmap()
    assert ffa.rxtx_map(2) == FFA_OK
