"""The law that lets a large platform be judged part by part: the rules that concern a part are those of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kexecspec.ground.ground import ground, unfolded
from kexecspec.ir.expr import conjuncts
from kexecspec.ir.system import Rule, TransitionSystem
from kexecspec.ir.walk import references
from kexecspec.library import library
from kexecspec.platform.excerpt import Excerpts
from kexecspec.platform.facts import Platform
from kexecspec.platform.part import Part, parts, same_part
from kexecspec.platform.resolve import resolve
from kexecspec.platform.ways import read_platforms
from kexecspec.solve.smtlib import script, writer
from kexecspec.source import parse, plain
from tests.generated import platform as generated

ROOT = Path(__file__).parents[2]
FILES = (path for path in (ROOT / "examples").rglob("*.yaml") if "\nschema: kexecspec/platform/" in path.read_text())
STORIES = sorted(path.relative_to(ROOT).as_posix() for path in FILES)
SEEDS = range(60)


def differences(whole: TransitionSystem, part: TransitionSystem) -> Iterator[str]:
    """Where the rules of `part` are not those of `whole`, as far as the variables of `part` go."""
    own, rules = frozenset(part.variables), {rule.name: rule for rule in whole.rules}
    there = {rule.name for rule in part.rules}
    for rule in part.rules:
        if rule.name not in rules:
            yield f"{rule.name} is no rule of the whole"
        else:
            yield from _differs(rule, rules[rule.name], own)
    for rule in whole.rules:
        if rule.name not in there and not own.isdisjoint(rule.effect):
            yield f"{rule.name} writes {sorted(own & rule.effect.keys())} and is missing"
    for name in own:
        if part.variables[name] != whole.variables[name]:
            yield f"{name} is another variable"


def _differs(rule: Rule, other: Rule, own: frozenset[str]) -> Iterator[str]:
    if set(conjuncts(rule.guard)) != {part for part in conjuncts(other.guard) if references(part) <= own}:
        yield f"{rule.name} has another guard"
    if {name: value for name, value in other.effect.items() if name in own} != dict(rule.effect):
        yield f"{rule.name} has another effect"
    if set(rule.order) != {part for part in other.order if references(part) <= own}:
        yield f"{rule.name} has another order"


def check(platform: Platform) -> int:
    found = parts([platform], many=1)[0]
    whole = unfolded(platform, library())
    asked = {p.id: p for p in whole.properties}
    told: dict[str, int] = {}
    for part in found:
        system = unfolded(part.bare or part.platform, library())
        wrong = list(differences(whole, system)) if len(found) > 1 else []
        assert not wrong, wrong[:5]
        for prop in system.properties:
            assert prop == asked[prop.id]
            told[prop.id] = told.get(prop.id, 0) + (not part.rest)
    assert all(number <= 1 for number in told.values())
    covered = {name for part in found for name in (*part.alike, *(part.platform.about or ()))}
    assert not covered or {e.name for e in platform.of_kind("device")} <= covered
    return len(found)


@pytest.mark.parametrize("story", STORIES)
def test_parts_of_stories(story: str) -> None:
    for _, platform in read_platforms(str(ROOT / story), library()):
        check(platform)


def test_parts_of_generated_platforms() -> None:
    assert sum(check(generated(seed)) > 1 for seed in SEEDS) > 5


MANY = """
schema: kexecspec/platform/1
platform: many
memory: {ram: [0x8000_0000 + 2GiB], crashkernel: 0xc000_0000 + 256MiB}
smmus:
  one: {variant: "arm,smmu-v3"}
  two: {variant: "arm,smmu-v3"}
  three: {variant: "arm,mmu-500"}
devices:
  bridge: {driver: generic-pci-shutdown, smmu: one, streams: [1], iova: 0xfff0_0000 + 64KiB}
  below: {driver: bnxt_en, smmu: one, streams: [2], iova: 0xfff0_0000 + 64KiB, parent: bridge}
  beside: {driver: bnxt_en, smmu: one, streams: [3], iova: 0xfff0_0000 + 64KiB}
  again: {driver: bnxt_en, smmu: two, streams: [4], iova: 0xfff1_0000 + 64KiB}
  late: {driver: bnxt_en, smmu: two, streams: [5], iova: 0xfff1_0000 + 64KiB, after: [two]}
  astray: {driver: bnxt_en, smmu: two, streams: [6], iova: 0x1000 + 64KiB}
  v2: {driver: bnxt_en, smmu: three, streams: [7], iova: 0xfff1_0000 + 64KiB}
  bare: {driver: bnxt_en}
kernels:
  prod: {version: 6.12}
  kdump: {version: 6.12, kdump: true}
first: prod
handoffs: [prod -systemctl kexec-> prod, prod -crash-> kdump, kdump -reboot-> prod]
"""


def many(text: str = MANY) -> Platform:
    root = parse(text, "many.yaml")
    return resolve(root, "many.yaml", library(), plain(root))  # type: ignore[arg-type]


def about(part: Part) -> str:
    (name,) = part.platform.about or ("",)
    return name


def test_masters_that_differ_in_names_only_are_judged_once() -> None:
    (found,) = parts([many()], many=1)
    alike = {about(part): part.alike for part in found}
    assert alike["below"] == ("beside", "again")
    assert all(not others for name, others in alike.items() if name != "below")
    assert set(alike) == {"bridge", "below", "late", "astray", "v2", "bare"}


def test_what_is_alike_has_the_same_system_but_for_names() -> None:
    platform = many()
    (found,), (apart,) = parts([platform], many=1), parts([platform], {"again"}, 1)
    one = ground(next(part for part in found if about(part) == "below").platform, library())
    other = ground(next(part for part in apart if about(part) == "again").platform, library())
    assert script(one, writer(one)) == script(other, writer(other))
    assert [p.code for p in one.properties] == [p.code for p in other.properties]


def test_one_that_has_to_be_shut_down_in_between_is_part_of_it() -> None:
    text = MANY.replace("streams: [1], iova", "streams: [1], after: [one], iova")
    (found,) = parts([many(text)], many=1)
    below = next(part for part in found if about(part) == "below")
    assert {"bridge", "one", "below"} <= below.platform.entities.keys()
    beside = next(part for part in found if about(part) == "beside")
    assert "bridge" not in beside.platform.entities


def test_few_masters_are_judged_together() -> None:
    platform = many()
    assert parts([platform]) == ((Part(platform),),) == parts([platform], many=None)


def test_ways_that_differ_part_what_they_tell_apart() -> None:
    other = many(MANY.replace("two: {", "two: {coherent: false, "))
    for found in parts([many(), other], many=1):
        assert {part.alike for part in found} == {(), ("beside",)}


def test_an_excerpt_is_a_platform_file_that_says_the_same_of_the_part() -> None:
    platform = many()
    for part in parts([platform], many=1)[0]:
        said = Excerpts(platform.plain, library()).of(part.platform)
        again = same_part(resolve(parse(MANY, "many.yaml"), "many.yaml", library(), said), part.platform)
        assert unfolded(again, library()) == unfolded(part.platform, library())
