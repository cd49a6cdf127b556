"""A platform with many masters or TEE clients, taken apart: for each shape of one and its surroundings one small
platform, and one for the secure world with all that stands on it.

What is proved of such a part is true of the whole, where the same rules fire and some of them less often: the parts
left out have a say in whose turn it is, and in nothing else. A run of a part has still to be shown to be one of the
whole.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from kexecspec.platform.facts import Entity, Fact, Link, Links, Platform
from kexecspec.platform.shape import Shapes
from kexecspec.platform.surroundings import Surroundings

MANY = 24
"""Masters from which on a platform is taken apart: fewer are judged together as quickly."""
FEW = 4
"""Masters from which on it is where facts about them are unknown."""
CROWD = 4
"""TEE clients from which on it is: they share the secure world, and judging them together costs more sooner."""


@dataclass(frozen=True)
class Part:
    """A platform that is judged by itself, and the parts of the whole that are `alike` to the one it is about. One
    about a TEE client alone is `bare` too: with the secure world veiled, so that what is proved of it is true in any
    company. The `rest` is asked about what the other parts leave open."""

    platform: Platform
    alike: tuple[str, ...] = ()
    bare: Platform | None = None
    rest: bool = False


def parts(
    platforms: Sequence[Platform], apart: Collection[str] = (), many: int | None = MANY, crowd: int = CROWD
) -> tuple[tuple[Part, ...], ...]:
    """Each of `platforms`, several ways of one, as parts; itself alone where it has fewer than `many` masters
    and no `crowd` of clients. Those are alike that are so in every way; each in `apart` gets a part of its own."""
    first = platforms[0]
    masters = [entity.name for entity in first.of_kind("device")]
    clients = [entity.name for entity in first.of_kind("client") if "tee_driver" not in entity.kinds]
    if many is None or len(masters) < many and len(clients) < min(many, crowd):
        return tuple((Part(platform),) for platform in platforms)
    views = [_View(platform) for platform in platforms]
    owners = [*masters, *(name for name in clients if len(clients) >= min(many, crowd) and name not in masters)]
    groups: dict[Hashable, list[str]] = {}
    for name in owners:
        shapes = tuple(view.shape(name) for view in views)
        groups.setdefault((shapes, name if name in apart else ""), []).append(name)
    return tuple((*view.rest(), *(view.part(*group) for group in groups.values())) for view in views)


def part_about(platform: Platform, name: str) -> Part:
    """The part about a master or a TEE client alone, whether or not the platform is taken apart."""
    return _View(platform).part(name)


def same_in_any_way(part: Part, done: frozenset[str] = frozenset()) -> str:
    """A text that is the same for a part of two ways of one platform only where whatever is said of it without the
    properties `done` is the same; "" for one of which the whole platform has a say."""
    if part.bare is not None or part.platform.about is None:
        return ""
    own = part.platform
    said = (own.entities, own.kernels, own.edges, own.first, own.limits, own.warm_keeps, own.assumptions, own.duties)
    return repr((said, own.reliances, sorted(own.about or ()), sorted(own.veiled), part.alike, part.rest, sorted(done)))


class _View:
    """A platform as masters and TEE clients with what they depend on, and the rest."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.around, self.shapes = platform, Surroundings(platform), Shapes(platform)

    def shape(self, name: str) -> Hashable:
        """The shape of a master or a client with what it depends on."""
        return self.shapes.of(self._names(name), name)

    def part(self, name: str, *alike: str) -> Part:
        """A master or a client with what it depends on."""
        cut = _cut(self.platform, self._names(name), (name,))
        return Part(cut, alike, replace(cut, veiled=frozenset(("tee",))) if self._is_client(name) else None)

    def rest(self) -> Iterator[Part]:
        """The part about everything but masters, if there are properties of it."""
        providers = [name for _, _, names, _ in self.platform.duties for name in names]
        gics = [entity.name for entity in self.platform.of_kind("gic")]
        if self.around.secure or providers or gics:
            names = self.around.of((*self.around.secure, *providers, *gics))
            about = tuple(name for name in names if "device" not in self.platform.entities[name].kinds)
            yield Part(replace(_cut(self.platform, names, about), duties=self.platform.duties), rest=True)

    def _names(self, name: str) -> tuple[str, ...]:
        return self.around.of((name,), self._is_client(name))

    def _is_client(self, name: str) -> bool:
        return "client" in self.platform.entities[name].kinds


def _cut(platform: Platform, names: tuple[str, ...], about: tuple[str, ...]) -> Platform:
    """`platform` with the parts `names` alone, about the properties of `about`."""
    kept = frozenset(names)
    bearing = kept.union(*(platform.entities[name].asks for name in names))
    of_others = platform.entities.keys() | platform.of_drivers
    return replace(
        platform,
        entities={name: _entity(platform.entities[name], kept) for name in names},
        about=frozenset(about),
        duties=(),
        expectations=(),
        reliances=tuple(r for r in platform.reliances if r.subject in bearing or r.subject not in of_others),
    )


def _entity(entity: Entity, kept: frozenset[str]) -> Entity:
    facts = {name: _fact(fact, kept) for name, fact in entity.facts.items()}
    return replace(entity, facts=facts, shut_after=entity.shut_after & kept)


def _fact(fact: Fact, kept: frozenset[str]) -> Fact:
    return Links(tuple(name for name in fact.names if name in kept)) if isinstance(fact, Links) else fact


def same_part(platform: Platform, part: Platform) -> Platform:
    """Of `platform`, read in another way from the same file or an excerpt of it, what `part` has of its own."""
    if part.about is None:
        return platform
    names = tuple(name for name, entity in platform.entities.items() if _belongs(entity, part))
    return replace(_cut(platform, names, tuple(part.about)), duties=platform.duties if part.duties else ())


def _belongs(entity: Entity, part: Platform) -> bool:
    """Whether it is one of a part's own, or a buffer of one."""
    owner = entity.facts.get("owner")
    return entity.name in part.entities or isinstance(owner, Link) and owner.name in part.entities
