"""Backports beside the history of a tree: what is there, what is missing, and fixes without their fixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kexecspec.library import Library
from kexecspec.review.backports import Backport, backports, lacking
from kexecspec.review.git_tree import HAS, GitTree, Later, There
from kexecspec.review.repairs import Repair
from kexecspec.tree import Table


@dataclass(frozen=True)
class Picked:
    """One commit to take over, and what the tree has of it; `later` are fixes of it that the tree has not."""

    backport: Backport
    there: There | None = None
    later: tuple[Later, ...] = ()


@dataclass(frozen=True)
class Commits:
    """The commits for a set of repairs; `warnings` tell of a fix without its fix."""

    picked: tuple[Picked, ...]
    warnings: tuple[str, ...]


def commits(root: Table, chosen: Sequence[Repair], library: Library, tree: GitTree | None) -> Commits:
    """What a maintainer takes over for the repairs, held against `tree` where there is one. Raises NoGit."""
    found = []
    for one in backports(root, chosen, library):
        there = tree.has(one.commit) if tree is not None and one.commit is not None else None
        later = tree.fixes_left_out(one.commit) if tree is not None and one.commit is not None else ()
        found.append(Picked(one, there, later))
    warnings = [*_needs(found), *_in_tree(found, library, tree), *_later(found)]
    return Commits(tuple(found), tuple(dict.fromkeys(warnings)))


def _needs(found: Sequence[Picked]) -> list[str]:
    """A commit that is here only because another one must not be taken without it."""
    named = {f: one.backport.commit or f for one in found for f in one.backport.features}
    return [
        f"{named.get(need.by, need.by)} ({need.by}) without {need.commit or need.feature} ({need.feature}): {need.why}"
        for one in found
        for need in one.backport.needed
    ]


def _in_tree(found: Sequence[Picked], library: Library, tree: GitTree | None) -> list[str]:
    """What the tree has already, without what that needs."""
    told = []
    for one in found:
        if tree is None or one.there is None or one.there.how not in HAS:
            continue
        for feature in one.backport.features:
            for need in lacking(feature, (), library):
                if need.commit is not None and tree.has(need.commit).how not in HAS:
                    told.append(f"the tree has {one.backport.commit} ({feature}) without {need.commit}: {need.why}")
    return told


def _later(found: Sequence[Picked]) -> list[str]:
    return [
        f"{one.backport.commit} is fixed by {later.commit[:12]} ({later.title}), which the tree has not"
        for one in found
        for later in one.later
    ]
