"""What a generated platform is an example of, so that it can be seen what the cases have covered."""

from __future__ import annotations

from typing import Any

from kexecspec.platform.facts import Platform, Unknown


def features(platform: Platform) -> dict[str, int]:
    """Names of what it has, each counted once: drivers, SMMUs, the secure world, kernels, handoffs, what is unknown."""
    return dict.fromkeys((*_parts(platform), *_world(platform.plain), *_kernels(platform), *_edges(platform)), 1)


def _parts(platform: Platform) -> list[str]:
    found = []
    for entity in platform.entities.values():
        if entity.driver:
            found.append(f"driver {entity.driver}")
        found += [f"unknown {name}" for name, fact in entity.facts.items() if isinstance(fact, Unknown)]
    return found


def _world(plain: Any) -> list[str]:
    found = [f"variant {entry['variant']}" for entry in plain.get("smmus", {}).values()]
    found += [f"reset {name}" for entry in plain.get("smmus", {}).values() for name in entry.get("reset", {})]
    found += [f"dma {entry['dma']}" for entry in plain.get("devices", {}).values() if isinstance(entry.get("dma"), str)]
    found += [f"assume {name}" for name in plain.get("assume", {})]
    found += [name for name in ("limits", "resets", "duties") if name in plain]
    world = plain.get("secure_world")
    if world:
        found += [f"abi {world.get('abi', 'amdtee')}", f"threads {world.get('threads', 2)}"]
        found += [f"optee {world.get('optee', 'none')}"]
        found += [f"world {name}" for name in ("suspended_threads", "services", "dynamic_shm", "prealloc_cache")
                  if name in world]
        supplicant = world.get("supplicant", {})
        found.append(f"supplicant {'mortal' if supplicant.get('may_die') else supplicant.get('present', True)}")
    return found


def _kernels(platform: Platform) -> list[str]:
    found = []
    for kernel in platform.kernels.values():
        found.append("payload" if not kernel.linux else "kernel " + ".".join(kernel.version.split(".")[:2]))
        entry = (platform.plain.get("kernels", {}).get(kernel.name)) or {}
        found += [f"changed {name}" for name in entry.get("features", {})]
        found += [f"sessions {entry['user_space']['sessions']}"] if "user_space" in entry else []
    return found


def _edges(platform: Platform) -> list[str]:
    told = {(True, True): " stopped, tree handed on", (True, False): " stopped", (False, True): " tree handed on"}
    return [f"handoff {edge.kind}{told.get((edge.user_stopped, edge.tree_handed_on), '')}" for edge in platform.edges]
