"""Harms: those of the running kernel, and which of them a property is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kexecspec.ir.system import Property
from kexecspec.machine import Harm, HarmKind
from kexecspec.replay.configure import TEE
from kexecspec.replay.stage import Stage

Test = Callable[[Harm, str], bool]


def of_this_kernel(stage: Stage, kind: HarmKind | None = None, where: str | None = None) -> Iterator[Harm]:
    """What the running generation has suffered, last first."""
    now = stage.machine.generation
    for harm in reversed(stage.machine.state.harms):
        if harm.detail.get("generation") != now:
            return
        if kind in (None, harm.kind) and where in (None, harm.where):
            yield harm


def is_about(stage: Stage, prop: Property, harm: Harm) -> bool:
    """Whether `harm` is what `prop` says would be suffered."""
    if str(harm.kind) not in ALSO.get(prop.code, (prop.harm,)):
        return False
    name = prop.part
    entity = stage.platform.entities.get(name)
    actor = TEE if entity is not None and "tee_driver" in entity.kinds else name
    return MEANS[prop.code](harm, actor)


def _names(harm: Harm, actor: str) -> bool:
    return actor in (harm.detail.get("client"), harm.detail.get("device"), harm.where)


def _left(harm: Harm, actor: str) -> bool:
    clients = harm.detail.get("clients", ())
    mine = {TEE: ("tee", "optee", "optee-arg-cache")}.get(actor, (actor,))
    return harm.where == "registrations" and isinstance(clients, tuple) and any(name in clients for name in mine)


def _by_residue(harm: Harm, actor: str) -> bool:
    wheres = {"user": ("TEE_IOC_SHM_REGISTER",), TEE: (TEE, "argument page")}.get(actor, (actor,))
    return harm.where in wheres and bool(harm.detail.get("by_residue"))


def _lost(harm: Harm, actor: str) -> bool:
    own = harm.detail.get("client") in (actor, "optee-arg-cache" if actor == TEE else actor)
    return harm.where == "pool_op_alloc" and own


def _held(harm: Harm, actor: str) -> bool:
    return harm.where == "call" and harm.detail.get("why") in ("lock", "release")


def _stray(harm: Harm, actor: str) -> bool:
    """Work that hits memory: anybody's before the running kernel leaves, a dead kernel's also while it does."""
    walks, old = harm.detail.get("phase") == "walk", harm.detail.get("programmed_by") != harm.detail.get("generation")
    return harm.where == actor and (not walks or old and harm.detail.get("victim") != "MMIO")


def _astray(harm: Harm, actor: str) -> bool:
    """The running kernel's own work, while it leaves."""
    own = harm.detail.get("programmed_by") == harm.detail.get("generation")
    return harm.where == actor and harm.detail.get("phase") == "walk" and own


def _through_dead_tables(harm: Harm, actor: str) -> bool:
    if harm.kind is HarmKind.REFUSED:
        return harm.where == "transaction-aborted" and harm.detail.get("device") == actor
    found = harm.where in ("stale-translation", "table-walk") and harm.detail.get("device") == actor
    return found or harm.where == actor and bool(harm.detail.get("stale_table"))


def _aborted(harm: Harm, actor: str) -> bool:
    return harm.where in ("transaction-aborted", "abort-is-fatal") and harm.detail.get("device") == actor


OF_ITS_OWN = ("KX304", "KX305")
"""Properties that may be about the running kernel's own use of a master: somebody has to use it."""

ALSO: Mapping[str, tuple[str, ...]] = {
    "KX304": ("CORRUPTION", "REFUSED"),
}
"""The kinds of harm of a property that can be suffered as more than one."""

MEANS: Mapping[str, Test] = {
    "KX101": lambda harm, actor: harm.where == actor,
    "KX102": _left,
    "KX103": _by_residue,
    "KX104": lambda harm, actor: harm.where.startswith("secure thread"),
    "KX105": lambda harm, actor: harm.where in ("tee_shm_alloc", "tee_shm_register") and _names(harm, actor),
    "KX106": _lost,
    "KX107": lambda harm, actor: harm.where == actor and "session_of" in harm.detail,
    "KX201": lambda harm, actor: harm.where == "probe" and harm.detail.get("actor") == actor,
    "KX202": lambda harm, actor: harm.where == "secure-threads",
    "KX203": _held,
    "KX204": lambda harm, actor: harm.where == "shutdown" and harm.detail.get("actor") == actor,
    "KX205": lambda harm, actor: harm.where == "call" and bool(harm.detail.get("nested")),
    "KX301": _stray,
    "KX302": lambda harm, actor: harm.where == actor,
    "KX303": lambda harm, actor: harm.where == "iommu_get_dma_domain" and _names(harm, actor),
    "KX304": _through_dead_tables,
    "KX305": _aborted,
    "KX306": lambda harm, actor: harm.where == "cmd-sync" and _names(harm, actor),
    "KX307": _astray,
    "KX401": lambda harm, actor: harm.where == f"duty:{actor}",
    "KX501": lambda harm, actor: harm.where == actor,
}
"""Which harm of its kind each property is about; `actor` is the machine's name for the property's instance."""
