"""A platform file read as far as its transition systems, for the commands that judge nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kexecspec.findings import Hashes
from kexecspec.ground.ground import ground
from kexecspec.ground.site_parts import wider
from kexecspec.hashes import of
from kexecspec.ir.system import TransitionSystem
from kexecspec.library import Library, library
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import Part, parts
from kexecspec.platform.variants import Assignment
from kexecspec.platform.ways import platforms_in
from kexecspec.report.look import value
from kexecspec.source import Node, load


@dataclass(frozen=True)
class Settled:
    """A platform, or a part of a large one, and its system. `facts` says which values of unknown facts it stands for,
    `alike` which other masters of the platform have the same part but for names."""

    facts: tuple[tuple[str, object], ...]
    platform: Platform
    system: TransitionSystem
    alike: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`: with FACT = VALUE`, and for a part what it is about; nothing for a whole platform without facts that were
        filled in."""
        said = ", ".join(f"{name} = {value(of)}" for name, of in self.facts)
        return (f": with {said}" if said else "") + self._part()

    def _part(self) -> str:
        if self.platform.about is None:
            return ""
        more = f" and {len(self.alike)} that are like it" if self.alike else ""
        return ": the rest" if _is_rest(self.platform) else f": the part about {', '.join(self.platform.about)}{more}"


def settled(path: str, within: str | None = None, over: Library | None = None) -> tuple[Settled, ...]:
    """What the file `path` becomes: one system, or one for each way its unknown facts change its shape.

    Raises InputError with everything that is wrong with it, and where it extends a file outside of the folder `within`.
    """
    specs = over or library()
    return tuple(Settled(facts, p, ground(p, specs)) for facts, p in platforms_in(load(path, within), path, specs))


def settled_parts(
    path: str, apart: Collection[str] = (), within: str | None = None, over: Library | None = None
) -> tuple[Settled, ...]:
    """As `settled`, a large platform as the parts that it is judged in. Each master in `apart` has one of its own, and
    if there are any, the parts about other masters are left out."""
    specs = over or library()
    return tuple(
        Settled(facts, part.platform, ground(part.platform, specs), part.alike)
        for facts, those in _apart(load(path, within), path, apart, specs)
        for part in those
        if not apart or part.platform.about is None or part.rest or part.platform.about <= set(apart)
    )


def settled_about(path: str, name: str, over: Library | None = None) -> tuple[Settled, ...]:
    """As `settled`, of a large platform the part about the master `name` alone, by which it is judged; the whole
    platform where it is not taken apart, or has no such part."""
    specs = over or library()
    found = []
    for facts, those in _apart(load(path), path, (name,), specs):
        about = next((part for part in those if part.platform.about == frozenset((name,)) and part.bare is None), None)
        if about is None:
            return settled(path, over=over)
        found.append(Settled(facts, about.platform, ground(about.platform, specs)))
    return tuple(found)


def _apart(root: Node, path: str, apart: Collection[str], specs: Library) -> list[tuple[Assignment, tuple[Part, ...]]]:
    """The parts that a platform file is judged in, for each way its unknown facts change its shape."""
    found = platforms_in(root, path, specs)
    whole = [platform for _, platform in found]
    taken_apart = parts(whole, apart)
    if any(wider(platform, those, specs) for platform, those in zip(whole, taken_apart, strict=True)):
        taken_apart = parts(whole, apart, None)
    return [(facts, those) for (facts, _), those in zip(found, taken_apart, strict=True)]


def _is_rest(part: Platform) -> bool:
    """Whether it is about no one master or client, but about the machine and all that they share."""
    return part.about is not None and "machine" in part.about


def hashes_of(found: tuple[Settled, ...], over: Library | None = None) -> Hashes:
    """The sums that a report on the file carries."""
    return of(found[0].platform, over or library())
