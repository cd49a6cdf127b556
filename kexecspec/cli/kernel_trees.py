"""A kernel tree, opened for an import: its drivers, its version and its features."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from kexecspec.cache.place import Unusable, ready, usual
from kexecspec.cli.console import complain
from kexecspec.diagnostics import escape, quote
from kexecspec.importers.compose.chosen import Choose
from kexecspec.importers.compose.setting import Setting
from kexecspec.library import Library

_EVERY = 2000
_LISTED = 5


@contextlib.contextmanager
def opened(
    root: str, config: str | None, specs: Library, tee: str, folder: Path | None = None
) -> Iterator[tuple[Choose, Setting, str]]:
    """How drivers are chosen by the tree at `root`, what it is as a kernel, and a sum of its contents; its index is
    kept in `folder`, or in the user's cache. Raises click.UsageError for what is no tree."""
    from kexecspec.importers.compose.by_tree import by_tree
    from kexecspec.importers.features.tree import NoTree as Nothing
    from kexecspec.importers.features.tree import open_tree
    from kexecspec.importers.kept_features import kept_features
    from kexecspec.importers.kernel import setting_of
    from kexecspec.importers.source.index import opened_index
    from kexecspec.importers.source.kept import Damaged
    from kexecspec.importers.source.syntax import NoParser
    from kexecspec.importers.source.tree import NoTree

    try:
        tree = open_tree(root, config)
        folder = folder or index_folder()
        features = kept_features(tree, specs, folder)
        setting = setting_of(tree, features, Path(config).name if config else "", specs, tee)
        with opened_index(Path(root), folder, os.cpu_count() or 1, _told, tree.config) as index:
            _complain_of([f"{problem.place}: {problem.says}" for problem in index.problems])
            yield by_tree(index, specs, tree.config), setting, index.identity
    except (NoTree, Nothing) as error:
        raise click.UsageError(f"--kernel {quote(root)}: {error}") from None
    except (NoParser, Damaged) as error:
        raise click.UsageError(str(error)) from None


def index_folder() -> Path | None:
    """Where the index is kept; None where nothing is."""
    found = usual(os.environ)
    if found is None:
        return None
    try:
        ready(found.folder)
    except Unusable as error:
        complain(f"the index of the kernel tree is not kept: {escape(str(error))}")
        return None
    return found.folder


def _told(number: int, total: int) -> None:
    """Says on a terminal how far the reading of a tree has come."""
    if sys.stderr.isatty() and (number == total or number % _EVERY == 0):
        complain(f"read {number} of {total} files of the kernel tree")


def _complain_of(problems: list[str]) -> None:
    """Says what of a tree could not be read: what is not found in it may be there all the same."""
    for problem in problems[:_LISTED]:
        complain(f"not read: {escape(problem)}")
    if len(problems) > _LISTED:
        complain(f"not read: {len(problems) - _LISTED} more")
