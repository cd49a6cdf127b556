"""Remote calls: secure world asks the kernel for something, with an argument page that the kernel gave it.

From get_rpc_arg and thread_rpc_cmd (OP-TEE @3.13.0), and optee_handle_rpc, handle_rpc_func_cmd and
OPTEE_SMC_RPC_FUNC_FREE (Linux).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kexecspec.machine.config import PAGE
from kexecspec.machine.objects import Thread, ThreadState
from kexecspec.machine.state import Steps
from kexecspec.machine.tee_shm import ENOMEM, rpc_flags

if TYPE_CHECKING:
    from kexecspec.machine.tee_driver import TeeDriver


def begin_rpc(tee: TeeDriver, thread: Thread, owner: str) -> Steps:
    """The thread leaves secure world with a request; the kernel looks into the argument page."""
    state = tee.state
    if tee.shared_arguments:
        assert thread.arg is not None
        state.secure_write(thread.arg.pages, f"secure thread {thread.index}", thread.generation)
    else:
        rc = yield from _argument_page(tee, thread, owner)
        if rc:
            return rc
        assert thread.rpc is not None
        state.secure_write(thread.rpc.pages, f"secure thread {thread.index}", thread.rpc.generation)
        state.secure.suspend(thread)
        known = thread.rpc.cookie in tee.buffers.by_cookie
        lr = "optee_handle_rpc" if state.running().has("optee-rpc-arg") else "handle_rpc_func_cmd"
        state.dereference(thread.rpc.cookie, known, "rpc", "tee_shm_get_va", lr)
    state.secure.suspend(thread)
    return 0


def end_rpcs(tee: TeeDriver, thread: Thread) -> Steps:
    """The call ends: without the cache its argument page goes back to the kernel."""
    state = tee.state
    thread.state = ThreadState.ACTIVE
    if thread.rpc is None or state.secure.cache_enabled:
        return 0
    cookie = thread.rpc.cookie
    state.secure.drop_rpc(thread)
    state.secure.suspend(thread)
    shm = tee.buffers.by_cookie.get(cookie)
    state.dereference(cookie, shm is not None, "rpc", "tee_shm_free", "optee_handle_rpc")
    assert shm is not None
    yield from tee.free(shm)
    return 0


def _argument_page(tee: TeeDriver, thread: Thread, owner: str) -> Steps:
    """OPTEE_SMC_RPC_FUNC_ALLOC: a page for the thread's RPC arguments, unless it has one."""
    if thread.rpc is not None:
        return 0
    state = tee.state
    state.secure.suspend(thread)
    keeper = "optee" if state.running().has("optee-internal-context") else owner
    rc, shm = yield from tee.alloc(keeper, PAGE, rpc_flags(state.running()))
    thread.state = ThreadState.ACTIVE
    if shm is None:
        return rc
    page = shm.extent.start if shm.extent else 0
    if not state.secure.share_rpc_arg(thread, shm.cookie, page, static=shm.extent is None):
        yield from tee.free(shm)
        return ENOMEM
    return 0
