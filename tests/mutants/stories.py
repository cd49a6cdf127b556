"""Whether a changed specification is noticed: by a story's golden, a walk of the machine, or a test of the specs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kexecspec import library as specs_module
from kexecspec.ground import ground as ground_module
from kexecspec.ground.ground import ground
from kexecspec.ir.system import TransitionSystem
from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.platform.ways import read_platforms
from tests.goldens import STORIES, expect_file, golden
from tests.mutants.grounded import parted, walked_off
from tests.mutants.suite import failing, undivided
from tests.turns import out_of_order

TESTS = tuple(
    (path, 2.0)
    for path in (
        "tests/test_specs_kernels.py", "tests/test_specs_drivers.py", "tests/test_specs_rules.py",
        "tests/test_specs_facts.py", "tests/test_specs_residues.py", "tests/ground", "tests/test_versions.py",
    )
)  # fmt: skip
OF_RULES = tuple(
    (path, 2.0)
    for path in (
        "tests/test_specs_clients.py", "tests/test_specs_dma.py", "tests/test_specs_calls.py",
        "tests/test_specs_properties.py", "tests/test_generated_runs.py", "tests/replay/test_found_by_soak.py",
    )
)  # fmt: skip
QUICK = 40


@dataclass(frozen=True)
class Told:
    """A story as it is read: its platforms and their systems."""

    story: str
    platforms: tuple[Platform, ...]
    systems: tuple[TransitionSystem, ...]


@cache
def all_told() -> tuple[Told, ...]:
    """Every story with the specifications as they are, small ones first."""
    found = [told(story) for story in STORIES]
    return tuple(sorted(found, key=lambda t: sum(len(s.rules) for s in t.systems)))


def told(story: str) -> Told:
    """One story with the specifications that are on the disk now."""
    platforms = tuple(platform for _, platform in read_platforms(story, library()))
    return Told(story, platforms, tuple(ground(platform, library()) for platform in platforms))


def noticed(path: str, rules: bool) -> str:
    """What notices that the file `path` of specs/ has changed; `rules`: whether it changes more than platforms."""
    before = all_told()
    for module in (specs_module, ground_module):
        for known in vars(module).values():
            if hasattr(known, "cache_clear"):
                known.cache_clear()
    undivided()
    tests = [(name, taken) for name, taken in TESTS if Path(name).exists()]
    if failed := failing(OF_RULES if rules else tests):
        return failed
    affected = []
    for old in before:
        new = told(old.story) if rules else _reread(old)
        if new.platforms != old.platforms or new.systems != old.systems:
            affected.append(new)
            if golden(old.story).text != expect_file(old.story).read_text():
                return f"{old.story}: its golden"
    for new in affected[:QUICK]:
        for platform, system in zip(new.platforms, new.systems, strict=True):
            if walked_off(platform, system) or parted(platform, system):
                return f"{new.story}: a run of the machine"
            if any(out_of_order(platform, system)):
                return f"{new.story}: a step out of order"
    return failing(tests) if rules else ""


def _reread(old: Told) -> Told:
    platforms = tuple(platform for _, platform in read_platforms(old.story, library()))
    if platforms == old.platforms:
        return old
    return Told(old.story, platforms, tuple(ground(platform, library()) for platform in platforms))
