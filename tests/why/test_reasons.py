"""The facts that a proof needs: sufficient whatever the others are, and each necessary."""

from __future__ import annotations

import random
from functools import cache

import pytest

from kexecspec.explore import Found, explore
from kexecspec.ir.expr import negate
from kexecspec.ir.trace import objection
from kexecspec.ir.values import members
from kexecspec.library import library
from kexecspec.platform.ways import read_platforms
from kexecspec.source import load
from kexecspec.why.origins import File
from kexecspec.why.reasons import Loose, Reasons, loose, reasons
from tests.goldens import ROOT

CASES = (
    ("tee-bnxt-fourth-kexec/after", "KX102/bnxt@kexec"),
    ("smmu-shutdown-modes/v2-abort-unaware-running", "KX302/nic@kexec"),
    ("smmu-shutdown-modes/v2-abort-unaware-running", "KX304/nic@kexec"),
)


@cache
def opened(story: str) -> Loose:
    """The open system of a story."""
    path, specs = str(ROOT / f"examples/{story}.yaml"), library()
    ((_, platform),) = read_platforms(path, specs)
    return loose(File(path, load(path), platform.plain).platform(specs), specs, 20_000_000)


@cache
def found(story: str, wanted: str) -> Reasons:
    """The reasons of a proof that exists."""
    made = reasons(opened(story), wanted)
    assert made is not None
    return made


@pytest.mark.parametrize(("story", "wanted"), CASES)
def test_each_fact_is_needed_as_a_run_shows(story: str, wanted: str) -> None:
    of, made = opened(story), found(story, wanted)

    assert made.needs and made.minimal
    for need in made.needs:
        wrong = need.wrong
        assert wrong is not None
        otherwise = dict(wrong.otherwise)
        assert need.fact.name in otherwise
        assert all(value != of.facts[name].value for name, value in otherwise.items())
        assert not (otherwise.keys() - {need.fact.name}) & {n.fact.name for n in made.needs}
        prop = next(p for p in wrong.system.properties if p.id == wanted)
        assert objection(wrong.system, wrong.trace, negate(prop.holds)) is None


@pytest.mark.parametrize(("story", "wanted"), CASES)
def test_the_facts_suffice_whatever_the_others_are(story: str, wanted: str) -> None:
    of, made, dice = opened(story), found(story, wanted), random.Random(7)
    needed = {need.fact.name: need.fact.value for need in made.needs}
    for _ in range(12):
        others = {name: dice.choice(tuple(members(fact.sort))) for name, fact in of.facts.items()}
        system = of.with_known(others | needed)
        prop = next(p for p in system.properties if p.id == wanted)

        assert not isinstance(explore(system, negate(prop.holds), 4000), Found)


def test_the_fix_of_the_fourth_kexec_is_what_its_proof_needs() -> None:
    needs = {need.fact.name for need in found(*CASES[0]).needs}

    assert needs == {"bnxt.fw.deferred_free in prod", "bnxt.shutdown.tee_shm_free(fw) in prod"}


def test_an_abort_at_shutdown_is_what_keeps_the_next_kernel_safe() -> None:
    assert [need.fact.name for need in found(*CASES[2]).needs] == ["smmu.shutdown.smmu_abort in prod"]


def test_what_is_refuted_has_no_reasons() -> None:
    assert reasons(opened("smmu-shutdown-modes/v2-abort-unaware-running"), "KX305/nic@kexec") is None


def test_dropping_by_cases_finds_facts_that_suffice_too(monkeypatch: pytest.MonkeyPatch) -> None:
    story, wanted = CASES[2]
    for name, most in (("OPEN_TRIES", 0), ("MOST_CASES", 6), ("ALL_CASES", 24)):
        monkeypatch.setattr(f"kexecspec.why.reasons.{name}", most)

    made = reasons(opened(story), wanted)

    assert made is not None
    by_cases = {need.fact.name for need in made.needs}
    assert "smmu.shutdown.smmu_abort in prod" in by_cases
    of, dice = opened(story), random.Random(11)
    for _ in range(8):
        others = {name: dice.choice(tuple(members(fact.sort))) for name, fact in of.facts.items()}
        system = of.with_known(others | {name: of.facts[name].value for name in by_cases})
        prop = next(p for p in system.properties if p.id == wanted)
        assert not isinstance(explore(system, negate(prop.holds), 4000), Found)
