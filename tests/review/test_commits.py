"""Commits for a set of repairs, and what a small git tree has of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kexecspec.library import Library, library
from kexecspec.report.look import Look
from kexecspec.review.backports import backports
from kexecspec.review.commits import commits
from kexecspec.review.commits_text import as_text, json_of
from kexecspec.review.git_tree import MISSING, PATCH, PICKED, REVERTED, SAME, TITLE, UNKNOWN, GitTree, NoGit
from kexecspec.review.repairs import Repair, repairs
from kexecspec.source import Table, parse
from tests.conftest import Run
from tests.goldens import ROOT

BOARD = "kernels: {prod: {version: 5.10.19}}"
SPECS = """
schema: kexecspec/features/1
features:
  hook:
    title: The driver has a hook
    since: 5.14-rc1
    backports: {{"5.10": 5.10.60}}
    commit: {hook}
    needs: {{fix: It deadlocks.}}
  fix:
    title: The hook does not deadlock
    since: 5.17-rc1
    commit: {fix}
"""


class Repository:
    """A small git tree with a branch `mainline`, and `stable` for its own history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "mainline")
        self.commit("driver.c", "one\n\n\n\n\ntwo\n", "driver: begin")
        self.git("branch", "stable")

    def git(self, *words: str) -> str:
        names = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *names, *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, text: str, message: str) -> str:
        (self.folder / name).write_text(text)
        self.git("add", ".")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def both(tmp_path: Path) -> tuple[Repository, str, str]:
    """A repository whose mainline has a hook and its fix, with stable checked out, and the two commits."""
    made = Repository(tmp_path)
    hook = made.commit("driver.c", "one\nhook\n\n\n\n\ntwo\n", "driver: add a hook")
    message = f'driver: no deadlock\n\nFixes: {hook[:12]} ("driver: add a hook")'
    fix = made.commit("driver.c", "one\nhook\nlock\n\n\n\n\ntwo\n", message)
    made.git("checkout", "-q", "stable")
    return made, hook, fix


def tree(text: str = BOARD) -> Table:
    root = parse(text, "board.yaml")
    assert isinstance(root, Table)
    return root


def test_what_the_history_has_of_a_commit(both: tuple[Repository, str, str]) -> None:
    made, hook, fix = both
    assert GitTree(str(made.folder), "mainline").has(hook).how == SAME
    assert GitTree(str(made.folder)).has(hook).how == MISSING

    made.commit("other.c", "new\n", "other")
    made.git("cherry-pick", hook)
    stable = GitTree(str(made.folder))
    assert stable.has(hook).how == PATCH and stable.has(hook).title == "driver: add a hook"
    assert [one.commit for one in stable.fixes_left_out(hook)] == [fix]

    made.git("revert", "--no-edit", "HEAD")
    assert GitTree(str(made.folder)).has(hook).how == REVERTED


@pytest.mark.parametrize(
    ("message", "how"),
    [
        ("driver: add a hook\n\ncommit {} upstream.", PICKED),
        ("driver: add a hook\n\n[ Upstream commit {} ]", PICKED),
        ("driver: hook\n\n(cherry picked from commit {})", PICKED),
        ("driver: hook\n\nmainline inclusion\nfrom mainline-v5.14-rc1\ncommit {}\ncategory: bugfix", PICKED),
        ("driver: hook\n\nJIRA: 1\n\ncommit {}\nAuthor: A. Person", PICKED),
        ("driver: hook\n\nThis goes before\ncommit {}, which is not here.", MISSING),
        ("driver: hook\n\nThis goes before\ncommit {}\nwhich is not here.", MISSING),
        ("driver: mend\n\nThe commit {} added a hook.", MISSING),
        ("driver: add a hook", TITLE),
    ],
)
def test_a_message_that_names_it(both: tuple[Repository, str, str], message: str, how: str) -> None:
    made, hook, _ = both
    made.commit("driver.c", "another hook\n", message.format(hook))

    assert GitTree(str(made.folder)).has(hook).how == how


def test_a_tree_without_mainline_does_not_know(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    made.commit("driver.c", "x\n", "driver: hook\n\ncommit " + "ab" * 20 + " upstream.")

    assert GitTree(str(tmp_path)).has("ab" * 20).how == PICKED
    assert GitTree(str(tmp_path)).has("cd" * 20).how == UNKNOWN
    with pytest.raises(NoGit, match="has no HEAD"):
        GitTree(str(tmp_path / "nowhere"))


def test_a_fix_without_its_fix_is_a_warning(both: tuple[Repository, str, str], tmp_path: Path) -> None:
    made, hook, fix = both
    made.commit("other.c", "new\n", "other")
    made.git("cherry-pick", hook)
    specs = tmp_path / "specs"
    (specs / "kernels").mkdir(parents=True)
    (specs / "kernels" / "all.yaml").write_text(SPECS.format(hook=hook[:12], fix=fix[:12]))
    wanted = Repair("hook", "prod", "A hook", 1, (), ("hook",), ("prod",))

    found = commits(tree(), [wanted], Library(specs), GitTree(str(made.folder)))

    assert [(one.backport.features, one.there.how if one.there else None) for one in found.picked] == [
        (("hook",), PATCH), (("fix",), MISSING),
    ]  # fmt: skip
    assert f"{hook[:12]} (hook) without {fix[:12]} (fix): It deadlocks." in found.warnings
    assert f"the tree has {hook[:12]} (hook) without {fix[:12]}: It deadlocks." in found.warnings
    assert any(f"is fixed by {fix[:12]} (driver: no deadlock)" in warning for warning in found.warnings)
    text = as_text(found, 1, Look())
    assert "mainline 5.14-rc1; first stable releases 5.10.60; of your series 5.10.60" in text.replace("\n      ", " ")
    assert all(len(line) <= 78 for line in text.splitlines())
    assert json_of(found)["commits"][0]["own"] == "5.10.60"


def test_the_drain_at_shutdown_needs_a_context_of_its_own() -> None:
    (drain,) = [one for one in repairs(tree(), library()) if one.entry == "drain-at-shutdown"]

    found = {one.commit: one for one in backports(tree(), [drain], library())}

    assert {"f25889f93184", "aceeafefff73", "b5c10dd04b74"} <= found.keys()
    assert found["aceeafefff73"].needed[0].by == "optee-drains-at-shutdown"
    assert found["aceeafefff73"].own == "5.10.103"


def test_git_goes_with_commits(run: Run) -> None:
    assert run("fix", ROOT / "examples/ftpm/before.yaml", "--git", ".").code == 2
