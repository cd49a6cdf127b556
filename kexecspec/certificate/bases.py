"""The systems that a certificate is about: a platform's own, or, of a large one, those of its parts.

That what is proved of a part holds of the whole platform is how parts are made (platform/part.py), and is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.certificate.symbols import plain
from kexecspec.check import taken_apart
from kexecspec.ir.system import TransitionSystem
from kexecspec.options import Options
from kexecspec.platform.facts import Platform
from kexecspec.platform.variants import Assignment
from kexecspec.platform.ways import Ways


@dataclass(frozen=True)
class Base:
    """One system's platform: a whole one, or the part `about` some of its devices and clients, and those `alike`. `way`
    counts the ways in which unknown facts may be, `facts` says how they are in this one."""

    folder: str
    way: int
    facts: Assignment
    platform: Platform
    about: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


def bases(found: Ways, content: Mapping[str, Any], named: frozenset[str]) -> tuple[Base, ...]:
    """The bases of a certificate about a platform file's `content`, of which the parts `named` were asked for."""
    apart = taken_apart(found, dict(content), named, Options(certified=True))
    folders = in_folders(sum(map(len, apart)))
    return tuple(
        based(next(folders), way, facts, part.bare or part.platform, part.alike)
        for way, ((facts, _), those) in enumerate(zip(found, apart, strict=True))
        for part in those
    )


def in_folders(count: int) -> Iterator[str]:
    """The folders of so many systems: the certificate's own for one alone."""
    return iter([""] if count == 1 else [f"{number}/" for number in range(1, count + 1)])


def based(folder: str, way: int, facts: Assignment, platform: Platform, alike: tuple[str, ...]) -> Base:
    """A base of a platform or of a part of one."""
    return Base(folder, way, facts, platform, tuple(sorted(platform.about or ())), alike)


def stands_for(base: Base, system: TransitionSystem) -> dict[str, tuple[str, ...]]:
    """For each property of a base's system, as a certificate writes it, itself and those that are alike."""
    return {plain(p.id): tuple(map(plain, p.ids(p.instances(base.alike)))) for p in system.properties}
