"""What each property of calls, memory and sessions calls a harm and what it does not, and of what it would say nothing
at all: platforms of one secure world that differ from a harmful one in one thing."""

from __future__ import annotations

import pytest

from tests.small import disagreements, small
from tests.test_specs_clients import SMC, one

WORLD = """
platform: calls
secure_world: {optee: 3.13.0, threads: 1, heap: {base_use: 20000}, supplicant: {present: true}}
kernels: {prod: {version: "5.14", user_space: {sessions: 1}}}
handoffs: [prod -kexec -e-> prod]
"""
SILENT = WORLD.replace(", user_space: {sessions: 1}", "")
UNCACHED = WORLD.replace("threads: 1,", "threads: 1, prealloc_cache: false,")
MORTAL = WORLD.replace("present: true", "present: true, may_die: true")
BUFFER = "tee_shm_alloc, buffer: page, size: 4KiB, flags: [mapped, dma_buf]"


def test_a_cookie_is_followed_only_where_a_call_leaves_one() -> None:
    cached, uncached = small(WORLD), small(UNCACHED)

    for code in ("KX101/drain@", "KX101/rpc@"):
        assert cached.handoffs_to_premise(code) == 0
        assert uncached.handoffs_to_premise(code) is None


def test_threads_are_lost_only_where_there_are_calls() -> None:
    calls, silent = small(WORLD), small(SILENT)

    for code in ("KX104", "KX204/optee@"):
        assert calls.handoffs_to_premise(code) == 0
        assert silent.handoffs_to_premise(code) is None


def test_one_suspended_thread_of_one_holds_the_next_probe_for_ever() -> None:
    """The drain at probe answers EBUSY while a thread is not free (thread_optee_smc.c of OP-TEE 3.13.0)."""
    assert small(WORLD).handoffs_to_harm("KX201") == 1


@pytest.mark.parametrize(("least", "found"), [(1, None), (2, 1)])
def test_a_lost_thread_counts_where_the_kernel_needs_more_than_are_left(least: int, found: int | None) -> None:
    text = WORLD.replace("threads: 1,", f"threads: 2, min_threads: {least}, prealloc_cache: false,")
    text = text.replace("5.14", "5.10")
    rules = small(text)

    assert rules.handoffs_to_harm("KX202") == found
    assert rules.handoffs_to_premise("KX202") == 0
    assert rules.handoffs_to({"tee.stale": 1, "phase": "up"}) == 1
    assert disagreements(text) == []


def test_a_shutdown_never_ends_where_a_call_waits_for_a_supplicant_that_died() -> None:
    """A call that is answered lets the drain end; one that waits for a dead supplicant does not."""
    assert small(WORLD).may_fire("optee.shutdown.disable_shm_cache.waits", {"tee.live_user": 1, "tee.stale": 0})
    assert small(WORLD).handoffs_to_harm("KX204") is None
    assert small(MORTAL).handoffs_to_harm("KX204") == 0


def test_a_clients_hook_that_waits_for_a_thread_of_a_living_call_is_served() -> None:
    text = WORLD.replace("kernels:", "devices: {held: {driver: generic-tee-client-shutdown}}\nkernels:")
    living, dead = small(text), small(text.replace("present: true", "present: true, may_die: true"))

    assert living.handoffs_to_premise("KX204/held@") == 0
    assert living.handoffs_to_harm("KX204/held@") is None
    assert dead.handoffs_to_harm("KX204/held@") == 0


def test_handlers_starve_each_other_where_they_hold_every_thread() -> None:
    """A suspended thread alone is no handler that waits."""
    nests = WORLD.replace("user_space", "features: {optee-rpc-alloc-priv: false}, user_space")

    assert small(nests).handoffs_to_harm("KX205") == 0
    assert small(WORLD).handoffs_to_harm("KX205") is None
    assert small(WORLD).handoffs_to({"tee.stale": 1}) == 1


@pytest.mark.parametrize(
    ("features", "leaks", "frees"),
    [
        ("", 0, None),
        (", features: {optee-pool-frees-on-error: true}", 0, 0),
        (", features: {optee-pool-frees-on-error: true, optee-pool-frees-right-pages: true}", None, None),
    ],
    ids=["5.10", "ec185dd3ab25", "18549bf4b21c"],
)
def test_what_a_failed_registration_does_with_its_pages(features: str, leaks: int | None, frees: int | None) -> None:
    """pool_op_alloc returned without freeing; then it freed from a pointer that had been advanced (CVE-2021-47087)."""
    text = one((BUFFER, SMC, "5.10"), 20000, fails=True).replace('"5.10"', f'"5.10"{features}')
    rules = small(text)

    assert (rules.handoffs_to_harm("KX106/held@"), rules.handoffs_to_harm("KX106/held:freed@")) == (leaks, frees)
    assert disagreements(text) == []


def test_what_is_said_of_memory_is_said_of_what_a_kernel_that_is_up_has_registered() -> None:
    rules, short = (small(one((BUFFER, SMC, "5.10"), room)) for room in (20000, 100))

    for code in ("KX102/held@", "KX103/held@"):
        assert rules.handoffs_to_premise(code, {"phase": "up"}) == 0
        assert rules.handoffs_to_premise(code, {"phase": "boot"}) is None
        assert short.handoffs_to_premise(code) is None
    assert rules.handoffs_to({"held.page.state": "registered", "phase": "boot"}) == 0


PAGES = """
platform: pages
secure_world: {optee: 3.13.0, threads: 1, heap: {size: 65536, base_use: BASE}, supplicant: {present: false}}
kernels: {prod: {version: "6.6", user_space: {pages: 1}}, next: {version: "6.6"WITHOUT}}
first: prod
handoffs: [prod -kexec -e-> next, next -kexec-> prod]
"""


def pages(room: int, without: str = "") -> str:
    return PAGES.replace("BASE", str(65536 - room)).replace("WITHOUT", without)


def test_a_page_of_user_space_that_is_left_harms_who_has_a_driver_for_the_secure_world() -> None:
    assert small(pages(20000)).handoffs_to_harm("KX102/user@kexec", {"kernel": "next"}) == 1
    without = small(pages(20000, ", tee_aware: false"))
    assert without.handoffs_to({"kernel": "next", "tee.user_left": True, "phase": "up"}) == 1
    assert without.handoffs_to_harm("KX102/user@kexec", {"kernel": "next"}) is None


def test_what_is_said_of_user_spaces_memory_is_said_of_what_is_registered_while_the_kernel_is_up() -> None:
    rules, short = small(pages(20000)), small(pages(10))

    assert rules.handoffs_to_premise("KX103/user@kexec", {"phase": "up"}) == 0
    assert rules.handoffs_to_premise("KX103/user@kexec", {"phase": "down"}) is None
    assert rules.handoffs_to({"tee.user_pages": 1, "phase": "down"}) == 0
    assert short.handoffs_to_premise("KX103/user@kexec") is None


def test_what_is_said_of_a_service_with_one_session_is_said_once_the_kernel_is_up() -> None:
    text = """
platform: one-session
secure_world:
  optee: 3.13.0
  heap: {size: 65536, base_use: 20000}
  supplicant: {present: false}
  services: {single: {ta_flags: [single_instance]}}
drivers: {talker: {kind: tee-client, needs: [tee], hooks: {probe: [tee_client_open_session], shutdown: []}}}
devices: {held: {driver: talker, service: single}}
kernels: {prod: {version: "6.6"}}
handoffs: [prod -systemctl kexec-> prod]
"""
    rules = small(text)

    assert rules.handoffs_to({"held.session": True, "phase": "boot"}) == 0
    assert rules.handoffs_to_premise("KX107", {"phase": "up"}) == 0
    assert rules.handoffs_to_premise("KX107", {"phase": "boot"}) is None
    assert rules.handoffs_to_harm("KX107") == 1
