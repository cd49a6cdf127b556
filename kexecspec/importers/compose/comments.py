"""Comments that somebody wrote into a platform file, by the fact beside which they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kexecspec.importers.compose.marks import OURS
from kexecspec.source import Node, Table
from kexecspec.tree import Path, walk


@dataclass(frozen=True, slots=True)
class Beside:
    """The lines of comments above a fact, and the one behind it."""

    above: tuple[str, ...] = ()
    behind: str = ""


Comments = Mapping[Path, Beside]
NONE: Comments = {}


def comments_of(text: str, root: Node) -> dict[Path, Beside]:
    """The comments of the file with the text `text` and the tree `root`, but for those that the import writes. Those
    at the end of the file stand under the empty path."""
    first, ends = _lines(root)
    found: dict[Path, Beside] = {}
    waiting: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if number in first:
            behind = line[ends.get(number, len(line)) :].strip()
            said = Beside(tuple(waiting), behind if behind.startswith("#") else "")
            if said != Beside():
                found[first[number]] = said
            waiting = []
        elif bare.startswith("#") and not bare.startswith(OURS):
            waiting.append(bare)
    if waiting:
        found[()] = Beside(tuple(waiting))
    return found


def _lines(root: Node) -> tuple[dict[int, Path], dict[int, int]]:
    """The fact that is first on each line, and where on each line the last value ends."""
    first: dict[int, Path] = {}
    ends: dict[int, int] = {}
    for path, node in walk(root):
        ends[node.span.end_line] = max(ends.get(node.span.end_line, 0), node.span.end_column - 1)
        if isinstance(node, Table):
            for entry in node.entries:
                span = entry.key.span
                first.setdefault(span.line, (*path, entry.key.text))
                ends[span.end_line] = max(ends.get(span.end_line, 0), span.end_column)
    return first, ends


def within(comments: Comments, path: Path) -> Beside:
    """The comments of `path` and of all that lies below it, as one, for a fact that is written on one line."""
    there = [beside for other, beside in comments.items() if path and other[: len(path)] == path]
    if not there:
        return Beside()
    above = tuple(line for beside in there for line in beside.above)
    behind = [beside.behind for beside in there if beside.behind]
    return Beside((*above, *behind[1:]), behind[0] if behind else "")
