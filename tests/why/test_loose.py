"""The system with its facts open is, with every fact as stated, the platform's own system."""

from __future__ import annotations

import re

import pytest

from kexecspec.ground.ground import ground
from kexecspec.ir.system import TransitionSystem
from kexecspec.library import library
from kexecspec.platform.ways import read_platforms
from kexecspec.source import load
from kexecspec.why.origins import File
from kexecspec.why.reasons import loose
from tests.generated import platform as generated
from tests.goldens import ROOT

STORIES = sorted(ROOT.glob("examples/*/*.yaml"))[::3]


def shape(system: TransitionSystem) -> tuple[object, ...]:
    """What two systems have in common whose positions and repeated operations are numbered in different ways."""
    names = sorted({re.sub(r"#\d+", "", rule.name) for rule in system.rules})
    return sorted(system.variables), names, sorted(prop.id for prop in system.properties)


@pytest.mark.parametrize("story", STORIES, ids=[f"{s.parent.name}/{s.stem}" for s in STORIES])
def test_with_all_facts_known_it_is_the_platforms_system(story) -> None:  # type: ignore[no-untyped-def]
    specs = library()
    for _, platform in read_platforms(str(story), specs):
        of = loose(File(str(story), load(str(story)), platform.plain).platform(specs), specs, 0)

        variables, rules, ids = shape(of.with_known(of.values))
        wanted = ground(platform, specs)

        assert (variables, rules) == shape(wanted)[:2]
        assert {prop.id for prop in wanted.properties} <= set(ids)


def test_a_platform_resolved_whole_has_what_it_has_and_more() -> None:
    specs = library()
    for seed in range(20):
        narrow = generated(seed)
        root = File(narrow.path, load(str(STORIES[0])), narrow.plain)
        for name, entity in root.platform(specs).entities.items():
            for kernel, hooks in entity.hooks.items():
                there = [op for op in (*hooks.probe, *hooks.shutdown) if op.there]
                kept = narrow.entities[name].hooks[kernel] if name in narrow.entities else None
                if kept is not None:
                    assert {op.do for op in (*kept.probe, *kept.shutdown)} <= {op.do for op in there}
