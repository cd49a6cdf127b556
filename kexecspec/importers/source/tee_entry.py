"""The TEE client calls that were read, as the operations of a driver specification."""

from __future__ import annotations

from typing import Any

from kexecspec.importers.facts import Confidence, Place
from kexecspec.importers.source.values import DriverRead, TeeCall


def tee_service(driver: DriverRead) -> dict[str, Any]:
    """The service that the driver's id table names; what it is like, no kernel source can tell."""
    uuids = [m.text for m in driver.matches if m.table == "tee"]
    return {"name": f"uuid-{uuids[0]}" if uuids else "unknown-service", "pseudo": "unknown", "makes_rpc": "unknown"}


def tee_hooks(
    driver: DriverRead, places: dict[str, tuple[Place, ...]], doubts: dict[str, Confidence]
) -> dict[str, Any]:
    """The operations of probe, shutdown and remove in the order of the source. A buffer whose size was not read is one
    page, which is said to be assumed; where a hook is not known, so are its operations."""
    made: dict[str, Any] = {}
    names = tuple(
        f"buffer{n}" for n, _ in enumerate((c for c in driver.tee if "alloc" in c.do or "register" in c.do), 1)
    )
    for hook in ("probe", "shutdown", "remove"):
        calls = [c for c in driver.tee if c.hook == hook]
        given = iter(names)
        made[hook] = [
            _operation(call, next(given, names[-1] if names else "")) if _of_buffer(call) else call.do for call in calls
        ]
        places[f"hooks.{hook}"] = tuple(c.place for c in calls)
        own = driver.hook(hook)
        if own is None or own.state in ("maybe", "unknown"):
            doubts[f"hooks.{hook}"] = "unknown"
        elif any(_of_buffer(c) and c.do != "tee_shm_free" and c.size is None for c in calls) or any(
            c.condition for c in calls
        ):
            doubts[f"hooks.{hook}"] = "assumed"
    return made


def _of_buffer(call: TeeCall) -> bool:
    return call.do.startswith("tee_shm_")


def _operation(call: TeeCall, buffer: str) -> dict[str, Any]:
    made: dict[str, Any] = {"do": call.do, "buffer": buffer}
    if call.do != "tee_shm_free":
        made["size"] = call.size or 4096
    return made | ({"flags": list(call.flags)} if call.flags else {})
