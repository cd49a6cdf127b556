"""`kexecspec show features --tree`: what a kernel's sources show of the features, beside the version table."""

from __future__ import annotations

from collections.abc import Iterator

import click

from kexecspec.cli.console import say
from kexecspec.cli.prose import sources, unknown
from kexecspec.diagnostics import escape, quote
from kexecspec.importers.features.beside import Row, beside, counts, version_of_tree
from kexecspec.importers.features.tree import NoTree, Tree, open_tree
from kexecspec.importers.source.syntax import NoParser
from kexecspec.library import Library, library
from kexecspec.report.look import wrapped

_TREE = {True: "present", False: "absent", None: "unknown"}
_TABLE = {True: "has it", False: "lacks it", None: "-"}


def features_of_tree(name: str | None, root: str, config: str | None) -> int:
    """All features, or the one called `name`, as the tree under `root` has them."""
    specs = library()
    if name is not None and name not in specs.features:
        raise unknown("feature", name, specs.features)
    try:
        tree = open_tree(root, config)
        rows = beside(tree, specs)
    except NoTree as error:
        raise click.UsageError(f"--tree {quote(root)}: {error}") from None
    except NoParser as error:
        raise click.UsageError(str(error)) from None
    rows = tuple(row for row in rows if name in (None, row.name))
    say("\n".join((*_head(tree, rows), *_apart(rows, specs), "", *_table(rows))))
    return 0


def _head(tree: Tree, rows: tuple[Row, ...]) -> Iterator[str]:
    version = tree.version.value
    known = version_of_tree(tree) is not None
    yield f"Linux {escape(version)} ({tree.version.places[0]})" if version else f"A kernel tree; {tree.version.note}"
    if version and not known:
        yield "That is no version that can be looked up."
    if known and rows and rows[0].table is None:
        yield "The version table does not go so far."
    many = ", ".join(f"{count} {word}" for word, count in counts(rows).items())
    yield f"{len(rows)} features: {many}" + ("" if tree.config is None else "; options as the configuration has them")


def _apart(rows: tuple[Row, ...], specs: Library) -> Iterator[str]:
    """Where tree and version table disagree: both, with what they go by."""
    apart = [row for row in rows if row.disagree]
    if not apart:
        yield "Nowhere do tree and version table disagree." if any(r.table is not None for r in rows) else ""
        return
    yield f"DISAGREE: {len(apart)}. A tree may have been patched, or the version table is wrong."
    for row in apart:
        yield ""
        yield f"  {row.name}: the tree has it" if row.tree.value else f"  {row.name}: the tree lacks it"
        yield from (f"    {escape(str(place))}" for place in row.tree.places)
        yield f"    the version table says that the kernel {_TABLE[row.table]}"
        yield from sources(specs.features[row.name], "    ")


def _table(rows: tuple[Row, ...]) -> Iterator[str]:
    yield f"  {'feature':34} {'tree':8} {'table':9}"
    for row in rows:
        yield f"{'!' if row.disagree else ' '} {row.name:34} {_TREE[row.tree.value]:8} {_TABLE[row.table]}"
        yield from (f"      {escape(str(place))}" for place in row.tree.places)
        if row.tree.note:
            yield from wrapped(escape(row.tree.note), "      ", "      ")
