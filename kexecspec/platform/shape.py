"""The shape of a few parts of a platform: two with equal shapes are the same but for names."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from kexecspec.platform.facts import Entity, Fact, Link, Links, Op, PerKernel, Platform

ADDRESSES = ("streams",)
"""Facts that tell one master from another and bear on no rule."""

Shape = tuple[Hashable, ...]


class Shapes:
    """The shapes of parts of one platform; what does not depend on names is looked at once."""

    def __init__(self, platform: Platform) -> None:
        self.entities = platform.entities
        self.own: dict[str, Shape] = {}
        self.groups: dict[tuple[str, str], frozenset[str]] = {}

    def of(self, names: Sequence[str], first: str) -> Shape:
        """The shape of the parts `names`, in the platform's order, seen from `first`, which is one of them."""
        roles = {name: number for number, name in enumerate(names)}
        return (roles[first], *(self._seen(self.entities[name], names, roles) for name in names))

    def _seen(self, entity: Entity, names: Sequence[str], roles: dict[str, int]) -> Shape:
        links = tuple(
            (name, tuple(roles[other] for other in self._others(entity, name, fact, names)))
            for name, fact in entity.links
        )
        after = tuple(roles[name] for name in names if name in entity.shut_after)
        buffers = tuple(roles[op.buffer] for op in self._on_buffers(entity) if op.buffer is not None)
        return (self._itself(entity), links, after, buffers)

    def _others(self, entity: Entity, name: str, fact: Link | Links, names: Sequence[str]) -> Sequence[str]:
        if isinstance(fact, Link):
            return (fact.name,)
        key = (entity.name, name)
        if key not in self.groups:
            self.groups[key] = frozenset(fact.names)
        return [other for other in names if other in self.groups[key]]

    def _itself(self, entity: Entity) -> Shape:
        """`entity` without those it is linked to."""
        if entity.name not in self.own:
            others = {*ADDRESSES, *(name for name, _ in entity.links)}
            facts = tuple((name, _frozen(fact)) for name, fact in entity.facts.items() if name not in others)
            hooks = tuple((kernel, _bare(of.probe), _bare(of.shutdown)) for kernel, of in entity.hooks.items())
            self.own[entity.name] = (entity.kinds, entity.driver, facts, hooks)
        return self.own[entity.name]

    def _on_buffers(self, entity: Entity) -> list[Op]:
        """All its operations on buffers."""
        if "client" not in entity.kinds:
            return []
        return [op for of in entity.hooks.values() for op in (*of.probe, *of.shutdown) if op.buffer is not None]


def _bare(ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """Operations without the names of their buffers."""
    return tuple(op if op.buffer is None else replace(op, buffer="") for op in ops)


def _frozen(fact: Fact) -> Hashable:
    return ("by kernel", *fact.values.items()) if isinstance(fact, PerKernel) else (type(fact).__name__, fact)
