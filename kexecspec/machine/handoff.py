"""From kernel to kernel: what a new generation finds, and what a reset clears.

Nothing tells the secure world, the SMMUs or a device that the kernel has changed (there is no such call in
core/arch/arm/include/sm/optee_smc.h @3.13.0 to HEAD); only a platform reset clears them.
"""

from __future__ import annotations

from kexecspec.machine.harms import Event
from kexecspec.machine.iommu_driver import IommuCore
from kexecspec.machine.objects import ThreadState
from kexecspec.machine.state import Staged, State
from kexecspec.machine.tee_driver import TeeDriver

IMAGE_PAGES = 16


def stage(state: State, kernel: str, page: int | None) -> Event:
    """kexec_load: the next kernel's image gets its pages now, in place of one that was staged before."""
    target = state.config.kernel(kernel)
    if state.staged is not None:
        gone = state.staged.generation
        state.memory.extents = [one for one in state.memory.extents if one.generation != gone]
    if page is not None:
        state.pages().place = page
    extent = state.pages().alloc(IMAGE_PAGES, f"image:{kernel}")
    if extent is not None:
        extent.generation = state.generation + 1
    state.staged = Staged(target.name, state.generation + 1)
    return Event("kernel", "stage", detail={"page": extent.start if extent else None})


def stop_processors(state: State) -> None:
    """The interrupt that stops the other processors takes every call out of the secure world as it is."""
    for thread in state.secure.threads:
        thread.runaway = False
        if thread.state is ThreadState.ACTIVE:
            state.secure.suspend(thread)


def enter(state: State, name: str, edge: str, tree_handed_on: bool = False) -> None:
    """A new generation: a fresh kernel over everything that outlives kernels."""
    _chosen(state, name, edge, tree_handed_on)
    state.generation += 1
    state.kernel, state.entered_by, state.dead = state.config.kernel(name), edge, False
    state.phase, state.window = "boot", "gap"
    state.memory.forget(state.generation)
    state.staged, state.user_space, state.supplicant = None, True, state.config.secure.supplicant
    state.fail_next = state.next_cookie = None
    state.rpc_at_open = False
    state.log.mark = len(state.log.lines)
    state.boot_memory(state.limited)
    state.tee, state.iommu = TeeDriver(state), IommuCore(state)
    for device in state.devices.values():
        device.bound = False
    for smmu in state.smmus.values():
        smmu.bound = False


def _chosen(state: State, name: str, edge: str, tree_handed_on: bool) -> None:
    """What the next kernel's /chosen says of a crash. Whoever loads a crash kernel writes both properties
    (setup_2nd_dtb of kexec-tools 2.0.25, of_kexec_alloc_and_setup_fdt @6.1.192); kexec_load leaves those of the running
    kernel as they are, kexec_file_load deletes them, and firmware's tree has none. A payload heeds none of that.
    """
    kernel = state.config.kernel(name)
    if edge == "crash":
        state.crashes, state.limited = state.crashes + 1, True
        state.headers = kernel.kdump or kernel.kdump_denied
    elif not (tree_handed_on and kernel.linux):
        state.crashes, state.limited, state.headers = 0, False, False


def reset(state: State, clears: frozenset[str]) -> None:
    """A platform reset, of as much as it clears; the interrupt controllers it always does."""
    for gic in state.gics.values():
        gic.reset()
    if "secure_world" in clears:
        state.secure.reset()
        state.ffa.reset()
    if "smmus" in clears:
        for smmu in state.smmus.values():
            smmu.reset()
    if "devices" in clears:
        for device in state.devices.values():
            device.reset()
