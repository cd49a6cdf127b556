"""A site's rule is asked of the parts of a platform where it means there what it means on the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.check import checked_tree, taken_apart
from kexecspec.diagnostics import InputError
from kexecspec.library import Library, library
from kexecspec.options import Options
from kexecspec.platform.ways import platforms_in
from kexecspec.review.judge import states
from kexecspec.site import laid_over
from kexecspec.source import Table, parse, plain
from tests.ground.test_parts import MANY
from tests.test_site import RULE, lay

CLIENTS = """
secure_world: {optee: 3.13.0, board: bcm-ns3}
"""
TEXT = MANY.replace("devices:", "devices:\n  fw: {driver: tee_bnxt_fw}\n  tpm: {driver: tpm_ftpm_tee}") + CLIENTS
NARROW = {
    "of a master": ("device", "self.engine != off and phase == down and entered == none", "phase == down"),
    "that holds": ("device", "self.own_work and not self.live and phase == boot", "phase == boot"),
    "of its SMMU": ("device", "self.own_work and phase == down and not self.smmu.on", "self.smmu.exists"),
    "of a client": ("client", "phase == up and not self.has_shutdown", "phase == up"),
}
WIDE = {
    "of a master and the secure world": ("device", "self.own_work and tee.heap_free > 0", "phase == up"),
    "of what only others have": ("device", "self.smmu.v3 and tee.busy > 1", "phase == up"),
}


def specs_with(folder: Path, what: tuple[str, str, str]) -> Library:
    kind, violated, premise = what
    entry = {"for": kind, "handoff": "any", "violated": violated, "premise": premise, "absent": "no", "says": "it"}
    return laid_over(library(), (lay(folder, properties__KX901={**RULE, "instances": [entry]}),))


def judged(specs: Library, apart: int | None) -> tuple[dict[str, object], int]:
    """What is said of each property of the site, and of how many parts."""
    root = parse(TEXT, "many.yaml")
    assert isinstance(root, Table)
    options = Options(("KX901",), inside=True, explained=False, library=specs, apart=apart)
    report = checked_tree(root, "many.yaml", options).report
    assert not report.objections
    return {name: (s.verdict, s.handoffs) for name, s in states(report).items() if "KX901" in name}, report.parts


@pytest.mark.parametrize("rule", NARROW)
def test_a_rule_is_judged_alike_by_parts_and_on_the_whole(tmp_path: Path, rule: str) -> None:
    specs = specs_with(tmp_path, NARROW[rule])
    (by_parts, number), (whole, one) = judged(specs, 1), judged(specs, None)
    assert by_parts == whole and len(whole) > 1 and number > 3 and one <= 1


@pytest.mark.parametrize("rule", WIDE)
def test_a_rule_that_looks_further_has_the_whole_judged(tmp_path: Path, rule: str) -> None:
    specs = specs_with(tmp_path, WIDE[rule])
    root = parse(TEXT, "many.yaml")
    content = plain(root)
    assert isinstance(content, dict)
    ways = platforms_in(root, "many.yaml", specs)
    options = Options(library=specs, apart=1)
    (alone,) = taken_apart(ways, content, frozenset(), options)
    assert len(alone) == 1
    (several,) = taken_apart(ways, content, frozenset(), Options(apart=1))
    assert len(several) > 3


def test_what_can_only_be_judged_by_parts_takes_no_rule_about_more(tmp_path: Path) -> None:
    unknown = TEXT.replace(" + 64KiB", " + 64KiB, quiesced_by: unknown")
    root = parse(unknown, "many.yaml")
    assert isinstance(root, Table) and unknown != TEXT
    with pytest.raises(InputError) as caught:
        wide = specs_with(tmp_path, WIDE["of a master and the secure world"])
        checked_tree(root, "many.yaml", Options(("KX901",), library=wide))
    (said,) = caught.value.diagnostics
    assert "looks at more than one part" in said.message and said.span.path.endswith("KX901.yaml")
    narrow = specs_with(tmp_path / "narrow", NARROW["that holds"])
    report = checked_tree(root, "many.yaml", Options(("KX901",), inside=True, explained=False, library=narrow)).report
    assert report.parts > 3 and not report.objections
