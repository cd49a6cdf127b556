"""The order of device_shutdown in which the machine has to walk so that a trace's steps come in theirs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from kexecspec.ir.system import Rule
from kexecspec.platform.facts import Platform
from kexecspec.replay.configure import TEE


def shutdown_order(platform: Platform, upcoming: Sequence[Rule]) -> tuple[str, ...]:
    """The machine's names of all walkers in the order of the walk that begins now; `upcoming` are the trace's rules
    from here on. Parts that the trace does not name come where links allow it, as late as can be."""
    named = _named(platform, upcoming)
    before = {e.name: set(e.shut_after) for e in platform.of_kind("walker")}
    for earlier, later in pairwise(named):
        before[later].add(earlier)
    try:
        order = _sorted(before, named)
    except CycleError:
        order = [*named, *(name for name in before if name not in named)]
    actors = (TEE if "tee_driver" in platform.entities[name].kinds else name for name in order)
    return tuple(dict.fromkeys(actors))


def _named(platform: Platform, upcoming: Sequence[Rule]) -> list[str]:
    found: dict[str, None] = {}
    for rule in upcoming:
        if rule.operation[:1] == ("kernel",):
            break
        entity, hook = rule.operation[0], rule.operation[2] if len(rule.operation) > 2 else ""
        if hook == "shutdown" and entity in platform.entities:
            found[entity] = None
    return list(found)


def _sorted(before: Mapping[str, set[str]], named: Sequence[str]) -> list[str]:
    """All of `before`, those first that have to go before the named ones, which come in their order."""
    sorter = TopologicalSorter(before)
    sorter.prepare()
    ready: dict[str, None] = {}
    order: dict[str, None] = {}
    wanted = list[str]()
    while sorter.is_active():
        ready.update(dict.fromkeys(sorter.get_ready()))
        if all(name in order for name in wanted):
            wanted = _next_wanted(before, named, order)
        first = next((name for name in wanted if name in ready), None) or next(iter(ready))
        del ready[first]
        order[first] = None
        sorter.done(first)
    return list(order)


def _next_wanted(before: Mapping[str, set[str]], named: Sequence[str], order: Container[str]) -> list[str]:
    """What has to go before the first named part that has not gone yet, and that part."""
    left = next((name for name in named if name not in order), None)
    if left is None:
        return []
    needed, queue = {left: None}, [left]
    while queue:
        for other in sorted(before[queue.pop()]):
            if other not in order and other not in needed:
                needed[other] = None
                queue.append(other)
    return list(needed)
