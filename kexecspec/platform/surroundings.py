"""What the properties of one part of a platform can depend on: its links, followed, and whoever orders them.

A master's rules speak of its own variables and of those of its SMMU; an SMMU's write those of its masters, each alone.
So what is true of a master does not depend on other masters of its SMMU, but for whose turn it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter

from kexecspec.platform.facts import Entity, Link, Links, Platform

SECURE = ("tee", "tee_driver", "client", "buffer")
"""Kinds whose parts all speak of the secure world, which in turn speaks of them all."""

COMMON = ("tee", "tee_driver")
"""Kinds that every part of the secure world stands on."""

APART = ("smmu", "devices")
"""The kind of part and the fact that holds those that depend on it one by one."""


class Surroundings:
    """Looks at one platform; each question costs as much as its answer is large."""

    def __init__(self, platform: Platform) -> None:
        self.entities = platform.entities
        self.places = {name: place for place, name in enumerate(platform.entities)}
        self.names = tuple(platform.entities)
        self.secure = frozenset(e.name for e in platform.entities.values() if not set(SECURE).isdisjoint(e.kinds))
        self.common = tuple(e.name for e in platform.entities.values() if not set(COMMON).isdisjoint(e.kinds))
        self.earlier = _all_before(platform.entities)

    def of(self, names: Iterable[str], alone: bool = False) -> tuple[str, ...]:
        """The parts that properties of `names` can depend on, these among them, in the platform's order; with `alone`
        but for those that they share the secure world with."""
        found, queue = {"machine"}, [*names, *(self.common if alone else ())]
        while queue:
            while queue:
                name = queue.pop()
                if name not in found:
                    found.add(name)
                    queue.extend(self._linked(self.entities[name], alone))
            queue = [name for name in self._between(found) if name not in found]
        return tuple(sorted(found, key=self.places.__getitem__))

    def _linked(self, entity: Entity, alone: bool) -> Iterator[str]:
        if entity.name in self.secure and not alone:
            yield from self.secure
        for name, fact in entity.links:
            match fact:
                case Link(other):
                    yield other
                case Links(others) if not (APART[0] in entity.kinds and name == APART[1]):
                    yield from others

    def _between(self, found: Iterable[str]) -> Iterator[str]:
        """Those through which one of `found` has to be shut down before another, where nothing says so at once."""
        walkers = [name for name in found if name in self.earlier]
        for last in walkers:
            for first in walkers:
                if first in self.entities[last].shut_after or not self.earlier[last] >> self.places[first] & 1:
                    continue
                yield from (name for name in self._listed(self.earlier[last]) if self._is_after(name, first))

    def _is_after(self, name: str, first: str) -> bool:
        return bool(self.earlier[name] >> self.places[first] & 1)

    def _listed(self, places: int) -> Iterator[str]:
        while places:
            lowest = places & -places
            yield self.names[lowest.bit_length() - 1]
            places ^= lowest


def _all_before(entities: Mapping[str, Entity]) -> dict[str, int]:
    """For each part that is shut down, as bits by place, all that some chain of orders has shut down before it."""
    places = {name: place for place, name in enumerate(entities)}
    direct = {name: entity.shut_after for name, entity in entities.items() if "walker" in entity.kinds}
    found: dict[str, int] = {}
    for name in TopologicalSorter(direct).static_order():
        bits = 0
        for other in direct[name]:
            bits |= found[other] | 1 << places[other]
        found[name] = bits
    return found
