"""What each TEE operation of a driver's hook does, by the kernel's own name for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from kexecspec.machine.config import MIB, PAGE, DeviceConfig
from kexecspec.machine.ffa import FFA_OK
from kexecspec.machine.harms import Event, HarmKind
from kexecspec.machine.objects import COMMUNICATION, ENOTAVAIL, OK, SUCCESS, TA_BUSY
from kexecspec.machine.state import Steps, waiting
from kexecspec.machine.tee_driver import TeeDriver
from kexecspec.machine.tee_shm import (
    EBUSY,
    EINVAL,
    ENODEV,
    ENOENT,
    ENOMEM,
    ENOTSUPP,
    Shm,
    free_is_deferred,
    kernel_buf_flags,
    private_flags,
)

Params = Mapping[str, object]
TeeOperation = Callable[[TeeDriver, DeviceConfig, Params], Steps]
ENUMERATION = "device-enumeration"
ANSWERS = {TA_BUSY: "ffff000d", COMMUNICATION: "ffff000e"}
_UNITS = {"KIB": 1024, "MIB": MIB, "K": 1024, "M": MIB, "B": 1}


def size_of(params: Params, default: int = PAGE) -> int:
    """The `size` of an operation: an int, or text with a unit."""
    text = str(params.get("size", default)).upper().replace(" ", "").replace("_", "")
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return int(text[: -len(unit)], 0) * factor
    return int(text, 0)


def _done(errno: int) -> Steps:
    yield from ()
    return errno


def _says(tee: TeeDriver, device: DeviceConfig, what: str) -> str:
    driver, name = device.printed(tee.state.running())
    prefix = "ftpm_tee_probe: " if device.driver.startswith("tpm_ftpm_tee") else ""
    return f"{driver} {name}: {prefix}{what}"


def open_context(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_client_open_context: -ENOENT while no TEE driver is bound."""
    return _done(0 if tee.bound else ENOENT)


def open_session(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_client_open_session: what the TA answers beyond success makes the driver's probe fail with
    -EINVAL.
    """
    state, service = tee.state, str(params.get("service", device.service or device.name))
    rc, result = yield from tee.open_session(device.name, service)
    if rc == 0 and result == SUCCESS:
        return 0
    code = ANSWERS.get(result, "ffff000c") if rc == 0 else "0"  # what the caller had zeroed, where there was no call
    err = "err=" if device.driver.startswith("tpm_ftpm_tee") else "err: "
    line = _says(tee, device, f"tee_client_open_session failed, {err}{code}")
    state.log.say(line)
    tee.refusal = tee.refusal if result in ("", *ANSWERS) else state.secure.refusal
    if result != TA_BUSY:
        tee.needed = state.secure.config.session_bytes
        tee.exhausted(f"{device.name}:session", line)
    held = [one.generation for one in state.secure.sessions if one.service == service]
    if result == TA_BUSY and any(generation != state.generation for generation in held):
        state.harm(HarmKind.REFUSED, device.name, line, service=service, session_of=tuple(held))
    return rc or EINVAL


def close_session(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_client_close_session."""
    service = str(params.get("service", device.service or device.name))
    rc, _ = yield from tee.close_session(device.name, service)
    return rc


def close_context(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_client_close_context."""
    return _done(0)


def _alloc(tee: TeeDriver, device: DeviceConfig, params: Params, flags: frozenset[str], api: str) -> Steps:
    rc, shm = yield from tee.alloc(device.name, size_of(params), flags)
    if shm is None:
        tee.state.log.say(_says(tee, device, f"{api} failed"))
        return ENOMEM if device.driver.startswith("tpm_ftpm_tee") else rc
    tee.buffers.by_name[device.name, str(params.get("buffer", "buffer"))] = shm
    return 0


def shm_alloc(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_shm_alloc with explicit flags; the function is gone since v5.18."""
    if tee.state.running().has("tee-shm-dynamic-flag"):
        tee.state.harm(
            HarmKind.REFUSED, "tee_shm_alloc", "this kernel has no tee_shm_alloc()", client=device.name
        )
        return _done(EINVAL)
    given = params.get("flags", ("mapped", "dma_buf"))
    flags = (
        frozenset(str(flag) for flag in given) if isinstance(given, list | tuple) else frozenset({str(given)})
    )
    return _alloc(tee, device, params, flags, "tee_shm_alloc")


def shm_alloc_kernel_buf(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_shm_alloc_kernel_buf."""
    return _alloc(tee, device, params, kernel_buf_flags(tee.state.running()), "tee_shm_alloc_kernel_buf")


def get_msg_arg(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """optee_get_msg_arg for the first call, which opens the enumeration's session: what cannot be opened is taken for a
    pseudo TA that is not there, and the probe goes on.
    """
    tee.bound = True
    rc, page, private = yield from tee.arguments(device.name, False)
    tee.drop_arguments(page, private)
    tee.enumerated = rc == 0
    return 0


def shm_alloc_priv_buf(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_shm_alloc_priv_buf."""
    return _alloc(tee, device, params, private_flags(tee.state.running()), "tee_shm_alloc_priv_buf")


def shm_register_kernel_buf(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_shm_register_kernel_buf: memory of the caller's own; -ENOTSUPP where the TEE's driver cannot register,
    -EINVAL where OP-TEE was built without the command (CFG_CORE_DYN_SHM in core/tee/entry_std.c@3.13.0)."""
    state, secure = tee.state, tee.state.secure.config
    if secure.kind != "optee" or not secure.dynamic_shm:
        rc = ENOTSUPP if secure.kind != "optee" else EINVAL
        line = _says(tee, device, f"tee_shm_register_kernel_buf failed, err: {rc}")
        state.log.say(line)
        state.harm(HarmKind.REFUSED, "tee_shm_register", line, client=device.name)
        return rc
    count = (size_of(params) + PAGE - 1) // PAGE
    extent = state.pages().alloc(count, f"tee:{device.name}")
    if extent is None:
        return ENOMEM
    shm = Shm(state.fresh_cookie(), extent, count, device.name, frozenset({"kernel_mapped"}))
    rc = yield from tee.register(shm)
    if rc:
        state.pages().free(extent)
        state.log.say(_says(tee, device, "tee_shm_register_kernel_buf failed"))
        return rc
    tee.buffers.by_cookie[shm.cookie] = shm
    tee.buffers.by_name[device.name, str(params.get("buffer", "buffer"))] = shm
    return 0


def shm_free(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """tee_shm_free; a dma-buf is only dropped, and on the way to a handoff nobody returns to user space for
    it.
    """
    shm = tee.buffers.by_name.pop((device.name, str(params.get("buffer", "buffer"))), None)
    if shm is None:
        return 0
    if free_is_deferred(tee.state.running(), shm.flags) and tee.state.phase == "walk":
        shm.deferred = True
        return 0
    yield from tee.free(shm)
    return 0


def enable_shm_cache(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """optee_enable_shm_cache; not done at all where RPC arguments travel with the call."""
    if tee.shared_arguments:
        return 0
    while tee.state.secure.enable_shm_cache() != OK:
        yield waiting(device.name, "enable_shm_cache", "busy")
    return 0


def disable_unmapped_shm_cache(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """optee_disable_unmapped_shm_cache: empty the cache and follow no pointer."""
    return _drain(tee, device, mapped=False)


def disable_shm_cache(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """optee_disable_shm_cache at shutdown and remove; not done where RPC arguments travel with the call."""
    return _done(0) if tee.shared_arguments else _drain(tee, device, mapped=True)


def _drain(tee: TeeDriver, device: DeviceConfig, mapped: bool) -> Steps:
    state = tee.state
    operation = "disable_shm_cache" if mapped else "disable_unmapped_shm_cache"
    while True:
        code, cookie = state.secure.disable_shm_cache()
        if code == ENOTAVAIL:
            return 0
        if code != OK:
            yield waiting(device.name, operation, "busy")
        elif mapped:
            shm = tee.buffers.by_cookie.get(cookie)
            state.dereference(cookie, shm is not None, "drain", "tee_shm_free", "optee_disable_shm_cache")
            assert shm is not None
            yield from tee.free(shm)
            yield from _last_reference(tee, device, shm, operation)


def _last_reference(
    tee: TeeDriver, device: DeviceConfig, shm: Shm, operation: str
) -> Generator[Event, None, None]:
    """The buffer held a dead client's context: its sessions are closed here, and TAs may ask the
    supplicant.
    """
    state = tee.state
    if shm.client not in tee.closed:
        return
    tee.closed.discard(shm.client)
    for session in [
        s for s in state.secure.sessions if (s.client, s.generation) == (shm.client, state.generation)
    ]:
        while state.secure.service(session.service).makes_rpc and not (state.supplicant and state.user_space):
            yield waiting(device.name, operation, "supplicant", service=session.service)
        yield from tee.close_session(session.client, session.service)


def enumerate_devices(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """optee_enumerate_devices: a session, and a buffer for the list if there is one; clients find the driver already.

    A session that cannot be opened ends it well, with nothing on the bus; a buffer that is refused fails the probe.
    Where it lists nothing, it is a call that takes a secure thread and nothing of the heap.
    """
    tee.bound = True
    if tee.state.secure.config.kind != "optee" or not tee.enumerated:
        return 0
    if not tee.state.secure.config.lists_devices:
        thread = yield from tee.enter(device.name, None, None)
        if thread is not None:
            tee.state.secure.leave(thread)
        return 0
    rc, result = yield from tee.open_session(device.name, ENUMERATION)
    if rc or result != SUCCESS:
        tee.enumerated, tee.refusal = False, ""
        return 0
    rc = yield from _list(tee, device)
    refused = tee.refusal, tee.needed, tee.room
    yield from tee.close_session(device.name, ENUMERATION)
    if rc:
        yield from _gives_up(tee, device)
        tee.refusal, tee.needed, tee.room = refused
    return rc


def _list(tee: TeeDriver, device: DeviceConfig) -> Steps:
    """How long is it, and then the list itself, in memory for it."""
    yield from tee.call(device.name, lambda thread: SUCCESS)
    whole = tee.state.running().has("tee-shm-dynamic-flag")
    flags = kernel_buf_flags(tee.state.running()) if whole else frozenset({"mapped", "dma_buf"})
    rc, shm = yield from tee.alloc(device.name, PAGE, flags)
    if shm is None:
        tee.state.log.say(f"optee: {'tee_shm_alloc_kernel_buf' if whole else 'tee_shm_alloc'} failed")
        return rc
    rc, _ = yield from tee.call(device.name, lambda thread: SUCCESS)
    if rc:
        tee.state.log.say("optee: PTA_CMD_GET_DEVICES invoke function err: 0")
    yield from tee.free(shm)
    return EINVAL if rc else 0


def _gives_up(tee: TeeDriver, device: DeviceConfig) -> Generator[Event, None, None]:
    """The end of a probe that failed after its first call: over SMC the cache is drained, if it is used, and argument
    pages are freed; ffa_abi.c has no optee_shm_arg_cache_uninit there, so they stay shared.
    """
    if tee.state.secure.config.abi == "ffa":
        return
    if not tee.shared_arguments:
        yield from _drain(tee, device, mapped=True)
    for page in tee.buffers.arguments:
        yield from tee.free(page.shm)
    tee.buffers.arguments.clear()


def refuse_kdump(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """The driver is not loaded where is_kdump_kernel() says so; it prints nothing."""
    return _done(ENODEV if tee.state.kdump() else 0)


def ffa_rxtx_map(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """FFA_RXTX_MAP by the FF-A core; without it there is no FF-A bus."""
    state = tee.state
    if state.ffa.rxtx_map(state.generation) != FFA_OK:
        line = "ARM FF-A: failed to register FFA RxTx buffers"
        state.log.say(line)
        state.harm(HarmKind.REFUSED, "ffa_rxtx_map", line, mapped_by=state.ffa.rxtx_generation)
        return _done(EBUSY)
    return _done(0)


def ffa_rxtx_unmap(tee: TeeDriver, device: DeviceConfig, params: Params) -> Steps:
    """FFA_RXTX_UNMAP."""
    tee.state.ffa.rxtx_unmap()
    return _done(0)


TEE_OPERATIONS: Mapping[str, TeeOperation] = {
    "tee_client_open_context": open_context,
    "tee_client_open_session": open_session,
    "tee_client_close_session": close_session,
    "tee_client_close_context": close_context,
    "tee_shm_alloc": shm_alloc,
    "tee_shm_alloc_kernel_buf": shm_alloc_kernel_buf,
    "tee_shm_alloc_priv_buf": shm_alloc_priv_buf,
    "tee_shm_register_kernel_buf": shm_register_kernel_buf,
    "tee_shm_free": shm_free,
    "enable_shm_cache": enable_shm_cache,
    "disable_unmapped_shm_cache": disable_unmapped_shm_cache,
    "disable_shm_cache": disable_shm_cache,
    "optee_get_msg_arg": get_msg_arg,
    "enumerate_devices": enumerate_devices,
    "refuse_kdump": refuse_kdump,
    "ffa_rxtx_map": ffa_rxtx_map,
    "ffa_rxtx_unmap": ffa_rxtx_unmap,
}
