"""What is told to come to the same platform, and to the same system, does."""

from __future__ import annotations

from itertools import combinations

import pytest

from kexecspec.cache.key import key_of
from kexecspec.check import checked_tree
from kexecspec.diagnostics import InputError
from kexecspec.ground.ground import folded
from kexecspec.library import library
from kexecspec.options import Options
from kexecspec.platform.ways import platforms_in
from kexecspec.review.edits import built, put
from kexecspec.review.repairs import repaired, repairs
from kexecspec.review.rerun import stays
from kexecspec.review.same import ground_from, said
from kexecspec.source import Table, load
from kexecspec.sweep.identity import made_with, system_id
from kexecspec.versions import parse_version
from tests.goldens import ROOT
from tests.review.test_fix import HOOK_ONLY, tree

MADE = made_with(library(), (), 1)


@pytest.mark.parametrize("story", ["tee-bnxt-fourth-kexec/hook-only", "ls1028a-reboot-f/smmu-v3-v6.1.0"])
def test_what_is_told_to_be_the_same_is(story: str) -> None:
    path = str(ROOT / f"examples/{story}.yaml")
    root = load(path)
    assert isinstance(root, Table)
    contents: dict[str, str] = {}
    systems: dict[str, str] = {}
    sets = [*combinations(repairs(root, library()), 1), *list(combinations(repairs(root, library()), 2))[::15]]
    for chosen in sets:
        one = repaired(root, chosen)
        try:
            ((facts, platform),) = platforms_in(one, path, library())
        except InputError:
            continue
        resolved = system_id([(facts, platform)], MADE)
        assert contents.setdefault(said(one, library()), resolved) == resolved
        system = folded(platform, library())
        key, told = key_of(system, system.properties, ()), system_id(ground_from([(facts, platform)], library()), MADE)
        assert systems.setdefault(told, key) == key
    assert len(sets) > len(contents) > len(systems) > 4 and len(set(systems.values())) > 3


def test_a_version_and_a_feature_that_it_has_not_are_told_apart() -> None:
    root = tree(HOOK_ONLY)
    given = put(root, ("kernels", "prod", "features", "tee-shm-priv"), built(True, root))
    newer = put(root, ("kernels", "prod", "version"), built("6.12", root))
    assert len({said(one, library()) for one in (root, given, newer)}) == 3
    wrong = put(root, ("kernels", "prod", "features", "no-such-feature"), built(True, root))
    assert said(wrong, library()) != said(root, library()), "what is wrong is not left out"


def test_what_can_be_and_what_cannot_are_told_apart() -> None:
    root, plain = tree(HOOK_ONLY), library().features_of(parse_version("6.12"))
    newer = put(root, ("kernels", "prod", "version"), built("6.12", root))
    feature, symbol = next((name, library().features[name]["config"]) for name in sorted(plain)
                           if "config" in library().features[name])
    without = put(newer, ("kernels", "prod", "config"), built({symbol: "n"}, root))
    wrong = put(without, ("kernels", "prod", "features", feature), built(True, root))

    assert platforms_in(without, HOOK_ONLY, library())
    with pytest.raises(InputError):
        platforms_in(wrong, HOOK_ONLY, library())
    assert said(wrong, library()) != said(without, library())


def test_a_run_is_walked_further_where_less_is_left_behind_each_time() -> None:
    root = tree(HOOK_ONLY)
    roomy = put(root, ("secure_world", "heap", "base_use"), built(4096, root))
    options = Options(inside=True, only=("KX103",), replay=False, explained=False)
    found = [checked_tree(one, str(HOOK_ONLY), options).report.findings[0] for one in (root, roomy)]
    assert found[0].handoffs and found[1].handoffs and found[0].handoffs < found[1].handoffs and found[0].trace

    def walked(one: Table) -> bool:
        ((_, platform),) = platforms_in(one, str(HOOK_ONLY), library())
        assert found[0].trace
        return stays(folded(platform, library()), found[0].property.id, found[0].trace)

    mended = [repair for repair in repairs(root, library()) if repair.entry in ("kernel-buf", "shm-priv")]
    assert walked(root) and walked(roomy) and not walked(repaired(root, mended))
