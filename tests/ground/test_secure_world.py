"""The rules of calls into the secure world, on small platforms: what a state allows next, and what is left of it.

Every run is performed by the executable model as well, which has to show the same states.
"""

from __future__ import annotations

from typing import Any

from tests.steered import Steered, steered

HANDOFFS = ("p -kexec-> p", "p -kexec -e-> p", "p -crash-> p")
BEGIN, BEGIN_FORCED = "begin.p -kexec-> p", "begin.p -kexec-> p, user space running"
JUMP_FORCED, CRASHES = "jump.p -kexec-> p, user space running", "crash.p -crash-> p"
DRAIN = "optee.shutdown.disable_shm_cache"
BASE = 20000
RNG = {"rng": {"driver": "optee-rng"}}
DIES = {"present": True, "may_die": True}
NESTS = {"optee-rpc-alloc-priv": False}
"""Between 376e4199e327's two halves: an RPC's allocation is registered, which needs another secure thread."""
KILLABLE = "6.12.117"
"""Has 70b0d6b0a199: a task that waits for the supplicant can be killed."""
PARKS = ("tee.user_call_enters", "tee.user_rpc_caches", "tee.call_parks")
NESTED = ("tee.user_call_enters", "tee.rpc_registers")
ASKED = {"hwrng": {"makes_rpc": True}}
LATE = {"optee-drains-at-probe": False}
STORED = {"sessions": 2, "services": ["storage"]}
LOCKS = {"services": {"storage": {"makes_rpc": True, "locks": ["busy"]}}, "prealloc_cache": False}


def booted(
    version: str, space: Any = None, devices: Any = None, room: int = 40000, features: Any = None,
    **world: Any,
) -> Steered:  # fmt: skip
    """A kernel that is up; `room` bytes of the secure heap are free for it."""
    kernel = {"version": version, "user_space": space or {}, "features": features or {}}
    tee = {"optee": "3.13.0", "threads": 2, "heap": {"size": BASE + room, "base_use": BASE}} | world
    content = {"secure_world": tee, "devices": devices or {}, "kernels": {"p": kernel}, "handoffs": list(HANDOFFS)}
    return steered(content).starts()


def test_init_kills_who_waits_for_the_supplicant_and_its_pages_go() -> None:
    run = booted(KILLABLE, space={"sessions": 1, "pages": 1}, supplicant=DIES)

    run.does("tee.user_registers", "tee.supplicant_dies", *PARKS, BEGIN)

    assert (run["tee.parked"], run["tee.live_user"], run["tee.user_pages"]) == (0, 0, 0)
    assert run.may(f"{DRAIN}.drains")
    assert run.parted == ""


def test_init_kills_a_process_without_calls_and_its_pages_go() -> None:
    run = booted("6.1.3", space={"pages": 1})

    run.does("tee.user_registers", BEGIN)

    assert run["tee.user_pages"] == 0
    assert run.parted == ""


def test_a_kexec_under_user_space_leaves_its_page_registered() -> None:
    run = booted("6.1.3", space={"pages": 1}, room=300)

    run.does("tee.user_registers", BEGIN_FORCED, f"{DRAIN}.drains", JUMP_FORCED)
    assert run["tee.user_left"] is True
    run.starts()

    assert (run.may("tee.user_refused"), run.may("tee.user_registers")) == (True, False)
    assert run.does("tee.user_refused").parted == ""


def test_a_crash_leaves_the_refusal_of_a_page_behind() -> None:
    run = booted("6.1.3", space={"pages": 1}, room=300)
    run.does("tee.user_registers", BEGIN_FORCED, f"{DRAIN}.drains", JUMP_FORCED).starts()

    run.does("tee.user_refused", CRASHES)

    assert run["tee.user_refusal"] is False
    assert run.parted == ""


def test_a_kernel_that_fills_the_heap_itself_has_no_one_to_blame() -> None:
    run = booted("6.1.3", space={"pages": 2}, room=300)

    run.does("tee.user_registers")

    assert (run.may("tee.user_registers"), run.may("tee.user_refused")) == (False, False)
    assert run.parted == ""


def test_the_argument_of_a_call_takes_room_while_it_is_inside() -> None:
    run = booted("6.1.3", space={"sessions": 1, "pages": 1}, room=300)
    assert run.may("tee.user_registers")

    run.does("tee.user_call_enters")
    assert not run.may("tee.user_registers")
    run.does("tee.user_call_returns")
    assert run.may("tee.user_registers")

    assert run.parted == ""


def test_over_old_ff_a_a_call_shares_its_argument_and_needs_room_for_that() -> None:
    run = booted("5.17", space={"sessions": 1, "pages": 1}, abi="ffa", optee="4.4.0", room=150)
    assert run.may("tee.user_call_enters") and run.may("tee.user_registers")

    run.does("tee.user_call_enters")
    assert not run.may("tee.user_registers")
    run.does("tee.user_call_returns", "tee.user_registers")
    assert not run.may("tee.user_call_enters")

    assert run.parted == ""


def test_over_old_ff_a_calls_and_pages_take_handles_alike() -> None:
    run = booted("5.17", space={"sessions": 1, "pages": 1}, abi="ffa", optee="4.4.0", handles=1)
    assert run.may("tee.user_call_enters") and run.may("tee.user_registers")

    run.does("tee.user_call_enters")
    assert (run.may("tee.user_registers"), run.may("tee.user_refused")) == (False, False)
    run.does("tee.user_call_returns", "tee.user_registers")
    assert not run.may("tee.user_call_enters")

    assert run.parted == ""


def test_a_buffer_pair_stays_mapped_for_a_kernel_that_crashed() -> None:
    run = booted("6.12", abi="ffa", optee="4.4.0").does(CRASHES)

    assert run["tee.rxtx"] == "stale"
    assert not run.may("arm_ffa.probe.ffa_rxtx_map.maps")
    assert run.does("arm_ffa.probe.ffa_rxtx_map.refused").parted == ""


def test_pages_of_the_killed_wait_for_a_thread_and_go_when_the_kernels_call_ends() -> None:
    run = booted("6.1.3", space={"pages": 1}, devices=RNG, threads=1)

    run.does("tee.user_registers", "tee.kernel_call_enters", BEGIN)
    assert run["tee.user_pages"] == 1
    run.does("tee.kernel_call_returns")
    assert run["tee.user_pages"] == 0

    assert run.parted == ""


def test_pages_of_the_living_stay_when_the_kernels_call_ends() -> None:
    run = booted("6.1.3", space={"pages": 1}, devices=RNG)

    run.does("tee.user_registers", "tee.kernel_call_enters", BEGIN_FORCED, "tee.kernel_call_returns")

    assert run["tee.user_pages"] == 1
    assert run.parted == ""


def test_pages_of_who_cannot_be_killed_stay_when_the_kernels_call_ends() -> None:
    run = booted("6.1.3", space={"sessions": 1, "pages": 1}, devices=RNG)

    run.does("tee.user_registers", *PARKS, "tee.kernel_call_enters", BEGIN, "tee.kernel_call_returns")

    assert (run["tee.parked"], run["tee.user_pages"]) == (1, 1)
    assert run.parted == ""


def test_a_call_that_waits_is_still_its_sessions_only_one() -> None:
    parked = booted("6.1.3", space={"sessions": 1}, threads=3).does(*PARKS)
    nested = booted("5.14", space={"sessions": 1}, threads=3, features=NESTS).does(*NESTED)

    for run in (parked, nested):
        assert not run.may("tee.user_call_enters")
        assert run.parted == ""


def test_a_nested_call_of_a_dead_kernel_is_one_more_thread_that_is_lost() -> None:
    run = booted("5.14", space={"sessions": 1}, features=NESTS).does(*NESTED, CRASHES)

    assert (run["tee.nested"], run["tee.stale"]) == (0, 1)
    assert run.parted == ""


def test_a_nested_call_of_the_killed_waits_while_the_kernels_call_has_the_other_thread() -> None:
    run = booted("5.14", space={"sessions": 1}, devices=RNG, features=NESTS)

    run.does("tee.user_call_enters", "tee.kernel_call_enters", "tee.rpc_registers", BEGIN)
    assert run["tee.nested"] == 1
    run.does("tee.kernel_call_returns", "tee.nested_call_done")

    assert run.parted == ""


def test_a_nested_call_of_the_killed_waits_while_one_who_cannot_be_killed_has_the_other_thread() -> None:
    run = booted("5.14", space={"sessions": 2}, features=NESTS, prealloc_cache=False)

    run.does("tee.user_call_enters", "tee.call_parks", *NESTED, BEGIN)

    assert (run["tee.parked"], run["tee.nested"]) == (1, 1)
    assert run.parted == ""


def test_who_sleeps_on_a_dead_kernels_lock_is_not_killed_and_is_the_only_one() -> None:
    run = booted("5.4.100", space=STORED, threads=3, **LOCKS)
    run.does("tee.user_call_enters", "tee.call_takes_lock", CRASHES).starts()

    run.does("tee.user_call_enters", "tee.user_call_enters", "tee.call_sleeps_on_lock", BEGIN)

    assert (run["tee.stale"], run["tee.live_user"]) == (1, 1)
    assert run.parted == ""


def test_a_nested_call_waits_where_a_sleeper_and_a_dead_kernel_have_the_other_threads() -> None:
    run = booted("5.4.141", space=STORED, threads=3, features=NESTS | LATE, **LOCKS)
    run.does("tee.user_call_enters", "tee.call_takes_lock", CRASHES).starts()

    run.does("tee.user_call_enters", "tee.user_call_enters", "tee.call_sleeps_on_lock", "tee.rpc_registers", BEGIN)

    assert (run["tee.stale"], run["tee.live_user"], run["tee.nested"]) == (1, 1, 1)
    assert run.parted == ""


def asking() -> Steered:
    """A kernel whose random numbers come by a call with an RPC, and that left a cookie when it crashed."""
    run = booted("5.10.19", devices=RNG, services=ASKED)
    run.does("tee.kernel_call_enters", "tee.kernel_rpc_caches", "tee.kernel_call_returns", CRASHES)
    assert run["tee.cache_stale"] == 1
    return run.starts()


def test_the_call_of_a_kernel_thread_is_given_a_dead_kernels_cookie() -> None:
    run = asking().does("tee.kernel_call_enters")

    assert not run.may("tee.kernel_rpc_caches")
    assert run.does("tee.rpc_follows_stale").parted == ""


def test_an_oops_in_the_drain_is_the_dead_kernels_own() -> None:
    run = booted("6.1.3", devices=RNG, features=LATE, services=ASKED)
    run.does("tee.kernel_call_enters", "tee.kernel_rpc_caches", "tee.kernel_call_returns", CRASHES).starts()

    run.does(BEGIN, f"{DRAIN}.follows_stale")
    assert run["tee.oops_drain"] is True
    assert run.parted == ""

    assert run.does(CRASHES)["tee.oops_drain"] is False


def test_every_kind_of_call_that_a_crash_interrupts_is_a_suspended_thread() -> None:
    parked = booted("6.1.3", space={"sessions": 1}).does(*PARKS, CRASHES)
    called = booted("6.1.3", devices=RNG).does("tee.kernel_call_enters", CRASHES)

    for run in (parked, called):
        assert (run["tee.parked"], run["tee.live_kernel"], run["tee.stale"]) == (0, 0, 1)
        assert run.parted == ""


def test_a_nested_call_of_the_killed_ends_where_a_thread_is_free_and_its_page_is_the_processes() -> None:
    run = booted("5.14", space={"sessions": 1}, features=NESTS).does(*NESTED, BEGIN)

    assert (run["tee.nested"], run["tee.cache_own"], run["tee.cache_user"]) == (0, 1, True)
    assert run.parted == ""


def test_a_call_of_the_killed_without_an_rpc_leaves_no_page() -> None:
    run = booted("5.14", space={"sessions": 1}).does("tee.user_call_enters", BEGIN)

    assert (run["tee.live_user"], run["tee.cache_own"], run["tee.cache_user"]) == (0, 0, False)
    assert run.parted == ""


def test_the_drain_waits_for_a_call_that_is_inside() -> None:
    run = booted("6.1.3", space={"sessions": 1}).does("tee.user_call_enters", BEGIN_FORCED)
    assert (run.may(f"{DRAIN}.drains"), run.may(f"{DRAIN}.waits")) == (False, True)

    run.does(f"{DRAIN}.waits", "tee.user_call_returns", f"{DRAIN}.drains")

    assert run.parted == ""


def test_the_drain_of_a_kernel_that_left_nothing_follows_nothing() -> None:
    run = booted("6.1.3", space={"sessions": 1}).does("tee.user_call_enters", "tee.user_rpc_caches", BEGIN)

    assert not run.may(f"{DRAIN}.follows_stale") and not run.may(f"{DRAIN}.closes_client")
    assert run.does(f"{DRAIN}.drains").parted == ""


def test_before_the_drivers_own_context_the_drain_closes_the_session_of_a_client_that_was_killed() -> None:
    run = booted("5.14", space={"sessions": 1}).does("tee.user_call_enters", "tee.user_rpc_caches", BEGIN)

    run.does(f"{DRAIN}.closes_client")

    assert run["tee.drain_deadlock"] is True
    assert run.parted == ""


def test_a_call_without_a_free_thread_waits_outside() -> None:
    run = booted("6.1.3", space={"sessions": 1, "pages": 1}, devices=RNG, threads=1).does("tee.kernel_call_enters")

    assert not run.may("tee.user_call_enters") and not run.may("tee.user_registers")
    assert run.does("tee.kernel_call_returns").may("tee.user_call_enters")
    assert run.parted == ""


def test_only_a_call_makes_an_rpc_and_its_page_is_cached_once() -> None:
    run = booted("6.1.3", space={"sessions": 1}, devices=RNG).does("tee.kernel_call_enters")
    assert not run.may("tee.user_rpc_caches")

    run.does("tee.kernel_call_returns", "tee.user_call_enters", "tee.user_rpc_caches")

    assert not run.may("tee.user_rpc_caches")
    assert run.parted == ""


def test_a_call_that_holds_a_lock_may_be_on_any_secure_thread_too() -> None:
    run = booted("6.1.3", space=STORED, devices=RNG, services=LOCKS["services"])

    run.does("tee.user_call_enters", "tee.kernel_call_enters", "tee.call_takes_lock")
    run.does("tee.user_rpc_caches", "tee.user_rpc_caches")

    assert run.parted == ""


def test_only_a_call_follows_a_dead_kernels_cookie() -> None:
    asks = asking()
    assert not asks.may("tee.rpc_follows_stale")
    used = booted("5.10.19", space={"sessions": 1})
    used.does("tee.user_call_enters", "tee.user_rpc_caches", "tee.user_call_returns", CRASHES).starts()
    assert not used.may("tee.rpc_follows_stale")

    used.does("tee.user_call_enters", "tee.rpc_follows_stale")

    assert used.parted == ""


def test_a_page_that_an_rpc_registers_needs_a_second_thread() -> None:
    for threads, may in ((1, False), (2, True)):
        user = booted("5.14", space={"sessions": 1}, features=NESTS, threads=threads).does("tee.user_call_enters")
        kernel = booted("5.14", devices=RNG, services=ASKED, features=NESTS, threads=threads)
        kernel.does("tee.kernel_call_enters")

        assert (user.may("tee.user_rpc_caches"), kernel.may("tee.kernel_rpc_caches")) == (may, may)
        assert user.may("tee.rpc_registers")


def test_an_rpc_with_a_cached_page_registers_none() -> None:
    run = booted("5.14", space={"sessions": 1}, features=NESTS).does("tee.user_call_enters", "tee.user_rpc_caches")

    assert not run.may("tee.rpc_registers")
    assert run.parted == ""


def test_a_cached_page_is_of_no_use_to_the_call_on_another_thread() -> None:
    run = booted("5.14", space={"sessions": 1}, devices=RNG, features=NESTS)
    run.does("tee.user_call_enters", "tee.user_rpc_caches", "tee.user_call_returns", "tee.kernel_call_enters")

    run.does("tee.user_call_enters", "tee.rpc_registers")

    assert run.parted == ""


def test_only_a_call_takes_a_lock_and_it_gives_it_back() -> None:
    run = booted("5.4.100", space=STORED, **LOCKS)
    assert not run.may("tee.call_takes_lock")

    run.does("tee.user_call_enters", "tee.call_takes_lock")
    assert not run.may("tee.user_call_returns")
    run.does("tee.call_drops_lock", "tee.user_call_returns")

    assert run.parted == ""


PEAK = 96 + 32 + 96
"""Heap bytes while a page is registered: the call's argument, the array of pages, and the object that stays."""


def test_the_dead_are_to_blame_where_the_last_byte_would_have_done() -> None:
    run = booted("6.1.3", space={"sessions": 1, "pages": 1}, threads=1, room=PEAK)
    assert run.may("tee.user_registers")
    run.does("tee.user_registers", BEGIN_FORCED, f"{DRAIN}.drains", JUMP_FORCED).starts()

    assert run.does("tee.user_refused").parted == ""


def test_a_page_that_waits_for_a_thread_is_not_refused() -> None:
    run = booted("6.1.3", space={"sessions": 1, "pages": 1}, threads=1, room=PEAK + 96)
    run.does("tee.user_registers", BEGIN_FORCED, f"{DRAIN}.drains", JUMP_FORCED).starts()

    run.does("tee.user_call_enters")

    assert (run.may("tee.user_registers"), run.may("tee.user_refused")) == (False, False)
    assert run.parted == ""


def test_a_byte_less_and_nobody_is_to_blame() -> None:
    run = booted("6.1.3", space={"pages": 1}, room=PEAK - 1)

    assert (run.may("tee.user_registers"), run.may("tee.user_refused")) == (False, False)
