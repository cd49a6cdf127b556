"""`kexecspec reduce`: what is left gives the same finding, and none of it can go."""

from __future__ import annotations

from pathlib import Path

from kexecspec.check import checked_tree
from kexecspec.options import Options
from kexecspec.review.reduce import facts, reduced, without
from kexecspec.source import Table, load, parse, plain, walk
from tests.conftest import Run
from tests.goldens import ROOT

STORM = ROOT / "examples/kdump-fault-storm/smmu-v2.yaml"


def test_what_is_left_has_the_same_finding(run: Run, tmp_path: Path) -> None:
    board = tmp_path / "board.yaml"
    noise = "kernels:\n  other: {payload: other}\n"
    said = STORM.read_text().replace("kernels:\n", noise)
    board.write_text(said.replace("dump, kd", "dump, prod -kexec-> other, kd"))

    ran = run("reduce", board, "--finding", "KX302/nic@crash", "-o", "small.yaml")

    assert ran.code == 0 and "facts are left" in ran.err, ran.err
    text = Path("small.yaml").read_text()
    assert text.startswith("# What KX302/nic@crash needs of board.yaml: REFUTED after 1 handoff, STORM.\n")
    assert "other" not in text and "expect" not in text and "about" not in text
    again = run("check", "small.yaml", "-q")
    assert again.code == 1 and "Replay: CONFIRMED STORM" in again.out
    root = load("small.yaml")
    assert isinstance(root, Table) and facts(root) < 14


def test_a_mail_has_no_more_of_the_file_than_its_finding_needs(run: Run) -> None:
    before = ROOT / "examples/tee-bnxt-fourth-kexec/before.yaml"

    mail = run("check", before, "--only", "KX102/bnxt@kexec", "--format", "lore").out
    assert "input without what the finding does not need (6 of 13 facts; none of\nthem can go alone)" in mail
    text = mail.partition("can go alone):\n\n")[2]
    Path("mailed.yaml").write_text(text)
    again = run("check", "mailed.yaml", "--only", "KX102/bnxt@kexec", "-q")
    assert again.code == 1 and "Replay: CONFIRMED LEAK" in again.out


def test_what_a_budget_leaves_has_the_finding_too() -> None:
    root = load(str(STORM))
    assert isinstance(root, Table)
    options = Options(inside=True)

    found = reduced(root, str(STORM), "KX302/nic@crash", options, 900)
    assert not found.whole and facts(found.tree) == found.after < found.before
    names = {f.property.id for f in checked_tree(found.tree, "x", options).report.findings if f.steps}
    assert "KX302/nic@crash" in names


def test_what_is_not_refuted_cannot_be_reduced(run: Run) -> None:
    ran = run("reduce", STORM, "--finding", "KX302/nic@kexec")

    assert ran.code == 2 and "did you mean 'KX302/nic@crash'?" in ran.err
    assert run("reduce", ROOT / "examples/smmu-shutdown-modes/v3-adopt-kdump-running.yaml").code == 2


def test_places_are_left_out_of_tables_and_lists() -> None:
    root = parse("a: {b: 1, c: [x, y, z]}\nd: 2", "a")

    assert plain(without(root, {("a", "b"), ("a", "c", 1)})) == {"a": {"c": ["x", "z"]}, "d": 2}
    assert plain(without(root, {path for path, _ in walk(root) if len(path) == 1})) == {}
