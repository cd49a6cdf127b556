"""Other choices of the world, on the stage: user space, payloads, masters, and where memory lies."""

from __future__ import annotations

from kexecspec.machine import Outcome
from kexecspec.machine.objects import ThreadState
from kexecspec.machine.tasks import USER
from kexecspec.replay.calls import Unperformable
from kexecspec.replay.stage import Stage


def supplicant_dies(stage: Stage) -> None:
    """tee-supplicant dies."""
    stage.machine.supplicant_dies()


def user_registers(stage: Stage) -> None:
    """User space registers one page."""
    machine = stage.machine
    if machine.user_registers(1).outcome is Outcome.OK:
        stage.names[machine.state.secure.registrations[0].cookie] = USER


def asks_for_page(stage: Stage) -> None:
    """Somebody's call wants a page for its arguments."""
    stage.machine.asks_for_page()


def resume_thread(stage: Stage) -> None:
    """The running kernel resumes a thread that another started, one that has memory to write to if there is one."""
    machine = stage.machine
    stale = [thread for thread in machine.state.secure.threads
             if thread.state is ThreadState.SUSPENDED and thread.generation != machine.generation]
    if not stale:
        raise Unperformable("no thread of a dead kernel")
    stale.sort(key=lambda thread: (thread.arg is None and thread.rpc is None and not thread.memrefs, thread.index))
    machine.resume_thread(stale[0].index)


def request(stage: Stage, device: str) -> None:
    """Somebody asks the device for a transfer."""
    stage.machine.request(device)


def use(stage: Stage, device: str) -> None:
    """The running kernel, which drives it, uses the device: one that makes transfers on request is asked for one, and a
    payload starts it."""
    kernel = stage.machine.kernel
    if kernel is not None and not kernel.linux:
        payload_uses(stage, device)
    elif stage.machine.state.devices[device].config.dma == "one-shot" and device in stage.machine.bound:
        stage.machine.request(device)


def payload_uses(stage: Stage, device: str) -> None:
    """The payload starts the device."""
    stage.machine.payload_uses(device)


def completes(stage: Stage, device: str) -> None:
    """The device makes the transfers that it was asked for."""
    machine, left = stage.machine, stage.machine.state.devices[device].posted
    for _ in range(left):
        machine.transact(device)


def task_dma_map(stage: Stage, device: str) -> None:
    """A task of the running kernel maps a buffer."""
    stage.machine.task_dma_map(device)


def task_dma_unmap(stage: Stage, device: str) -> None:
    """A task of the running kernel unmaps a buffer."""
    stage.machine.task_dma_unmap(device)


def place_over_old_share(stage: Stage) -> None:
    """The next allocation gets pages that a dead kernel shared and that nobody owns."""
    state = stage.machine.state
    for one in state.secure.registrations:
        start, count = one.pages[0]
        if one.explicit and one.generation != state.generation and state.pages().is_free(start, count):
            stage.machine.place_next_allocation(start)
            return
    raise Unperformable("no free page that a dead kernel shared")
