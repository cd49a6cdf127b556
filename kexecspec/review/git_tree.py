"""Whether a git tree has a commit: as it is, picked, by the same patch, or by its title only."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

SAME, PICKED, PATCH = "same commit", "named as picked", "same patch"
TITLE, REVERTED, MISSING, UNKNOWN = "title only", "reverted", "missing", "unknown"
HAS = (SAME, PICKED, PATCH)
_SECONDS = 120.0
_MOST = 2000
_PICKS = re.compile(
    r"\(?(?:cherry[ -]picked|backported) from commit (?P<a>[0-9a-f]{12,40})\b.*"
    r"|commit (?P<b>[0-9a-f]{12,40}) upstream\.?"
    r"|\[ ?upstream commit (?P<c>[0-9a-f]{12,40}) ?\]",
    re.IGNORECASE,
)
"""Of stable trees and of `git cherry-pick -x`."""
_BARE = re.compile(r"commit (?P<a>[0-9a-f]{40})", re.IGNORECASE)
_BEFORE = re.compile(r"(from \S+)?")
"""openEuler and Red Hat name it on a line of its own, after where it is from or an empty line; after any other it is a
sentence's end."""
_SETTINGS = ("-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
_QUIET: Mapping[str, str] = {
    "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C",
}  # fmt: skip


class NoGit(Exception):
    """There is no git, no git tree, or no answer in time; the text says which."""


@dataclass(frozen=True)
class There:
    """What a tree has of a commit: `how`, and `as_` which commit of its own. `why` where that is not known."""

    how: str
    as_: str | None = None
    title: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Later:
    """A commit that says it fixes another one, and is not in the tree's history."""

    commit: str
    title: str


class GitTree:
    """A git repository at one revision. Nothing in it is changed, and nothing is fetched."""

    def __init__(self, folder: str, revision: str = "HEAD") -> None:
        self.folder = folder
        self.head = self._commit(revision)
        if not self.head:
            raise NoGit(f"{folder} has no {revision}")

    def has(self, commit: str) -> There:
        """What the history of the revision has of a mainline commit. Where the repository does not know the commit
        itself, only a message that names it can tell."""
        found = self._found(commit)
        if found.how in HAS and found.as_ is not None and self._reverted(found.as_):
            return replace(found, how=REVERTED, why="a later commit says that it reverts it")
        return found

    def _found(self, commit: str) -> There:
        named, known = self._named(commit), self._commit(commit)
        if not known:
            if named:
                return There(PICKED, named)
            return There(UNKNOWN, why="the repository has no such commit to compare with; fetch mainline into it")
        title = self._asked("show", "-s", "--format=%s", known).strip()
        if self._ancestor(known):
            return There(SAME, known, title)
        if named:
            return There(PICKED, named, title)
        return self._by_patch(known, title)

    def fixes_left_out(self, commit: str) -> tuple[Later, ...]:
        """The commits of any branch whose message says that they fix `commit`, and that the revision has not."""
        text = self._asked("log", "--all", f"-n{_MOST}", "-F", f"--grep=Fixes: {commit[:12]}", "--format=%H%x09%s")
        found = [line.split("\t", 1) for line in text.splitlines()]
        titles: dict[str, str] = {}
        for number, title in found:
            if self.has(number).how in HAS:
                titles[title] = ""
            else:
                titles.setdefault(title, number)
        return tuple(Later(number, title) for title, number in titles.items() if number)

    def _by_patch(self, known: str, title: str) -> There:
        files = self._asked("show", "--format=", "--name-only", known).split("\n")
        paths = [name for name in files if name]
        wanted = self._patch_ids("show", known)
        here = self._patch_ids("log", "-p", f"-n{_MOST}", self.head, "--", *paths)
        for number, own in here.items():
            if own in wanted.values():
                return There(PATCH, number, title)
        text = self._asked("log", f"-n{_MOST}", "-F", f"--grep={title}", "--format=%H%x09%s", self.head)
        for line in text.splitlines():
            number, said = line.split("\t", 1)
            if said == title:
                return There(TITLE, number, title, "the title is there, with another patch: compare the two")
        return There(MISSING, None, title)

    def _named(self, commit: str) -> str | None:
        """The commit of the history whose message says that it is `commit`, as stable trees and cherry-pick -x do."""
        text = self._asked("log", f"-n{_MOST}", "-F", f"--grep={commit[:12]}", "--format=%H%x09%B%x00", self.head)
        for entry in text.split("\0"):
            number, _, body = entry.strip().partition("\t")
            lines = [line.strip() for line in body.splitlines()]
            for before, line in pairwise(("", *lines)):
                told = _PICKS.fullmatch(line) or _BEFORE.fullmatch(before) and _BARE.fullmatch(line)
                if told and next(filter(None, told.groups())).lower().startswith(commit[:12]):
                    return number
        return None

    def _reverted(self, commit: str) -> bool:
        said = f"This reverts commit {commit[:12]}"
        return bool(self._asked("log", "-n1", "-F", f"--grep={said}", "--format=%H", self.head).strip())

    def _commit(self, name: str) -> str:
        return self._asked("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()

    def _ancestor(self, commit: str) -> bool:
        return self._run(["merge-base", "--is-ancestor", commit, self.head]).returncode == 0

    def _patch_ids(self, *words: str) -> dict[str, str]:
        """The patch id of each commit that git shows, by commit."""
        shown = self._run([*words[:1], "--no-color", "--no-ext-diff", "--no-textconv", *words[1:]]).stdout
        ids = self._run(["patch-id", "--stable"], shown).stdout.decode("utf-8", "replace")
        return {line.split()[1]: line.split()[0] for line in ids.splitlines() if len(line.split()) == 2}

    def _asked(self, *words: str) -> str:
        return self._run(list(words)).stdout.decode("utf-8", "replace")

    def _run(self, words: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", *_SETTINGS, "-C", self.folder, *words], input=given, capture_output=True, timeout=_SECONDS,
                env={**os.environ, **_QUIET},
            )  # fmt: skip
        except FileNotFoundError:
            raise NoGit("there is no git here") from None
        except (OSError, ValueError):
            raise NoGit(f"{self.folder} cannot be read") from None
        except subprocess.TimeoutExpired:
            raise NoGit(f"git gave no answer about {self.folder} in {_SECONDS:.0f} s") from None
