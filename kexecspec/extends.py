"""One tree over another: how a file and the file that it extends become one."""

from __future__ import annotations

from kexecspec.diagnostics import MOST, Diagnostic, InputError, allowed_help, quote
from kexecspec.tree import Entry, Node, Scalar, Table


def merge(base: Table, over: Table) -> Table:
    """`base` with the entries of `over` laid over it. InputError where `over` removes what is not there.

    Tables are merged key by key, everything else is replaced, `null` removes the key. The order is that
    of `base`, new keys follow. Every node keeps the span of the file that it came from; a merged table
    has the span of `over`, where a person would edit it.
    """
    wrong: list[Diagnostic] = []
    merged = _merged(base, over, wrong)
    if wrong:
        raise InputError(wrong)
    return merged


def _merged(base: Table, over: Table, wrong: list[Diagnostic]) -> Table:
    entries = {entry.key.text: entry for entry in base.entries}
    for entry in over.entries:
        name = entry.key.text
        under = entries.get(name)
        if _is_null(entry.value):
            if under is None and len(wrong) <= MOST:
                wrong.append(_nothing_to_remove(entry, base))
            entries.pop(name, None)
        elif isinstance(entry.value, Table):
            below = under.value if under else None
            empty = Table((), entry.value.span)
            table = _merged(below if isinstance(below, Table) else empty, entry.value, wrong)
            entries[name] = Entry(entry.key, table)
        else:
            entries[name] = entry
    return Table(tuple(entries.values()), over.span)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _nothing_to_remove(entry: Entry, base: Table) -> Diagnostic:
    name = entry.key.text
    message = f"nothing to remove: the extended file has no {quote(name)} here"
    return Diagnostic("KX019", message, entry.key.span, help=allowed_help(name, base.keys(), "it has"))
