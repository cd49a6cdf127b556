"""Random secure worlds and their clients: every trusted OS, ABI and client driver, small heaps."""

from __future__ import annotations

import random
from typing import Any

CLIENTS = (
    "tee_bnxt_fw", "tpm_ftpm_tee", "tpm_ftpm_tee-teebus", "optee-rng", "rtc-optee", "scmi-optee", "tee_stmm_efi",
    "trusted_tee", "generic-tee-client", "generic-tee-client-shutdown",
)  # fmt: skip
OPTEES = ("3.7.0", "3.13.0", "3.16.0", "3.17.0", "3.18.0", "4.4.0", "4.9.0")
FFA_OPTEES = ("3.13.0", "3.16.0", "4.4.0", "4.9.0")
BASES: tuple[Any, ...] = (20000, 30000, 48000, [20000, 48000], "unknown")


def secure_world(dice: random.Random) -> dict[str, Any]:
    """A trusted OS; the heap is small, so that few handoffs fill it."""
    if dice.random() < 0.08:
        return {"amdtee": True}
    ffa = dice.random() < 0.3
    made: dict[str, Any] = {
        "optee": dice.choice(FFA_OPTEES if ffa else OPTEES),
        "abi": "ffa" if ffa else "smc",
        "threads": dice.choice((1, 2, 2, 3)),
        "heap": {"size": 65536, "base_use": dice.choices(BASES, (5, 5, 5, 1, 1))[0]},
        "supplicant": {"present": True},
    }
    if dice.random() < 0.4:
        made["supplicant"] = dice.choice(({"present": False}, {"present": True, "may_die": True}))
    if dice.random() < 0.1:
        made["suspended_threads"] = 1
    if ffa:
        made["spmc"] = dice.choice(("s-el1", "el3", "hafnium"))
        made["handles"] = dice.choice((3, 8, 64))
    for fact in ("dynamic_shm", "prealloc_cache"):
        if dice.random() < 0.1:
            made[fact] = False
    if dice.random() < 0.4:
        made["services"] = {"storage": _service(dice)}
    return made


def clients(dice: random.Random, world: dict[str, Any]) -> dict[str, Any]:
    """Up to two clients, one of which may talk to a service that the secure world describes."""
    made: dict[str, Any] = {}
    for driver in dice.sample(CLIENTS, dice.choice((0, 1, 1, 2))):
        made[f"client-{driver}"] = {"driver": driver}
        if driver.startswith("generic") and "services" in world:
            made[f"client-{driver}"]["service"] = "storage"
    return made


def _service(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"makes_rpc": dice.random() < 0.7}
    if dice.random() < 0.5:
        made["locks"] = ["busy"]
    if dice.random() < 0.3:
        made["ta_flags"] = ["single_instance"]
    return made
