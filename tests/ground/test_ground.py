"""From a platform to its system: places, ranges of limits, severities, and operations nobody speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kexecspec.explore import Sweep
from kexecspec.ground import ground as grounding
from kexecspec.ground.ground import SpecError, ground, unfolded
from kexecspec.ir.expr import equal
from kexecspec.ir.language import LanguageError
from kexecspec.ir.nodes import Const, Ref
from kexecspec.ir.system import Place, TransitionSystem
from kexecspec.ir.values import IntSort
from kexecspec.ir.walk import references
from kexecspec.library import library
from kexecspec.platform.facts import Hooks, Platform
from kexecspec.platform.ways import read_platforms
from tests.generated import platform as generated
from tests.goldens import ROOT
from tests.mutants.grounded import story


@pytest.fixture
def bypassing(monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.chdir(ROOT)
    return story("smmu-shutdown-modes/v2-bypass-linux-running")[0]


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> TransitionSystem:
    monkeypatch.chdir(ROOT)
    ((_, platform),) = read_platforms("examples/whole-platform/6.12.yaml", library())
    return unfolded(platform, library())


def test_what_a_specification_declares_points_to_its_first_line(whole: TransitionSystem) -> None:
    places = [thing.place for thing in (*whole.variables.values(), *whole.invariants) if thing.place]

    assert whole.invariants and len(places) > 10
    assert all(isinstance(place, Place) and (place.line, place.path[-5:]) == (1, ".yaml") for place in places)


def test_a_limit_counts_as_far_as_it_allows_and_at_least_to_one() -> None:
    limits = {}
    for seed in range(25):
        platform = generated(seed)
        system = unfolded(platform, library()) if platform.limits else None
        limits.update({limit.most: system.variables[limit.counter].sort for limit in platform.limits} if system else {})

    assert 1 in limits and len(limits) > 1
    assert all(sort == IntSort(0, max(most, 1)) for most, sort in limits.items())


def test_a_property_is_as_severe_as_the_policy_says(bypassing: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = library().spec("policies", "default")
    assert policy is not None
    monkeypatch.setitem(policy.content["severity"], "KX302", "note")

    found = {prop.code: prop.severity for prop in unfolded(bypassing, library()).properties}

    assert found["KX302"] == "note" and found["KX301"] == "error"


def test_handoffs_are_the_rules_that_end_a_kernel_and_only_limited_ones_are_counted() -> None:
    limited = set()
    for seed in range(25):
        platform = generated(seed)
        system = unfolded(platform, library())
        ends = {rule.name for rule in system.rules if rule.handoff}
        assert ends == {rule.name for rule in system.rules if rule.name.startswith(("crash.", "jump.", "reset."))}
        for limit in platform.limits:
            for rule in system.rules:
                kind, _, edge = rule.name.partition(".")
                if kind in ("begin", "crash") and edge in {e.name for e in platform.edges}:
                    counted = limit.counter in references(rule.guard)
                    assert counted == (edge in limit.edges)
                    limited.add(counted)

    assert limited == {True, False}


def test_a_shutdown_hook_of_operations_that_bear_on_nothing_holds_nobody_up(bypassing: Platform) -> None:
    smmu = next(entity for entity in bypassing.entities.values() if entity.hooks and "walker" in entity.kinds)
    silent = {
        kernel: Hooks(hooks.probe, tuple(replace(op, do="nothing_that_matters") for op in hooks.shutdown))
        for kernel, hooks in smmu.hooks.items()
    }
    entities = {**bypassing.entities, smmu.name: replace(smmu, hooks=silent)}
    assert any(hooks.shutdown for hooks in silent.values())

    system = ground(replace(bypassing, entities=entities), library())

    assert not any("nothing_that_matters" in rule.name for rule in system.rules)
    assert Sweep(system, 3000).seek(equal(Ref("entered"), Const("kexec"))) is not None


def test_a_specification_that_cannot_be_read_is_a_defect_of_specifications(
    bypassing: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        raise LanguageError("not an expression: 1 +")

    monkeypatch.setattr(grounding, "lower", unreadable)
    with pytest.raises(SpecError, match="not an expression"):
        ground(bypassing, library())
