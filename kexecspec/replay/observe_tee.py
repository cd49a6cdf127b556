"""What the machine shows of the secure world, of its driver and of its clients."""

from __future__ import annotations

from kexecspec.ir.values import Value
from kexecspec.machine import Harm, HarmKind
from kexecspec.machine.objects import ThreadState
from kexecspec.machine.tasks import USER, Task
from kexecspec.platform.facts import Entity
from kexecspec.replay.calls import lock_name
from kexecspec.replay.configure import TEE
from kexecspec.replay.residue import ARGUMENT_BUFFER, client_name, residue
from kexecspec.replay.stage import Stage
from kexecspec.replay.suffered import of_this_kernel


def stale(stage: Stage, tee: Entity) -> Value | None:
    """Threads that are suspended for somebody who is not there any more."""
    machine = stage.machine
    return sum(1 for thread in machine.state.secure.threads
               if thread.state is not ThreadState.FREE and thread.generation != machine.generation)


def live_user(stage: Stage, tee: Entity) -> Value | None:
    """Threads that run calls of user space, those apart that are parked or nested."""
    tasks = [task for task in _inside(stage) if task.owner == USER]
    return sum(1 for task in tasks if not _parked(stage, task) and not _nests(stage, task))


def live_kernel(stage: Stage, tee: Entity) -> Value | None:
    """Threads that run calls of kernel clients."""
    return sum(1 for task in _inside(stage) if task.owner != USER)


def parked(stage: Stage, tee: Entity) -> Value | None:
    """Threads whose call waits for the supplicant."""
    return sum(1 for task in _inside(stage) if _parked(stage, task))


def nested(stage: Stage, tee: Entity) -> Value | None:
    """Threads whose RPC handler needs another thread."""
    return sum(1 for task in _inside(stage) if _nests(stage, task))


def supplicant_dead(stage: Stage, tee: Entity) -> Value | None:
    """Whether nobody serves user space's RPCs."""
    return not stage.machine.state.supplicant


def cache_on(stage: Stage, tee: Entity) -> Value | None:
    """Whether threads keep their RPC arguments."""
    return stage.machine.state.secure.cache_enabled


def cache_own(stage: Stage, tee: Entity) -> Value | None:
    """Cached arguments of the running kernel; without the cache they live as long as a call and are not counted.

    A drain that waits has taken some of them already; the rules take it as one step, which has not been made.
    """
    return None if drain_deadlock(stage, tee) else _cached(stage, own=True)


def cache_user(stage: Stage, tee: Entity) -> Value | None:
    """Whether a cached argument holds a process's context; where the driver has a context of its own nothing shows."""
    machine, secure = stage.machine, stage.machine.state.secure
    kernel = machine.kernel
    if drain_deadlock(stage, tee) or kernel is None or kernel.has("optee-internal-context"):
        return None
    if not secure.cache_enabled:
        return None
    made = machine.state.tee_driver().buffers.by_cookie
    kept = [one.rpc for one in secure.threads if one.rpc is not None and one.index not in stage.nested]
    return any(rpc.cookie in made and made[rpc.cookie].client == USER for rpc in kept)


def cache_stale(stage: Stage, tee: Entity) -> Value | None:
    """Cached arguments of dead kernels."""
    return _cached(stage, own=False)


def lock(stage: Stage, tee: Entity) -> Value | None:
    """Who holds the lock that calls of this platform take."""
    secure = stage.machine.state.secure
    holder = secure.locks.get(lock_name(stage))
    if holder is None:
        return "free"
    return "own" if secure.threads[holder].generation == stage.machine.generation else "stale"


def stale_handles(stage: Stage, tee: Entity) -> Value | None:
    """Handles that the SPMC keeps for dead kernels."""
    return residue(stage).handles


def user_pages(stage: Stage, tee: Entity) -> Value | None:
    """Pages that user space of the running kernel has registered."""
    secure, now = stage.machine.state.secure, stage.machine.generation
    mine = [one for one in secure.registrations if (one.client, one.generation) == (USER, now)]
    return sum(one.count for one in mine if stage.names.get(one.cookie) == USER)


def user_refusal(stage: Stage, tee: Entity) -> Value | None:
    """Whether user space was refused a page for want of what dead kernels hold."""
    return any(h.detail.get("by_residue") for h in _suffered(stage, HarmKind.EXHAUSTION, "TEE_IOC_SHM_REGISTER"))


def rxtx(stage: Stage, tee: Entity) -> Value | None:
    """Whose pair of FF-A buffers is mapped."""
    mapped = stage.machine.state.ffa.rxtx_generation
    return "none" if mapped is None else "own" if mapped == stage.machine.generation else "stale"


def oopsed(stage: Stage, site: str) -> bool:
    """Whether the running kernel has followed a foreign cookie at this site."""
    return bool(_suffered(stage, HarmKind.OOPS, site))


def drain_deadlock(stage: Stage, tee: Entity) -> Value | None:
    """Whether the shutdown drain waits for the supplicant that a client's last session needs."""
    return any(actor == TEE and why == "supplicant" for actor, why in stage.waits)


def sleeps(stage: Stage, tee: Entity) -> Value | None:
    """Whether a call of the running kernel sleeps on a lock that a dead kernel's thread holds."""
    return lock(stage, tee) == "stale" and any(task.why == "lock" for task in _inside(stage))


def overwrote(stage: Stage, tee: Entity) -> Value | None:
    """Whether a thread of a dead kernel runs again and writes."""
    return any(thread.runaway for thread in stage.machine.state.secure.threads) or any(
        harm.where.startswith("secure thread") for harm in _of_now(stage))


def page_refused(stage: Stage, tee: Entity) -> Value | None:
    """Whether a page for arguments was refused for want of what dead kernels hold."""
    return any(h.detail.get("by_residue") for h in _suffered(stage, HarmKind.EXHAUSTION, "argument page"))


def unlisted(stage: Stage, tee: Entity) -> Value | None:
    """Whether the devices of the TEE bus could not be asked for."""
    return not stage.machine.state.tee_driver().enumerated


def buffer_state(stage: Stage, buffer: Entity) -> Value | None:
    """Whether a buffer is registered, or put and not yet unregistered."""
    owner, _, short = buffer.name.rpartition(".")
    entity = stage.platform.entities[owner]
    books = stage.machine.state.tee_driver().buffers
    if "tee_driver" in entity.kinds and short == ARGUMENT_BUFFER:
        return "registered" if any(page.shm.registered for page in books.arguments) else "none"
    shm = books.by_name.get((client_name(stage, entity), short))
    if shm is not None:
        return "registered" if shm.registered else "none"
    put = [one for cookie, one in books.by_cookie.items() if one.registered and stage.names.get(cookie) == buffer.name
           and one.client == client_name(stage, entity)]  # handles are given out again
    return ("deferred" if put[0].deferred else "registered") if put else "none"


def session(stage: Stage, client: Entity) -> Value | None:
    """Whether the client's session is open."""
    machine, name = stage.machine, client_name(stage, client)
    return any((one.client, one.generation) == (name, machine.generation) for one in machine.state.secure.sessions)


def refused(stage: Stage, client: Entity) -> Value | None:
    """Whether a registration was refused for want of what dead kernels hold."""
    name = client_name(stage, client)
    return any(h.detail.get("by_residue") for h in _suffered(stage, HarmKind.EXHAUSTION, name))


def session_refused(stage: Stage, client: Entity) -> Value | None:
    """Whether the client's session was refused because of a dead kernel's."""
    return bool(_suffered(stage, HarmKind.REFUSED, client_name(stage, client)))


def api_refused(stage: Stage, client: Entity) -> Value | None:
    """Whether an allocation of the client was not accepted."""
    name = client_name(stage, client)
    return any(h.where in ("tee_shm_alloc", "tee_shm_register") and h.detail.get("client") == name
               for h in _suffered(stage, HarmKind.REFUSED))


def lost(stage: Stage, client: Entity) -> Value | None:
    """What a failed registration of the client did with pages."""
    names = (client_name(stage, client), "optee-arg-cache" if "tee_driver" in client.kinds else "")
    mine = [h.kind for h in _of_now(stage) if h.where == "pool_op_alloc" and h.detail.get("client") in names]
    return "foreign" if HarmKind.CORRUPTION in mine else "leak" if mine else "none"


def _inside(stage: Stage) -> list[Task]:
    return [task for task in stage.machine.tasks.all if task.thread is not None]


def _parked(stage: Stage, task: Task) -> bool:
    return task.owner == USER and task.asks_supplicant


def _nests(stage: Stage, task: Task) -> bool:
    return task.thread is not None and task.thread.index in stage.nested


def _cached(stage: Stage, own: bool) -> int:
    machine = stage.machine
    secure, now = machine.state.secure, machine.generation
    found = [one.rpc for one in secure.threads if one.rpc is not None and one.index not in stage.nested]
    if not secure.cache_enabled:
        return 0
    return sum(1 for one in found if (one.generation == now) is own)


def _of_now(stage: Stage) -> list[Harm]:
    return list(of_this_kernel(stage))


def _suffered(stage: Stage, kind: HarmKind, where: str | None = None) -> list[Harm]:
    return list(of_this_kernel(stage, kind, where))
