"""A site's own specifications, laid over the library: properties, policies and drivers, checked as ours are."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from kexecspec.diagnostics import Diagnostic, InputError, Span, allowed_help, quote
from kexecspec.ir.language import LanguageError, parse
from kexecspec.library import OPEN, Library
from kexecspec.schema import validate
from kexecspec.source import Node, Scalar, find, read
from kexecspec.tree import Items, Table, at

_SCHEMAS = {"properties": "property", "policies": "policy", "drivers": "driver"}
_KEYS = {"properties": "property", "policies": "policy", "drivers": "driver"}
_EXPRESSIONS = ("if", "violated", "premise", "boot")
_CROWDS = ("clients", "buffers", "smmus", "devices", "walkers", "tee_drivers")
_OWN = "KX9"


def laid_over(library: Library, folders: Sequence[str]) -> Library:
    """`library` with the specifications of `folders` over it.

    Raises InputError with everything that is wrong with any of them: a folder or file of which nothing would be read,
    a file that does not fit its schema, a name that is taken, a rule that is no rule.
    """
    found = list(library.over)
    wrong: list[Diagnostic] = []
    for folder in folders:
        complaints = [*_folder(folder)] or [*_files(Library(library.root, tuple(found)), Path(folder))]
        wrong += complaints
        if not complaints:
            found.append(Path(folder))
    if wrong:
        raise InputError(wrong)
    return Library(library.root, tuple(found), library.policy)


def _folder(folder: str) -> Iterator[Diagnostic]:
    """What is wrong with the folder itself: what it has must be what is read."""
    try:
        names = sorted(os.listdir(folder))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield Diagnostic("KX013", f"cannot read the folder {quote(folder)}: {reason}", Span(folder))
        return
    inside = [name for name in names if Path(folder, name).is_dir() and not name.startswith(".")]
    for name in [name for name in inside if name not in OPEN]:
        yield Diagnostic("KX036", f"{quote(name)} is none of the folders that are read", Span(f"{folder}/{name}"), (),
                         allowed_help(name, OPEN))
    files = [one for name in inside if name in OPEN for one in sorted(Path(folder, name).iterdir())]
    for file in [one for one in files if one.suffix != ".yaml" and not one.name.startswith(".")]:
        yield Diagnostic("KX036", f"{quote(file.name)} would not be read", Span(str(file)), (),
                         f"specifications are called NAME.yaml: {file.stem}.yaml")
    if not any(one.suffix == ".yaml" for one in files):
        message = f"there is no specification in {quote(folder)}"
        yield Diagnostic("KX036", message, Span(folder), (), f"{', '.join(f'{name}/NAME.yaml' for name in OPEN)}")


def _files(below: Library, folder: Path) -> Iterator[Diagnostic]:
    for name in OPEN:
        for file in sorted((folder / name).glob("*.yaml")):
            try:
                node = read(str(file))
            except InputError as error:
                yield from error.diagnostics
                continue
            complaints = validate(node, _SCHEMAS[name])
            yield from complaints or _named(below, name, file.stem, node)
            if name == "properties" and not complaints:
                yield from _rule(node)
            if name == "drivers" and not complaints:
                yield from _hooks(below, node)


def _named(below: Library, folder: str, name: str, node: Node) -> Iterator[Diagnostic]:
    """A file has the name of what stands in it, and one that nobody else has."""
    key = _KEYS[folder]
    said, place = find(node, (key,)), at(node, (key,))
    if not isinstance(said, Scalar) or said.value != name:
        yield Diagnostic("KX036", f"{key} {quote(said.text if isinstance(said, Scalar) else '')} in a file called "
                         f"{quote(name + '.yaml')}", place, (), f"name both alike: {key}: {name}")
    taken = below.spec(folder, name)
    if taken is not None:
        yield Diagnostic("KX036", f"the {key} {quote(name)} is there already", place, (f"see {taken.path}",),
                         "give it another name; nothing is replaced")


def _hooks(below: Library, node: Node) -> Iterator[Diagnostic]:
    """A driver frees what its probe allocates, and its operations hang on kernel features that there are."""
    items = [(hook, item) for hook in ("probe", "shutdown", "remove") for item in _items(find(node, ("hooks", hook)))]
    made = [found.text for hook, item in items if hook == "probe" and (found := _scalar(item, "buffer"))]
    for hook, item in items:
        buffer = _scalar(item, "buffer")
        if hook != "probe" and buffer is not None and buffer.text not in made:
            message = f"{hook} frees {quote(buffer.text)}, which the probe hook does not allocate"
            yield Diagnostic("KX002", message, buffer.span, (), allowed_help(buffer.text, made, "allocated"))
        for key in ("when", "unless"):
            said = item.get(key) if isinstance(item, Table) else None
            for name in said.items if isinstance(said, Items) else (said,):
                if isinstance(name, Scalar) and name.text not in below.features:
                    help_text = allowed_help(name.text, sorted(below.features))
                    yield Diagnostic("KX002", f"unknown kernel feature {quote(name.text)}", name.span, (), help_text)


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()


def _scalar(node: Node, key: str) -> Scalar | None:
    found = node.get(key) if isinstance(node, Table) else None
    return found if isinstance(found, Scalar) else None


def _rule(node: Node) -> Iterator[Diagnostic]:
    """A site's rule has a code of its own, and speaks of one part of a platform at a time."""
    code = find(node, ("property",))
    if isinstance(code, Scalar) and not code.text.startswith(_OWN):
        message = f"{quote(code.text)} is a code of the library's"
        yield Diagnostic("KX036", message, code.span, (), f"a site's own rules are {_OWN}00 to {_OWN}99")
    instances = find(node, ("instances",))
    for entry in instances.items if isinstance(instances, Items) else ():
        for key in _EXPRESSIONS:
            said = entry.get(key) if isinstance(entry, Table) else None
            if isinstance(said, Scalar):
                yield from _expression(said)


def _expression(said: Scalar) -> Iterator[Diagnostic]:
    try:
        body = parse(said.text)
    except LanguageError as error:
        yield Diagnostic("KX009", str(error), said.span, (), "an expression of the rule language, see ARCHITECTURE.md")
        return
    crowds = [node.id for node in ast.walk(body) if isinstance(node, ast.Name) and node.id in _CROWDS]
    for name in crowds:
        message = f"a site's rule is about one part of a platform, not about all its {name}"
        yield Diagnostic("KX036", message, said.span, (), "write it for one (for: ...), as self")
