"""The tests would notice a wrong rule, fact or function: a small sample of what `python -m tests.mutants` runs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from tests.goldens import ROOT
from tests.mutants.components import components, expressions
from tests.mutants.copy import copied
from tests.mutants.edits import contents, rewritten, shifted
from tests.mutants.grounded import mutants, noticed, signature, story
from tests.mutants.mutant import Mutant, Outcome, packed
from tests.mutants.operators import functions, wrong
from tests.mutants.reach import Recorder
from tests.mutants.run import Worker
from tests.mutants.survivors import FILE, compared, reason, summary

SPECIFICATIONS = sorted((ROOT / "specs").glob("*/*.yaml"))
FEW = ("smmu-shutdown-modes/v2-bypass-linux-running", "whole-platform/5.10.19", "whole-platform/6.12")
"""The stories that are asked here, and those that the tests of the specifications look at."""


@pytest.mark.parametrize("name", ["pool-alloc-leak/before", "kdump-fault-storm/smmu-v3"])
def test_most_mutants_of_ground_rules_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    platform, system = story(name)
    original = signature(platform, system)
    some = tuple(mutants(system, tuple(platform.entities)))[::4]

    caught = [bool(noticed(platform, mutant, original)) for mutant in some]

    assert len(some) >= 5
    assert sum(caught) >= 0.8 * len(some), [m.kind for m, seen in zip(some, caught, strict=True) if not seen]


def test_a_test_that_fails_anyway_notices_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look at a function of the tool; the second fails whatever that says."""
    (tmp_path / "test_two.py").write_text(
        "from kexecspec.quantities import format_size\n"
        "def test_passes(): assert format_size(4096)\n"
        "def test_fails(): assert not format_size(4096)\n"
    )
    monkeypatch.chdir(tmp_path)
    recorder = Recorder(ROOT)
    assert pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_two.py"], plugins=[recorder]) == 1
    reached = [name for name, _ in recorder.found["kexecspec/quantities.py: format_size"]]
    assert [name.partition("::")[2] for name in reached] == ["test_passes"]


def test_a_worker_notices_a_wrong_fact_and_a_wrong_function_and_nothing_where_nothing_is_wrong() -> None:
    driver = ROOT / "specs/drivers/arm-smmu.yaml"
    file = "specs/drivers/arm-smmu.yaml"
    content = contents(driver)
    wrong_fact = {**content, "hooks": {**content["hooks"], "shutdown": []}}
    heap = ROOT / "kexecspec/machine/heap.py"
    tests = (("tests/machine/test_secure.py", 10.0),)
    asked = [
        Mutant("facts", "the same, written otherwise", file, rewritten(driver, content)),
        Mutant("facts", "no shutdown hook", file, rewritten(driver, wrong_fact)),
        Mutant("machine", "the same source", "kexecspec/machine/heap.py", heap.read_text() + "\n"),
        Mutant("machine", "the heap is gone", "kexecspec/machine/heap.py", "raise ValueError\n"),
    ]

    with copied(ROOT) as tree:
        for path in (tree / "examples").glob("*/*.yaml"):
            if path.relative_to(tree / "examples").with_suffix("").as_posix() not in FEW:
                path.unlink()
        worker = Worker(tree)
        said = {m.name: worker.answer({**packed(m), "tests": tests})["caught"][m.name] for m in asked}
        worker.stop()

    assert [bool(said[m.name]) for m in asked] == [False, True, False, True], said


def test_specifications_survive_being_written_as_json(tmp_path: Path) -> None:
    for path in SPECIFICATIONS:
        copy = tmp_path / path.name
        copy.write_text(rewritten(path, contents(path)))
        assert contents(copy) == contents(path)


def test_a_function_has_wrong_versions_of_every_kind() -> None:
    text = """
def example(a, b):
    self.total += a
    self.seen = b
    if a < 3 and not b:
        return 1
    return [x for x in a if x]
"""
    ((_, function),) = functions(ast.parse(text))

    named = dict(wrong(function))

    assert set(named) >= {
        "a < 3 is a <= 3", "not (a < 3 and (not b))", "a < 3 and (not b) is a < 3 or not b", "3 is 4", "1 is 2",
        "all, not only if x", "without return 1", "without self.total += a", "self.total += a one later",
    }  # fmt: skip
    assert len({ast.unparse(made) for made in named.values()} | {ast.unparse(function)}) == len(named) + 1


def test_a_rule_expression_has_wrong_versions() -> None:
    assert dict(expressions("a + 1 < b and c", True)) == {
        "a + 1 < b is a + 1 <= b": "a + 1 <= b and c", "1 is 2 (node 11)": "a + 2 < b and c",
        "a + 1 is a": "a < b and c", "without a + 1 < b": "c", "without c": "a + 1 < b",
    }  # fmt: skip


def test_releases_are_moved_by_one() -> None:
    later = [shifted(version, 1) for version in ("5.14-rc5", "5.10.58", "4.12", "3.13.0")]
    earlier = [shifted(version, -1) for version in ("5.14-rc5", "5.10.58", "3.13.0")]

    assert later == ["5.14-rc6", "5.10.59", "4.13", "3.13.1"]
    assert earlier == ["5.14-rc4", "5.10.57", "3.12.0"]


def test_every_component_has_mutants_and_nearly_every_function() -> None:
    rules = {m.path for m in components(ROOT)}
    tree = ast.parse((ROOT / "kexecspec/machine/heap.py").read_text())

    bare = [name for name, function in functions(tree) if not list(wrong(function))]

    assert len(bare) <= 2
    assert rules >= {p.relative_to(ROOT).as_posix() for p in (ROOT / "specs/components").glob("*.yaml")}


def test_survivors_are_told_apart_by_the_table_of_reasons() -> None:
    table = {"a: b[1] *": "no rule asks"}
    outcomes = [Outcome("facts", "a: b[1] gone", ""), Outcome("facts", "c", ""), Outcome("facts", "d", "a test")]

    said = compared(outcomes, table)

    assert [o.name for o in said.explained] == ["a: b[1] gone"]
    assert [o.name for o in said.unexplained] == ["c"]
    assert reason("a: b1 gone", table) == ""
    assert summary(outcomes, table).splitlines()[-1] == "| facts | 3 | 1 (33 %) | 1 | 1 |"


def test_each_explanation_says_why() -> None:
    for entry in yaml.safe_load(FILE.read_text()):
        assert set(entry) == {"mutants", "why"}
        assert entry["mutants"] and len(entry["why"].split()) >= 5
