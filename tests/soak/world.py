"""What the world may do to a machine next, read off the platform's facts and the machine's own state."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kexecspec.ground.walks import BOUND
from kexecspec.machine import Machine, Outcome
from kexecspec.machine.devices import Device, transact
from kexecspec.machine.objects import ThreadState
from kexecspec.machine.state import KernelDied
from kexecspec.machine.tasks import USER, Task
from kexecspec.machine.world import memory_is_used
from kexecspec.platform.facts import Entity
from kexecspec.replay import choices as chosen
from kexecspec.replay.calls import lock_name, user_service
from kexecspec.replay.stage import Stage

Choice = tuple[str, Callable[[], object]]


def choices(stage: Stage) -> Iterator[Choice]:
    """Every choice that is open now, in a fixed order; handoffs are left out."""
    machine = stage.machine
    kernel = machine.kernel
    if kernel is None or machine.state.dead:
        return
    if kernel.linux and machine.state.phase in ("up", "walk"):
        if "tee" in stage.platform.entities and machine.state.config.secure.kind == "optee":
            yield from _calls(stage)
        for entity in stage.platform.of_kind("device"):
            yield from _driven(stage, entity, machine.state.devices[entity.name])
    if not kernel.linux and machine.state.phase == "up":
        for entity in stage.platform.of_kind("device"):
            yield from _open_to(stage, entity)
    for name, device in machine.state.devices.items():
        if device.on:
            yield f"{name} transacts", lambda device=device: _transacts(machine, device)
    if stage.platform.kernels[stage.kernel].facts["resumes_threads"] and machine.state.phase == "up":
        threads = machine.state.secure.threads
        if any(t.state is ThreadState.SUSPENDED and t.generation != machine.generation for t in threads):
            yield "resumes a thread", lambda: chosen.resume_thread(stage)


def count_of(stage: Stage) -> int:
    """How many calls are inside the secure world for the running kernel."""
    return len(_inside(stage))


def _has_session(machine: Machine, client: Entity) -> bool:
    mine = (client.name, machine.generation)
    return client.name in machine.bound and any((s.client, s.generation) == mine for s in machine.state.secure.sessions)


def _inside(stage: Stage) -> list[Task]:
    return [task for task in stage.machine.tasks.all if task.thread is not None]


def _calls(stage: Stage) -> Iterator[Choice]:
    machine, tee = stage.machine, stage.platform.entities["tee"]
    facts = stage.platform.kernels[stage.kernel].facts
    bound = machine.state.tee_driver().bound
    if bound and machine.state.user_space:
        users = [task for task in machine.tasks.all if task.owner == USER]
        if len(users) < int(facts["sessions"]):
            yield "user calls", lambda: machine.call_enters(USER, user_service(stage))
        pages = sum(one.count for one in machine.state.secure.registrations
                    if (one.client, one.generation) == (USER, machine.generation) and one.cookie in stage.names)
        if pages < int(facts["pages"]) and not any(task.steps for task in users):
            yield "user registers", lambda: chosen.user_registers(stage)
        if tee.facts["may_die"] and machine.state.supplicant and machine.state.phase == "up":
            yield "supplicant dies", machine.supplicant_dies
    for entity in stage.platform.of_kind("client"):
        busy = any(task.owner == entity.name for task in machine.tasks.all)
        if entity.facts["calls_kernel"] and _has_session(machine, entity) and not busy:
            yield f"{entity.name} calls", lambda name=entity.name: machine.call_enters(name, buffers=False)
    for task in _inside(stage):
        if task.steps is None:
            yield from _goes_on(stage, tee, task)


def _goes_on(stage: Stage, tee: Entity, task: Task) -> Iterator[Choice]:
    """What a call that is inside the secure world and waits for nothing may do."""
    machine, user = stage.machine, task.owner == USER
    assert task.thread is not None
    index, lock = task.thread.index, lock_name(stage)
    if not (task.asks_supplicant and not machine.tasks.answered(task)):
        yield "a call returns", lambda: machine.call_returns(index)
    if not task.asks_supplicant and not task.thread.wants and tee.facts["user_rpc" if user else "kernel_rpc"]:
        yield "a call makes an RPC", lambda: machine.call_rpc(index, to_supplicant=False)
        if user:
            yield "a call asks the supplicant", lambda: machine.call_rpc(index, to_supplicant=True)
    if user and tee.facts["has_lock"]:
        if lock in task.thread.locks:
            yield "a call drops its lock", lambda: machine.drops_lock(index, lock)
        elif not task.thread.wants and not task.asks_supplicant:
            yield "a call takes a lock", lambda: machine.takes_lock(index, lock)


def _driven(stage: Stage, entity: Entity, device: Device) -> Iterator[Choice]:
    machine = stage.machine
    asked = machine.state.phase == "up" or not entity.facts["user_requests"] or machine.state.user_space
    if asked and entity.facts["one_shot"] and stage.places.get(entity.name) == BOUND and not device.on:
        yield f"{entity.name} is asked", lambda: machine.request(entity.name)
    if entity.facts["task_dma"] and device.on and device.generation == machine.generation:
        yield f"a task maps for {entity.name}", lambda: machine.task_dma_map(entity.name)
        yield f"a task unmaps for {entity.name}", lambda: machine.task_dma_unmap(entity.name)


def _open_to(stage: Stage, entity: Entity) -> Iterator[Choice]:
    """What a payload may do with a device: the platform file says which devices it drives, or nothing about it."""
    machine, given = stage.machine, stage.platform.plain["kernels"]
    assert isinstance(given, dict)
    chosen = (given[stage.kernel] or {}).get("devices")
    if machine.state.devices[entity.name].config.dma != "none" and (chosen is None or entity.name in chosen):
        yield f"{entity.name} is used by the payload", lambda: machine.payload_uses(entity.name)


def _transacts(machine: Machine, device: Device) -> Outcome:
    """What its next transaction would hit comes to be used, and is hit."""
    try:
        memory_is_used(machine.state, device)
        return transact(machine.state, device).outcome
    except KernelDied:
        return Outcome.DEAD
