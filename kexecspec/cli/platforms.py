"""A platform file read as far as its transition systems, for the commands that judge nothing."""

from __future__ import annotations

from dataclasses import dataclass

from kexecspec.check import platforms_in
from kexecspec.findings import Hashes
from kexecspec.ground.ground import ground
from kexecspec.hashes import of
from kexecspec.ir.system import TransitionSystem
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.report.look import value
from kexecspec.source import load


@dataclass(frozen=True)
class Settled:
    """A platform and its system. `facts` says which values of unknown facts it stands for."""

    facts: tuple[tuple[str, object], ...]
    platform: Platform
    system: TransitionSystem

    @property
    def title(self) -> str:
        """`: with FACT = VALUE`, or nothing for a platform without facts that were filled in."""
        said = ", ".join(f"{name} = {value(of)}" for name, of in self.facts)
        return f": with {said}" if said else ""


def settled(path: str, within: str | None = None) -> tuple[Settled, ...]:
    """What the file `path` becomes: one system, or one for each way its unknown facts change its shape.

    Raises InputError with everything that is wrong with it, and where it extends a file outside of the folder `within`.
    """
    specs = library()
    return tuple(Settled(facts, p, ground(p, specs)) for facts, p in platforms_in(load(path, within), path, specs))


def hashes_of(found: tuple[Settled, ...]) -> Hashes:
    """The sums that a report on the file carries."""
    return of(found[0].platform, library())
