"""Stories for replay: a platform file, its rules, and the shortest run to a violation, without a solver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kexecspec.explore import Found, explore
from kexecspec.ground.ground import ground
from kexecspec.ir.expr import negate
from kexecspec.ir.nodes import Expr
from kexecspec.ir.system import Property, TransitionSystem
from kexecspec.ir.trace import Trace
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.platform.ways import read_platforms

ROOT = Path(__file__).parent.parent.parent
OWN = Path(__file__).parent / "platforms"


@dataclass(frozen=True)
class Story:
    """A platform and its rules."""

    platform: Platform
    system: TransitionSystem

    def property(self, name: str) -> Property:
        """The property instance with this id."""
        return next(prop for prop in self.system.properties if prop.id == name)

    def run_to(self, target: Expr) -> Trace:
        """The shortest run of the whole system to `target`."""
        found = explore(self.system, target, 120_000)
        assert isinstance(found, Found), found
        return found.trace

    def violation(self, name: str) -> Trace:
        """The shortest run that violates the property instance with this id."""
        return self.run_to(negate(self.property(name).holds))


@cache
def story(name: str) -> Story:
    """The story in examples/, or in the platforms of these tests, called `name`."""
    file = ROOT / "examples" / f"{name}.yaml"
    path = file if file.is_file() else OWN / f"{name}.yaml"
    _, platform = read_platforms(str(path), library())[0]
    return Story(platform, ground(platform, library()))
