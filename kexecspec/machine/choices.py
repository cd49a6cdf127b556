"""What the world may do next, so that a random walk can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kexecspec.machine.objects import ThreadState
from kexecspec.machine.tasks import USER

if TYPE_CHECKING:
    from kexecspec.machine.machine import Machine

Choice = tuple[str, tuple[object, ...]]


def choices(machine: Machine) -> tuple[Choice, ...]:
    """Every choice that is open now, in a fixed order; handoffs are the caller's."""
    state = machine.state
    if state.dead or state.kernel is None:
        return ()
    found: list[Choice] = [("advance", ())]
    if state.kernel.linux and state.config.secure.kind == "optee" and state.tee_driver().bound:
        found += _secure(machine)
    for name, device in state.devices.items():
        if device.on:
            found.append(("transact", (name,)))
        if not state.kernel.linux and state.phase == "up" and device.config.dma != "none":
            found.append(("payload_uses", (name,)))
        if device.bound and device.mapped:
            found += [("task_dma_map", (name,)), ("task_dma_unmap", (name,))]
    return tuple(found)


def _secure(machine: Machine) -> list[Choice]:
    state, tasks = machine.state, machine.tasks
    callers = [name for name, device in state.devices.items() if device.bound and device.config.service]
    callers += [USER] if state.user_space else []
    busy = {task.owner for task in tasks.all if task.steps is not None}
    found: list[Choice] = [("call_enters", (name,)) for name in callers if name not in busy]
    if state.user_space and USER not in busy:
        found.append(("user_registers", (1,)))
    if state.supplicant:
        found.append(("supplicant_dies", ()))
    for task in tasks.all:
        if task.thread is None or task.steps is not None:
            continue
        index = task.thread.index
        found += [("call_rpc", (index,)), ("call_returns", (index,))]
        if task.thread.state is ThreadState.ACTIVE:
            found += [("call_suspends", (index,)), ("takes_lock", (index,))]
    return found
