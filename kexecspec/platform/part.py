"""A platform with many masters, taken apart: for each shape of a master and its surroundings one small platform, and
one for the secure world with all that stands on it.

What is proved of such a part is true of the whole, where the same rules fire and some of them less often: the parts
left out have a say in whose turn it is, and in nothing else. A run of a part has still to be shown to be one of the
whole.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from kexecspec.platform.facts import Entity, Fact, Links, Platform
from kexecspec.platform.shape import Shapes
from kexecspec.platform.surroundings import Surroundings

MANY = 24
"""Masters from which on a platform is taken apart: fewer are judged together as quickly."""


@dataclass(frozen=True)
class Part:
    """A platform that is judged by itself, and the masters of the whole that are `alike` to the one it is about."""

    platform: Platform
    alike: tuple[str, ...] = ()


def parts(
    platforms: Sequence[Platform], apart: Collection[str] = (), many: int | None = MANY
) -> tuple[tuple[Part, ...], ...]:
    """Each of `platforms`, several ways of one, as parts; itself alone where it has fewer than `many` masters.
    Masters are alike that are so in every way; each master in `apart` gets a part of its own."""
    masters = [entity.name for entity in platforms[0].of_kind("device")]
    if many is None or len(masters) < many:
        return tuple((Part(platform),) for platform in platforms)
    views = [_View(platform) for platform in platforms]
    groups: dict[Hashable, list[str]] = {}
    for name in masters:
        shapes = tuple(view.shape(name) for view in views)
        groups.setdefault((shapes, name if name in apart else ""), []).append(name)
    return tuple((*view.rest(), *(view.part(*group) for group in groups.values())) for view in views)


class _View:
    """A platform as masters with what they depend on, and the rest."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.around, self.shapes = platform, Surroundings(platform), Shapes(platform)

    def shape(self, master: str) -> Hashable:
        """The shape of a master with what it depends on."""
        return self.shapes.of(self.around.of((master,)), master)

    def part(self, master: str, *alike: str) -> Part:
        """A master with what it depends on."""
        return Part(_cut(self.platform, self.around.of((master,)), (master,)), alike)

    def rest(self) -> Iterator[Part]:
        """The part about everything but masters, if there are properties of it."""
        providers = [name for _, _, names in self.platform.duties for name in names]
        if self.around.secure or providers:
            names = self.around.of((*self.around.secure, *providers))
            about = tuple(name for name in names if "device" not in self.platform.entities[name].kinds)
            yield Part(replace(_cut(self.platform, names, about), duties=self.platform.duties))


def _cut(platform: Platform, names: tuple[str, ...], about: tuple[str, ...]) -> Platform:
    """`platform` with the parts `names` alone, about the properties of `about`."""
    kept = frozenset(names)
    return replace(
        platform,
        entities={name: _entity(platform.entities[name], kept) for name in names},
        about=frozenset(about),
        duties=(),
        expectations=(),
        reliances=tuple(r for r in platform.reliances if r.subject in kept or r.subject not in platform.entities),
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
    around = Surroundings(platform)
    secure = around.secure if "tee" in part.entities else frozenset[str]()
    names = tuple(name for name in platform.entities if name in part.entities or name in secure)
    return replace(_cut(platform, names, tuple(part.about)), duties=platform.duties if part.duties else ())
