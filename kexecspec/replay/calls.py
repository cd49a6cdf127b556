"""Calls inside the secure world, on the stage: which thread and which task a rule's step is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kexecspec.ir.system import Rule
from kexecspec.machine.objects import CORE_LOCK, ThreadState
from kexecspec.machine.tasks import USER, Task
from kexecspec.replay.stage import Stage

ELSEWHERE = "no call can be on the secure thread on which it would happen"


class Unperformable(Exception):
    """The machine has no task, thread or memory with which a step could be performed."""


class OnAnotherThread(Unperformable):
    """It could happen on another secure thread only; the rules do not say on which a cached argument sits."""


def enters(stage: Stage, who: str, upcoming: Sequence[Rule]) -> None:
    """A call of user space, or of a kernel thread, enters. User space opens a session first where the trace is about
    one that a cached argument keeps open; otherwise the rules do not count its sessions."""
    if who == "user":
        if any(rule.operation[3:] == ("closes_client",) for rule in upcoming):
            _session_for_user(stage)
        stage.machine.call_enters(USER, user_service(stage))
    else:
        stage.machine.call_enters(_caller(stage), buffers=False)


def _session_for_user(stage: Stage) -> None:
    machine = stage.machine
    if not any((one.client, one.generation) == (USER, machine.generation) for one in machine.state.secure.sessions):
        machine.user_opens(user_service(stage))


def returns(stage: Stage, who: str) -> None:
    """A call returns: one that holds no lock and waits for nothing, the last one that entered first."""
    tasks = [task for task in _inside(stage, who) if not task.asks_supplicant]
    tasks.sort(key=lambda task: (bool(_thread(task).locks), -_thread(task).index))
    stage.machine.call_returns(_thread(_first(tasks, "no call that could return")).index)


def makes_rpc(stage: Stage, who: str) -> None:
    """A call makes an RPC: with a dead kernel's cached argument where there is one, else without a cached one."""
    tasks = [task for task in _inside(stage, who) if not task.asks_supplicant]
    tasks.sort(key=lambda task: (not _foreign(stage, task), _thread(task).rpc is not None, _thread(task).index))
    found = _first(tasks, "no call that could make an RPC")
    if not _foreign(stage, found):
        def wanted(thread: Any) -> bool:
            return thread.rpc is None if who else _is_foreign(stage, thread)

        found = _seated(stage, found, wanted)
        if stage.machine.state.secure.cache_enabled and not wanted(_thread(found)):
            raise OnAnotherThread(ELSEWHERE)
    stage.machine.call_rpc(_thread(found).index, to_supplicant=False)


def waits_for_supplicant(stage: Stage) -> None:
    """A call of user space makes an RPC to tee-supplicant."""
    tasks = [task for task in _inside(stage, "user") if not _thread(task).locks and not task.asks_supplicant]
    tasks.sort(key=lambda task: (_thread(task).rpc is None, _thread(task).index))
    found = _first(tasks, "no call of user space")
    if stage.machine.state.secure.cache_enabled:
        found = _seated(stage, found, lambda one: one.rpc is not None)
        if _thread(found).rpc is None:
            raise OnAnotherThread(ELSEWHERE)
    stage.machine.call_rpc(_thread(found).index, to_supplicant=True)


def supplicant_answers(stage: Stage) -> None:
    """The supplicant answers a call that waits for it, and the call returns."""
    waiting = [task for task in _inside(stage, "user") if task.asks_supplicant]
    stage.machine.call_returns(_thread(_first(waiting, "no call that waits for the supplicant")).index)


def takes_lock(stage: Stage) -> None:
    """A call wants the lock."""
    tasks = [task for task in _inside(stage, "user") if not _thread(task).locks and not task.asks_supplicant]
    stage.machine.takes_lock(_thread(_first(tasks, "no call that wants the lock")).index, lock_name(stage))


def drops_lock(stage: Stage) -> None:
    """The holder of the lock gives it back."""
    holder = stage.machine.state.secure.locks.get(lock_name(stage))
    if holder is None:
        raise Unperformable("nobody holds the lock")
    stage.machine.drops_lock(holder, lock_name(stage))


def rpc_registers(stage: Stage) -> None:
    """An RPC's handler is about to register memory. In the machine that is done as soon as a secure thread is free for
    it, and in the order of asking; so it is begun as late as can be (see `ask`)."""
    tasks = [task for task in _inside(stage, "user") if not task.asks_supplicant]
    tasks.sort(key=lambda task: (_thread(task).rpc is not None, _thread(task).index))
    stage.nested.append(_thread(_first(tasks, "no call of user space")).index)


def nested_done(stage: Stage) -> None:
    """The nested registration finds a free thread, and the call that it served goes on and ends."""
    machine = stage.machine
    if not stage.nested:
        raise Unperformable("no nested call")
    index = next((one for one in stage.nested if not is_waiting(stage, one)), stage.nested[0])
    if index not in stage.asked:
        machine.call_rpc(index, to_supplicant=False)
    machine.tasks.retry()
    stage.nested.remove(index)
    stage.asked.discard(index)
    machine.call_returns(index)


def is_waiting(stage: Stage, thread: int) -> bool:
    """Whether the RPC's handler for this secure thread waits for one of its own."""
    return any(task.thread is not None and task.thread.index == thread and task.steps is not None
               for task in stage.machine.tasks.all)


def lock_name(stage: Stage) -> str:
    """The lock that calls of this platform take."""
    return next((str(lock) for service in _services(stage).values() for lock in service.get("locks", ())), CORE_LOCK)


def user_service(stage: Stage) -> str:
    """The service that user space of the running kernel talks to: one that makes RPCs if there is one, and of those one
    that has a session left for it."""
    kernels: Any = stage.platform.plain.get("kernels", {})
    names = [str(n) for n in (kernels.get(stage.kernel) or {}).get("user_space", {}).get("services", ())]
    services = _services(stage)
    names.sort(key=lambda name: (not services.get(name, {}).get("makes_rpc", False), _is_held(stage, name)))
    return names[0] if names else USER


def _is_held(stage: Stage, name: str) -> bool:
    """Whether a kernel, alive or dead, has the one session of a service."""
    secure = stage.machine.state.secure
    one = secure.service(name)
    held = any(session.service == name and session.client != USER for session in secure.sessions)
    return held and one.single_instance and not one.multi_session


def _services(stage: Stage) -> dict[str, Any]:
    world: Any = stage.platform.plain.get("secure_world", {})
    return {name: entry or {} for name, entry in world.get("services", {}).items()} if isinstance(world, dict) else {}


def _inside(stage: Stage, who: str) -> list[Task]:
    found = [task for task in stage.machine.tasks.all if task.thread is not None and task.steps is None]
    found = [task for task in found if _thread(task).index not in stage.nested]
    if not who:
        return found
    return [task for task in found if (task.owner == USER) is (who == "user")]


def _seated(stage: Stage, task: Task, wanted: Callable[[Any], bool]) -> Task:
    """The call, on a secure thread that is `wanted`, if it can be had: calls that wait for nothing return and enter
    again in another order, which leaves everything else as it was. Each gets the first thread that is free, and takes
    the lock again that it held; where somebody else waits for one, who holds any stays."""
    machine = stage.machine
    calm = not any(thread.wants for thread in machine.state.secure.threads)
    moving = [one for one in _inside(stage, "") if not one.asks_supplicant and (calm or not _thread(one).locks)]
    seats = [one for one in machine.state.secure.threads
             if one.state is ThreadState.FREE or any(_thread(other) is one for other in moving)]
    place = next((number for number, one in enumerate(seats[: len(moving)]) if wanted(one)), None)
    if wanted(_thread(task)) or task not in moving or place is None:
        return task
    others = [one for one in moving if one is not task]
    held = {id(one): sorted(_thread(one).locks) for one in moving}
    for one in moving:
        machine.call_returns(_thread(one).index)
    for one, seat in zip((*others[:place], task, *others[place:]), seats, strict=False):
        machine.call_enters(one.owner, one.service, buffers=one.owner == USER)
        for lock in held[id(one)]:
            machine.takes_lock(seat.index, lock)
    return machine.tasks.by_thread(seats[place].index)


def _caller(stage: Stage) -> str:
    busy = {task.owner for task in stage.machine.tasks.all}
    clients = [e for e in stage.platform.of_kind("client") if e.facts["calls_kernel"] and e.name in stage.machine.bound]
    clients.sort(key=lambda e: e.facts["makes_rpc"] is not True)
    free = [e.name for e in clients if e.name not in busy]
    if not free:
        raise Unperformable("no client that could call")
    return free[0]


def _foreign(stage: Stage, task: Task) -> bool:
    return _is_foreign(stage, _thread(task))


def _is_foreign(stage: Stage, thread: Any) -> bool:
    return thread.rpc is not None and thread.rpc.generation != stage.machine.generation


def ask(stage: Stage) -> None:
    """Every call that is about to register from inside an RPC, and has not begun, begins."""
    for index in [one for one in stage.nested if one not in stage.asked]:
        stage.asked.add(index)
        stage.machine.call_rpc(index, to_supplicant=False)


def _first(tasks: list[Task], complaint: str) -> Task:
    if not tasks:
        raise Unperformable(complaint)
    return tasks[0]


def _thread(task: Task) -> Any:
    assert task.thread is not None
    return task.thread
