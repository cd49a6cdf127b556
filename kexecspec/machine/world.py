"""The world goes on: calls return, DMA goes, memory comes to be used, and who waits for ever is found out.

Every wait lasts two minutes of virtual time, after which kernel/hung_task.c reports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kexecspec.machine.devices import Device, look, transact, walks_dead_table
from kexecspec.machine.harms import Event, Harm, HarmKind, Outcome, hung_task
from kexecspec.machine.state import KernelDied, State
from kexecspec.machine.tasks import Task, Tasks

if TYPE_CHECKING:
    from kexecspec.machine.machine import Machine

STORM = 1000

BUSY = {
    "disable_unmapped_shm_cache": ("optee_disable_unmapped_shm_cache", "optee_probe"),
    "disable_shm_cache": ("optee_disable_shm_cache", "optee_shutdown"),
    "enable_shm_cache": ("optee_enable_shm_cache", "optee_probe"),
}
CALL = {
    "ffa": ("optee_ffa_yielding_call", "optee_ffa_do_call_with_arg"),
    "smc": ("optee_smc_do_call_with_arg",),
    "": ("optee_do_call_with_arg",),
}
RPC = {
    "ffa": ("optee_notif_wait", "optee_rpc_cmd", "optee_handle_ffa_rpc"),
    "smc": ("optee_notif_wait", "optee_rpc_cmd", "optee_handle_rpc"),
    "": ("wq_sleep", "handle_rpc_func_cmd_wq", "optee_handle_rpc"),
}


def run_on(machine: Machine, limit: int, masters: tuple[str, ...] | None = None) -> tuple[Harm, ...]:
    """Go on for at most `limit` rounds, or until nothing changes any more; only `masters` issue transactions,
    all where that is None.
    """
    state, before = machine.state, len(machine.state.harms)
    for _ in range(limit):
        if state.dead:
            break
        try:
            calls_return(machine.tasks)
            if dma_goes(state, masters):
                break
        except KernelDied:
            break
        runaways(machine)
        event = machine.advance()
        if event.outcome is Outcome.DEAD:
            break
        if event.outcome is Outcome.WAITING and not calls_return(machine.tasks):
            hang(machine, event)
            break
        if event.operation == "idle":
            break
    if not state.dead:
        starved(machine.tasks)
    return tuple(state.harms[before:])


def calls_return(tasks: Tasks) -> bool:
    """Every call that can end, ends; whether any did."""
    done = False
    for task in list(tasks.all):
        if task.steps is not None or task.thread is None:
            continue
        if task.asks_supplicant and not tasks.answered(task):
            continue
        event = tasks.start(task, "call-returns", tasks.finish(task))
        done = done or event.outcome is Outcome.OK
    return bool(tasks.retry()) or done


def dma_goes(state: State, masters: tuple[str, ...] | None) -> bool:
    """One transaction of every master that is on; whether one of them drowned the processor.

    A kernel on its way out is not drowned: its own driver refills the ring, and the handoff ends it.
    """
    for device in state.devices.values():
        if not device.on or masters is not None and device.config.name not in masters:
            continue
        memory_is_used(state, device)
        event = transact(state, device)
        if event.detail.get("irq") and device.recurrent and state.phase in ("boot", "up"):
            storm(state, device)
            return True
        if state.dead:
            return True
    return False


def memory_is_used(state: State, device: Device) -> None:
    """Allocations go on: what a stray transaction would hit comes to be used before it is hit."""
    found = look(state, device)
    if not device.writes or found.page is None and not walks_dead_table(state, device, found):
        return
    for page in (found.page, found.table.page if found.table else None):
        if page is not None and state.pages().may_use(page) and state.memory.owner(page) is None:
            state.memory.take(page, 1, state.generation, "kernel memory")


def storm(state: State, device: Device) -> None:
    """A master that is never told to stop, each of whose transactions interrupts the one processor. That does nothing
    else meanwhile, so the next transaction goes the way of the last, and so do STORM of them."""
    found = look(state, device)
    if not device.on or not found.irq:
        return
    state.log.say(*found.lines)
    state.harm(
        HarmKind.STORM,
        device.config.name,
        *found.lines,
        faults=STORM,
        smmu=device.config.smmu,
        phase=state.phase,
        how=found.how,
    )


def runaways(machine: Machine) -> None:
    """A resumed thread of a dead kernel goes on writing, and its buffers come to be used by somebody else."""
    state = machine.state
    for thread in state.secure.threads:
        if not thread.runaway:
            continue
        for mobj in (*thread.memrefs, thread.arg, thread.rpc):
            page = mobj.pages[0][0] if mobj else None
            if page is not None and state.pages().may_use(page) and state.memory.owner(page) is None:
                state.memory.take(page, 1, state.generation, "kernel memory")
        if machine.thread_writes(thread.index):
            thread.runaway = False


def hang(machine: Machine, event: Event) -> None:
    """The kernel's own program waits, and nobody can end it."""
    state = machine.state
    why = str(event.detail.get("why", ""))
    trace = trace_of(state, event.operation, why)
    boot = state.phase == "boot"
    task = "swapper/0:1" if boot else "systemd-shutdow:1" if not state.user_space else "kexec:1234"
    lines = state.log.say(*hung_task(task, state.running().release, trace)) if trace else ()
    state.harm(
        HarmKind.HANG,
        "probe" if boot else "shutdown",
        *lines,
        actor=event.actor,
        operation=event.operation,
        why=why,
        threads=tuple((one.state.value, one.generation) for one in state.secure.threads),
        **{key: value for key, value in event.detail.items() if key in ("lock", "service")},
    )


def trace_of(state: State, operation: str, why: str) -> tuple[str, ...]:
    """The functions in which a task waits, innermost first. None for the supplicant: that wait can be interrupted, and
    since 70b0d6b0a199 killed, and of such waits kernel/hung_task.c says nothing.
    """
    split = "smc" if state.running().has("optee-ffa-abi") else ""
    abi = "ffa" if state.secure.config.abi == "ffa" else split
    match why:
        case "busy":
            shared = state.running().has("optee-drains-at-probe") and "disable" in operation
            inner = ("__optee_disable_shm_cache",) if shared else ()
            return ("wait_for_completion", "optee_cq_wait_for_completion", *inner, *BUSY[operation])
        case "thread":
            return ("wait_for_completion", "optee_cq_wait_for_completion", *CALL[abi])
        case "lock" | "release":
            return ("wait_for_completion", *RPC[abi], *CALL[abi])
        case _:
            return ()


def starved(tasks: Tasks) -> None:
    """Tasks that wait for a thread or a lock that nobody will ever give back."""
    state = tasks.state
    for task in tasks.all:
        if task.steps is None or task.why not in ("thread", "lock", "release"):
            continue
        nested = ("optee_shm_register", "optee_handle_rpc") if task.doing == "call-rpc" else ()
        trace = trace_of(state, task.doing, task.why) + nested
        lines = state.log.say(*hung_task(f"{task.owner}:2345", state.running().release, trace))
        state.harm(
            HarmKind.HANG,
            "call",
            *lines,
            actor=task.owner,
            operation=task.doing,
            why=task.why,
            nested=_nested(tasks, task),
        )


def _nested(tasks: Tasks, task: Task) -> bool:
    return task.doing == "call-rpc" and all(one.steps is not None for one in tasks.all)
