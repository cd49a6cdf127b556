"""Three textbook platforms, explored to the last state: how many states and steps there are can be counted by hand.

A number that changes means that the rules say something else. Count again before it is pinned anew.
"""

from __future__ import annotations

from collections import Counter

from kexecspec.explore import Sweep
from kexecspec.ground.ground import ground
from kexecspec.ir.nodes import FALSE
from kexecspec.library import library
from kexecspec.platform.resolve import resolve
from kexecspec.source import parse

CLIENT = """
platform: one-client
secure_world: {optee: 3.13.0, heap: {size: 65536, base_use: 20000}, threads: 1, supplicant: {present: false}}
devices: {bnxt: {driver: tee_bnxt_fw}}
kernels: {prod: {version: 5.10.19}}
handoffs: [prod -systemctl kexec-> prod]
assume: {in_flight: none, registration_fails: false}
"""
MASTER = """
platform: one-master
memory: {ram: [0x8000_0000 + 2GiB]}
smmus: {smmu: {variant: "arm,mmu-500"}}
devices: {master: {driver: generic-platform, smmu: smmu, streams: [1], iova: 0x1000_0000 + 1MiB, dma: ring}}
kernels: {prod: {version: 6.12}}
handoffs: [prod -kexec-> prod]
"""
THREAD = """
platform: one-thread
secure_world: {optee: 3.13.0, threads: 1, heap: {base_use: 20000}, supplicant: {present: true}}
kernels: {prod: {version: 5.14, user_space: {sessions: 1}}}
handoffs: [prod -kexec -e-> prod]
"""


def counted(text: str) -> tuple[int, Counter[str]]:
    """The number of reachable states, and how often each rule leads from one of them to another or the same."""
    root = parse(text, "textbook.yaml")
    system = ground(resolve(root, "textbook.yaml", library()), library())
    sweep = Sweep(system, 10_000, strict=True)
    assert sweep.seek(FALSE) is None and sweep.complete
    fired = [move for row in sweep.origins for move in sweep.moves.at(row) if move.after(row) is not None]
    return len(sweep.origins), Counter(system.rules[move.number].name for move in fired)


def test_one_client_whose_buffer_is_left_behind() -> None:
    """The fourth kexec. A kernel passes 7 states: nothing probed; the cache enabled; optee bound; the session open;
    the client settled; up; down. Nobody has a hook, so it jumps from there. A dead kernel leaves 8464 of the heap's
    45536 free bytes, which fits four times, and the fifth kernel is refused: it passes the same 7 states, settled by
    failing. It has nothing to leave, so its successor starts in the state in which it started itself.
    5 kernels x 7 states, one step out of each."""
    states, steps = counted(CLIENT)

    assert states == 5 * 7
    assert steps == {
        "optee.probe.enable_shm_cache.enables": 5,
        "optee.probe.enumerate_devices.answers": 5,
        "bnxt.probe.tee_client_open_session.opens": 5,
        "bnxt.probe.tee_shm_alloc(fw).registers": 4,
        "bnxt.probe.tee_shm_alloc(fw).refused_by_residue": 1,
        "up": 5,
        "begin.prod -kexec-> prod": 5,
        "jump.prod -kexec-> prod": 5,
    }


def test_one_smmu_and_one_master() -> None:
    """A kernel passes 9 states: nothing probed; the SMMU's bypass window; the SMMU bound; the master attached, reset,
    started; up; down; the SMMU shut. No two things can happen at once. The first kernel finds the master off, all
    later ones find it on with a dead kernel's work, and they are all alike. Its window lies outside of RAM, and whether
    a device answers there nobody says: it may or may not, for ever. 2 x 2 x 9 states, one step out of each."""
    states, steps = counted(MASTER)

    assert states == 2 * 2 * 9
    assert set(steps.values()) == {2 * 2} and len(steps) == 9


def test_one_secure_thread_and_a_cached_argument() -> None:
    """Probing: 5 states (off, after each of 3 operations, bound). Then a call of user space is in the secure world
    or not, and an RPC argument is cached or not: 4 combinations, in each of 3 places, which are up, down, and the
    hook waiting for the thread. At last the cache is drained; user space still runs, so a call can enter even then:
    2 states. 5 + 4 x 3 + 2 states of the first kernel, and as many of each later one that finds nothing of an earlier
    one; only `entered` tells the first from the others. A kernel that finds the thread suspended passes 3 states: off,
    after the first operation, and waiting for ever.

    Steps of one kernel that finds nothing: 4 operations and `up`; in each of the 3 places a call enters (2 states have
    none) or returns (2), and caches (1); once more it enters or returns after the drain; begin from the 4 states of up;
    the drain succeeds from the 2 states without a call, when it is tried and when it waits, and starts to wait from the
    2 others; a jump with a call inside and one without. Of the others: the first operation, and the wait."""
    states, steps = counted(THREAD)

    assert states == 2 * (5 + 4 * 3 + 2) + 3
    assert steps == {
        "optee.probe.refuse_kdump.goes_on": 2 + 1,
        "optee.probe.disable_unmapped_shm_cache.drains": 2,
        "optee.probe.disable_unmapped_shm_cache.waits": 1,
        "optee.probe.enable_shm_cache.enables": 2,
        "optee.probe.enumerate_devices.answers": 2,
        "up": 2,
        "tee.user_call_enters": 2 * (3 * 2 + 1),
        "tee.user_call_returns": 2 * (3 * 2 + 1),
        "tee.user_rpc_caches": 2 * 3 * 1,
        "begin.prod -kexec-> prod": 2 * 4,
        "optee.shutdown.disable_shm_cache.drains": 2 * (2 + 2),
        "optee.shutdown.disable_shm_cache.waits": 2 * 2,
        "jump.prod -kexec-> prod": 2 * 2,
    }
