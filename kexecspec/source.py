"""YAML text as a tree in which every node knows its place. The only importer of yaml.

The tree is built from the parser's events, not from its recursive composer, so that nesting,
number of nodes and the growth of aliases are bounded while reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml

from kexecspec.diagnostics import MOST, Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.extends import merge
from kexecspec.scalars import resolve
from kexecspec.textfile import line_reader, line_text, read_text
from kexecspec.tree import Entry, Items, Node, Plain, Scalar, Table, at, find, key_at, plain, walk

__all__ = [
    "Entry", "Items", "Node", "Plain", "Scalar", "Table", "at", "find", "key_at", "line_reader", "line_text",
    "load", "parse", "plain", "read", "walk",
]  # fmt: skip

DEEPEST = 64
MOST_NODES = 400_000
LONGEST_CHAIN = 16

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: str, within: str | None = None, text_of: Callable[[str], str] = read_text) -> Node:
    """The tree of a file with everything that it `extends` merged in, nothing of it from outside of the folder
    `within`, if that is given. `text_of` gives the text of a file. Raises InputError.

    A file's own entries win, tables are merged key by key, lists are replaced, `null` removes a key
    of the extended file. `extends` itself is gone from the result; each node keeps its own file's span.
    """
    root = parse(text_of(path), path)
    if not isinstance(root, Table):
        return root
    chain, names = [root], [path]
    while (named := chain[-1].get("extends")) is not None:
        names.append(_next_file(named, names))
        if within is not None and not _is_inside(names[-1], within):
            message = f"extends {quote(names[-1])}: outside of the folder {quote(within)}"
            raise InputError([Diagnostic("KX019", message, named.span, help="name the platform file by --platform")])
        chain.append(_read_extended(names[-1], named.span, text_of))
        if sum(1 for table in chain for _ in walk(table)) > MOST_NODES:
            message = f"more than {MOST_NODES} values, counting all files that extend one another"
            raise InputError([Diagnostic("KX018", message, named.span)])
    merged = chain.pop()
    while chain:
        merged = merge(merged, chain.pop())
    return Table(tuple(entry for entry in merged.entries if entry.key.text != "extends"), merged.span)


def read(path: str) -> Node:
    """The tree of one file as it stands. Raises InputError with everything that is wrong with its form."""
    return parse(read_text(path), path)


def parse(text: str, path: str) -> Node:
    """The tree of a text; `path` only names it in spans. Raises InputError."""
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        builder.wrong.append(_syntax_error(error, path))
    except (ValueError, OverflowError, RecursionError):
        builder.wrong.append(Diagnostic("KX001", "this is not YAML", builder.last))
    if builder.root is None and not builder.wrong:
        builder.wrong.append(Diagnostic("KX016", "the file is empty", Span(path), help="see kexecspec init"))
    if builder.wrong or builder.root is None:
        raise InputError(builder.wrong)
    return builder.root


@dataclass(slots=True)
class _Open:
    """A list or table whose end has not been read yet."""

    table: bool
    start: Span
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Scalar | None = None
    end: Span | None = None
    size: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


class _Builder:
    """Takes the parser's events one by one; `root` is the tree, `wrong` what was wrong with it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Node | None = None
        self.wrong: list[Diagnostic] = []
        self.last = Span(path)
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Adds one event. Raises InputError where reading on would be unbounded or senseless."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._finish(self._span(event))
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._document(self._span(event))
            case _:
                pass

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        if start is not None and end is not None:
            self.last = Span(self.path, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        return self.last

    def _stop(self, code: str, message: str, span: Span, help_: str | None = None) -> InputError:
        return InputError([*self.wrong, Diagnostic(code, message, span, help=help_)])

    def _note(self, diagnostic: Diagnostic) -> None:
        self.wrong.append(diagnostic)
        if len(self.wrong) > MOST:
            raise InputError(self.wrong)

    def _document(self, span: Span) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop("KX017", "a second document begins here", span, "a file holds one document")

    def _count(self, span: Span, size: int, height: int) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            raise self._stop("KX018", f"more than {MOST_NODES} values, counting what aliases repeat", span)
        if len(self._open) + height > DEEPEST:
            raise self._stop("KX018", f"nested deeper than {DEEPEST} levels", span)

    def _tag(self, tag: str | None, span: Span) -> None:
        if tag is not None:
            message = f"a tag ({quote(tag)}) is not supported"
            self._note(Diagnostic("KX020", message, span, help="remove it; text can be quoted"))

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        span = self._span(event)
        self._count(span, 1, 1)
        self._tag(event.tag, span)
        if self._open and self._open[-1].table and self._open[-1].key is None:
            raise self._stop("KX020", "a key must be plain text, not a list or mapping", span)
        table = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(table, span, event.anchor))
        if event.anchor is not None:
            self._anchors[event.anchor] = None

    def _finish(self, end: Span) -> None:
        done = self._open.pop()
        if end.line == end.end_line and end.column == end.end_column:
            end = done.end or done.start
        self.last = end
        span = Span(self.path, done.start.line, done.start.column, end.end_line, end.end_column)
        node: Node = (
            Table(tuple(done.entries.values()), span) if done.table else Items(tuple(done.items), span)
        )
        self._add(node, done.anchor, done.size, done.height)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span = self._span(event)
        self._count(span, 1, 0)
        self._tag(event.tag, span)
        quoted = bool(event.style)
        value: str | int | bool | None = event.value
        if not quoted:
            try:
                value = resolve(event.value)
            except ValueError as error:
                self._note(Diagnostic("KX007", str(error), span))
        self._add(Scalar(value, event.value, span, quoted), event.anchor, 1, 0)

    def _alias(self, event: yaml.AliasEvent) -> None:
        span, name = self._span(event), event.anchor or ""
        if name not in self._anchors:
            help_ = allowed_help(name, tuple(self._anchors), "anchors") if self._anchors else None
            self._note(Diagnostic("KX020", f"no anchor &{name} before this alias", span, help=help_))
            self._add(Scalar(None, "", span), None, 1, 0)
            return
        target = self._anchors[name]
        if target is None:
            raise self._stop("KX020", f"alias *{name} stands inside of what it repeats", span)
        self._count(span, target.size, target.height)
        self._add(target.node, None, target.size, target.height)

    def _add(self, node: Node, anchor: str | None, size: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, size, height)
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        top.size += size
        top.height = max(top.height, height + 1)
        top.end = self.last
        if not top.table:
            top.items.append(node)
        elif top.key is None:
            top.key = self._key(node)
        else:
            self._entry(top, Entry(top.key, node))
            top.key = None

    def _key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise self._stop("KX020", "a key must be plain text, not a list or mapping", self.last)
        if node.text == "<<" and not node.quoted:
            help_ = "repeat the entries, or use extends"
            self._note(Diagnostic("KX020", "merge keys ('<<') are not supported", node.span, help=help_))
        elif node.text == "" and not node.quoted:
            self._note(Diagnostic("KX020", "a key is missing before ':'", node.span))
        return node

    def _entry(self, table: _Open, entry: Entry) -> None:
        earlier = table.entries.setdefault(entry.key.text, entry)
        if earlier is not entry:
            message = f"duplicate key {quote(entry.key.text)} (line {earlier.key.span.line})"
            self._note(Diagnostic("KX005", message, entry.key.span, help="remove one of the two"))


def _syntax_error(error: yaml.YAMLError, path: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    notes = tuple(_context(error))
    help_ = _syntax_help(str(problem), line, path)
    return Diagnostic(
        "KX001", f"not YAML: {problem}", Span(path, line, column, line, column + 1), notes, help_
    )


def _syntax_help(problem: str, line: int, path: str) -> str | None:
    if "mapping values are not allowed" in problem:
        return "put text that contains ': ' in quotes"
    if "cannot start any token" in problem:
        return "indent with spaces, not tabs; put text that starts with @, ` or % in quotes"
    return None


def _context(error: yaml.YAMLError) -> Iterator[str]:
    context = getattr(error, "context", None)
    mark = getattr(error, "context_mark", None)
    if context:
        yield f"{context}, begun in line {mark.line + 1}" if mark else str(context)


def _next_file(named: Node, names: list[str]) -> str:
    """The path of the file that an `extends` value names, or InputError at that value."""
    if not isinstance(named, Scalar) or not isinstance(named.value, str) or not named.value:
        raise InputError([Diagnostic("KX019", "extends names one file", named.span)])
    if "://" in named.value:
        help_ = "copy the file and name its path"
        raise InputError(
            [Diagnostic("KX019", "extends reads files only, no addresses", named.span, help=help_)]
        )
    if "\0" in named.value:
        raise InputError(
            [Diagnostic("KX019", f"extends {quote(named.value)}: this is no file name", named.span)]
        )
    path = os.path.normpath(os.path.join(os.path.dirname(names[-1]), named.value))
    seen = [os.path.realpath(name) for name in names]
    if os.path.realpath(path) in seen:
        round_trip = " -> ".join([*names[seen.index(os.path.realpath(path)) :], path])
        raise InputError([Diagnostic("KX019", f"extends goes round: {round_trip}", named.span)])
    if len(names) >= LONGEST_CHAIN:
        chain = " -> ".join([*names, path])
        message = f"more than {LONGEST_CHAIN} files extend one another"
        raise InputError([Diagnostic("KX019", message, named.span, (chain,))])
    return path


def _is_inside(path: str, folder: str) -> bool:
    top = os.path.realpath(folder)
    return os.path.commonpath((os.path.realpath(path), top)) == top


def _read_extended(path: str, named: Span, text_of: Callable[[str], str]) -> Table:
    """A file that another one extends; that it cannot be opened is told at the place that names it."""
    try:
        root = parse(text_of(path), path)
    except InputError as error:
        first = error.diagnostics[0]
        if first.code not in ("KX013", "KX014"):
            raise
        message = f"extends {quote(path)}: {first.message}"
        raise InputError([Diagnostic("KX019", message, named)]) from None
    if not isinstance(root, Table):
        raise InputError([Diagnostic("KX019", f"extends {quote(path)}: it holds no mapping", named)])
    return root
