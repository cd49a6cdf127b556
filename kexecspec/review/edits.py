"""Trees changed at a place: values, not places in a file."""

from __future__ import annotations

from kexecspec.tree import Entry, Items, Node, Path, Plain, Scalar, Table


def put(root: Table, path: Path, node: Node | None) -> Table:
    """`root` with `node` at a path of keys, or without the last key where `node` is None. Tables on the way are made
    where there is something to put, and go where nothing is left in them."""
    key, *rest = path
    assert isinstance(key, str)
    under = root.get(key)
    new: Node | None
    if not rest:
        new = node
    elif isinstance(under, Table):
        new = put(under, tuple(rest), node)
        if node is None and not new.entries and under.entries:
            new = None
    else:
        new = under if node is None else put(Table((), node.span), tuple(rest), node)
    return _with(root, key, new)


def scalar(value: str | int | bool, like: Node) -> Scalar:
    """A scalar at the place of another node."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return Scalar(value, text, like.span)


def built(value: Plain, like: Node) -> Node:
    """A value as a tree, all of it at the place of another node."""
    if isinstance(value, dict):
        return Table(tuple(Entry(scalar(key, like), built(one, like)) for key, one in value.items()), like.span)
    if isinstance(value, list):
        return Items(tuple(built(one, like) for one in value), like.span)
    return Scalar(None, "", like.span) if value is None else scalar(value, like)


def _with(root: Table, key: str, node: Node | None) -> Table:
    old = root.entry(key)
    if node is None:
        return Table(tuple(entry for entry in root.entries if entry is not old), root.span)
    if old is not None:
        new = Entry(old.key, node)
        return Table(tuple(new if entry is old else entry for entry in root.entries), root.span)
    return Table((*root.entries, Entry(Scalar(key, key, node.span), node)), root.span)
