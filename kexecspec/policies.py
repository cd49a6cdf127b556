"""Policies: which refuted properties are errors, on which handoffs, with what they extend put together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.library import Library, Severity
from kexecspec.schema import validate
from kexecspec.source import Items, Node, Scalar, Table, find, key_at, read

_LONGEST = 16
_ALL = "else"


def with_policy(library: Library, name: str) -> Library:
    """`library` with the policy `name` chosen: that of a file where it has a folder or ends in .yaml, else one of the
    library's or of what is laid over it. Of the policies that it extends the later ones count more, and it itself most.

    Raises InputError with what is wrong with it or with one that it extends.
    """
    found = dict(_entries(library, name, Span(name), ()))
    return replace(library, policy=tuple(severity for said in found.values() for severity in said))


Entries = Iterator[tuple[str, tuple[Severity, ...]]]


def _entries(library: Library, name: str, said: Span, above: tuple[str, ...]) -> Entries:
    """What a policy says of each code, what counts most last: all that is said earlier of the code is replaced."""
    path, node = _file(library, name, said)
    if path in above:
        raise InputError([Diagnostic("KX019", f"the policy {quote(name)} extends itself in the end", said)])
    if len(above) >= _LONGEST:
        raise InputError([Diagnostic("KX019", f"more than {_LONGEST} policies extend one another", said)])
    for base in _bases(node):
        yield from _entries(library, _beside(base.text, path), base.span, (*above, path))
    yield from _own(library, node, library_default=path == _default(library))


def _file(library: Library, name: str, said: Span) -> tuple[str, Node]:
    """The policy's path and content."""
    if not is_path(name):
        spec = library.spec("policies", name)
        if spec is None:
            known = library.names("policies")
            help_text = allowed_help(name, known, "policies") + "; a file: NAME.yaml"
            raise InputError([Diagnostic("KX002", f"unknown policy {quote(name)}", said, (), help_text)])
        return spec.path, spec.node
    node = read(name)
    wrong = validate(node, "policy")
    if wrong:
        raise InputError(wrong)
    return os.path.realpath(name), node


def _default(library: Library) -> str:
    spec = library.spec("policies", "default")
    return spec.path if spec else ""


def is_path(name: str) -> bool:
    """Whether a policy is named as a file."""
    return os.sep in name or name.endswith((".yaml", ".yml"))


def _beside(name: str, path: str) -> str:
    """A file is named relative to the one that names it."""
    return os.path.join(os.path.dirname(path), name) if is_path(name) else name


def _bases(node: Node) -> tuple[Scalar, ...]:
    named = find(node, ("extends",))
    items = named.items if isinstance(named, Items) else (named,)
    return tuple(item for item in items if isinstance(item, Scalar))


def _own(library: Library, node: Node, library_default: bool) -> Entries:
    """What the policy says itself. The default one leaves instances that are notes by themselves as they are, so it has
    no say of its own here."""
    table = find(node, ("severity",))
    if library_default or not isinstance(table, Table):
        return
    known = library.names("properties")
    unknown = [entry.key.text for entry in table.entries if entry.key.text not in known]
    if unknown:
        raise InputError(
            Diagnostic("KX002", f"unknown property {quote(code)}", key_at(node, ("severity", code)), (),
                       allowed_help(code, known))
            for code in unknown
        )  # fmt: skip
    for entry in table.entries:
        yield entry.key.text, tuple(_of_code(entry.key.text, entry.value))


def _of_code(code: str, value: Node) -> Iterator[Severity]:
    if isinstance(value, Scalar):
        yield Severity(code, None, value.text)
    elif isinstance(value, Table):
        said = {entry.key.text: entry.value.text for entry in value.entries if isinstance(entry.value, Scalar)}
        yield from (Severity(code, None if kind == _ALL else kind, severity) for kind, severity in said.items())
