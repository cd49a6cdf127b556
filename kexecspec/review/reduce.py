"""A platform file without everything that one finding does not need."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kexecspec.check import checked_tree
from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.findings import Finding, ids
from kexecspec.ir.verdict import Verdict
from kexecspec.options import Options
from kexecspec.review.smallest import smallest
from kexecspec.tree import Entry, Items, Node, Path, Scalar, Table, plain, walk

KEPT = ("schema", "platform")
"""What every file has."""
NAMED = ("kernels", "devices", "smmus", "drivers", "services")
"""Where things are that others name."""
_CHECK = 40
"""What a check costs at least."""
SILENT = ("about", "expect")
"""What bears on no verdict, and goes at once."""


@dataclass(frozen=True)
class Same:
    """What has to stay as it is: the verdict, after how many handoffs, and the harm that the machine suffers."""

    verdict: Verdict
    handoffs: int | None
    harm: str | None


@dataclass(frozen=True)
class Reduced:
    """The smaller tree, the finding in it, and how many facts there were and are left. `whole`: it was looked at to
    the end, so that none of those can go alone."""

    tree: Table
    finding: str
    same: Same
    before: int
    after: int
    judged: int
    whole: bool = True


@dataclass
class _Judge:
    path: str
    finding: str
    options: Options
    budget: int | None = None
    judged: int = 0
    work: int = 0
    known: dict[str, Same | None] = field(default_factory=dict)

    @property
    def left(self) -> bool:
        """Whether more may be judged."""
        return self.budget is None or self.work < self.budget

    def same(self, tree: Node) -> Same | None:
        """What becomes of the finding in `tree`; None where there is no such finding, or nothing can be judged, or no
        more may be."""
        key = json.dumps(plain(tree))
        if key not in self.known and not self.left:
            return None
        if key not in self.known:
            self.judged += 1
            self.work += _CHECK
            try:
                report = checked_tree(tree, self.path, self.options).report
            except InputError:
                self.known[key] = None
            else:
                self.work += len(report.rules) ** 2 // 4
                found = next((f for f in report.findings if self.finding in ids(f)), None)
                self.known[key] = same_of(found) if found and not report.objections else None
        return self.known[key]


def reduced(root: Table, path: str, wanted: str | None, options: Options, budget: int | None = None) -> Reduced:
    """`root` without the facts that the finding `wanted` can do without: none of those that are left can go alone. By
    default it is the first that is refuted. With a `budget` (about a thousandth of a second each) some of those may be
    left. Raises InputError where there is no such finding."""
    finding = wanted if wanted is not None else _first(root, path, options)
    judge = _Judge(path, finding, replace(options, only=(finding,), explained=False), budget)
    tree = Table(tuple(entry for entry in root.entries if entry.key.text not in SILENT), root.span)
    same = judge.same(tree)
    if same is None or same.verdict is not Verdict.REFUTED:
        raise _no_finding(root, path, finding, options)
    before, last = facts(tree), None
    tree = _entities(tree, judge, same)
    while last is None or facts(tree) < last:
        last = facts(tree)
        for depth in range(1, 1 + max(len(place) for place, _ in walk(tree))):
            tree = _level(tree, depth, judge, same)
    return Reduced(tree, finding, same, before, facts(tree), judge.judged, judge.left)


def same_of(finding: Finding) -> Same:
    """What has to stay as it is of a finding."""
    return Same(finding.verdict, finding.handoffs, finding.replay.harm if finding.replay else None)


def facts(tree: Node) -> int:
    """How many values a tree has."""
    return sum(not isinstance(node, Table | Items) for _, node in walk(tree))


def without(node: Node, gone: Collection[Path], path: Path = ()) -> Node:
    """A tree without what stands at some paths."""
    match node:
        case Table(entries=entries, span=span):
            kept = [e for e in entries if (*path, e.key.text) not in gone]
            return Table(tuple(Entry(e.key, without(e.value, gone, (*path, e.key.text))) for e in kept), span)
        case Items(items=items, span=span):
            left = [(n, item) for n, item in enumerate(items) if (*path, n) not in gone]
            return Items(tuple(without(item, gone, (*path, n)) for n, item in left), span)
        case _:
            return node


def _entities(tree: Table, judge: _Judge, same: Same) -> Table:
    """The tree with the fewest kernels, devices, SMMUs and so on, each gone together with whatever names it."""
    places = tuple(path for path, _ in walk(tree) if len(path) == 2 and path[0] in NAMED)

    def rest(kept: Sequence[Path]) -> Table:
        gone = {place for path in places if path not in kept for place in _naming(tree, path)}
        found = without(tree, gone)
        assert isinstance(found, Table)
        return found

    return rest(smallest(places, lambda kept: judge.same(rest(kept)) == same))


def _naming(tree: Table, entity: Path) -> Iterator[Path]:
    yield entity
    word = re.compile(rf"(?<![\w.+-]){re.escape(str(entity[1]))}(?![\w.+-])")
    for path, node in walk(tree):
        if isinstance(node, Scalar) and path[0] not in KEPT and word.search(node.text):
            yield path


def _level(tree: Table, depth: int, judge: _Judge, same: Same) -> Table:
    """The tree with the fewest of what stands at one depth."""
    places = tuple(path for path, _ in walk(tree) if len(path) == depth and path[0] not in KEPT)

    def rest(kept: Sequence[Path]) -> Table:
        found = without(tree, frozenset(places) - frozenset(kept))
        assert isinstance(found, Table)
        return found

    return rest(smallest(places, lambda kept: judge.same(rest(kept)) == same))


def _first(root: Table, path: str, options: Options) -> str:
    names = list(_refuted(root, path, options))
    if not names:
        help_ = "only what is refuted can be reduced; why says what a proof needs"
        raise InputError([Diagnostic("KX024", "nothing is refuted", Span(path), help=help_)])
    return names[0]


def _refuted(root: Table, path: str, options: Options) -> Iterator[str]:
    found = [f for f in checked_tree(root, path, options).report.findings if f.verdict is Verdict.REFUTED]
    for finding in sorted(found, key=lambda f: f.severity != "error"):
        yield finding.property.id


def _no_finding(root: Table, path: str, name: str, options: Options) -> InputError:
    names = list(_refuted(root, path, replace(options, only=())))
    message = f"{quote(name)} is not refuted here"
    return InputError([Diagnostic("KX024", message, Span(path), help=allowed_help(name, names, "refuted are"))])
