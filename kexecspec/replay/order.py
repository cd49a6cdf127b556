"""The order of device_shutdown in which the machine has to walk so that a trace's steps come in theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    sorter = TopologicalSorter(before)
    sorter.prepare()
    ready: list[str] = []
    order: list[str] = []
    while sorter.is_active():
        ready.extend(sorter.get_ready())
        wanted = _next_wanted(before, named, order)
        ready.sort(key=lambda name: (name not in wanted, wanted.index(name) if name in wanted else 0))
        first = ready.pop(0)
        order.append(first)
        sorter.done(first)
    return order


def _next_wanted(before: Mapping[str, set[str]], named: Sequence[str], order: Sequence[str]) -> list[str]:
    """What has to go before the first named part that has not gone yet, and that part."""
    left = [name for name in named if name not in order]
    if not left:
        return []
    needed, queue = [left[0]], [left[0]]
    while queue:
        for other in sorted(before[queue.pop()]):
            if other not in order and other not in needed:
                needed.append(other)
                queue.append(other)
    return needed
