"""Where the facts of a platform come from: lines of its file, kernel features, and items of a driver's specification.

Found by trial: a line is left out, or a kernel is given a feature that it lacks or denied one that it has, and the
platform is resolved again; the facts that are then otherwise come from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.diagnostics import InputError, Span
from kexecspec.ir.system import Place
from kexecspec.ir.values import Value
from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.platform.resolve import resolve
from kexecspec.platform.stated import Stated, numbers, stated
from kexecspec.source import Node, at

Path = tuple[str | int, ...]
SILENT = ("about", "expect", "waivers", "platform", "schema", "duties")


@dataclass(frozen=True)
class Origin:
    """Something that decides facts or numbers: `what` it is in words, where it stands, and the names of these."""

    what: str
    place: Place | None
    facts: frozenset[str]
    feature: str = ""


@dataclass(frozen=True)
class File:
    """A platform file as read, and its content, with unknown facts filled in."""

    path: str
    root: Node
    content: Mapping[str, Any]

    def platform(self, library: Library, content: Mapping[str, Any] | None = None) -> Platform:
        """The platform, resolved whole, of this content or another. Raises InputError."""
        return resolve(self.root, self.path, library, dict(content or self.content), whole=True)

    def place(self, path: Path) -> Place:
        """Where the node at `path` stands, or the nearest around it."""
        return _place(at(self.root, path))


def lines(file: File, library: Library) -> tuple[Origin, ...]:
    """Every line of the file that may be left out, with what it decides; nothing where it only says what would be so
    anyway, or what no fact is about."""
    facts = _all(file.platform(library))
    found = []
    for path in _leaves(file.content, ()):
        changed = _changed(facts, file, library, _without(file.content, path))
        if changed is not None:
            found.append(Origin(".".join(map(str, path)), file.place(path), changed))
    return tuple(found)


def features(file: File, library: Library) -> tuple[Origin, ...]:
    """Every feature that a kernel of the platform has or lacks, with what that decides."""
    platform = file.platform(library)
    facts, found = _all(platform), list[Origin]()
    for kernel in (k for k in platform.kernels.values() if k.linux):
        for feature in sorted(library.features):
            has = feature in kernel.features
            path = ("kernels", kernel.name, "features", feature)
            changed = _changed(facts, file, library, _with(file.content, path, not has)) or frozenset()
            said = f"{kernel.name} {'has' if has else 'lacks'} {feature}"
            place = file.place(path if feature in _given(file.content, kernel.name) else (*path[:2], "version"))
            found.append(Origin(said, place, changed, feature))
    return tuple(found)


def item(fact: Stated, file: File, platform: Platform, library: Library) -> Place | None:
    """Where the operation that `fact` is about stands in its driver's specification."""
    driver = platform.entities[fact.part].driver if fact.op is not None else ""
    if fact.op is None or fact.op.item is None:
        return None
    inside: Path = ("hooks", fact.hook, fact.op.item)
    own = file.content.get("drivers", {}).get(driver)
    if own is not None and fact.hook in own.get("hooks", {}):
        return file.place(("drivers", driver, *inside))
    spec = library.spec("drivers", str((own or {}).get("extends", driver)))
    return None if spec is None else Place(spec.path, at(spec.node, inside).line)


def _given(content: Mapping[str, Any], kernel: str) -> Mapping[str, Any]:
    given: Mapping[str, Any] = (content["kernels"][kernel] or {}).get("features", {})
    return given


def _changed(
    facts: Mapping[str, Value], file: File, library: Library, content: Mapping[str, Any]
) -> frozenset[str] | None:
    """The facts and numbers that are otherwise with `content`; None where that is no platform."""
    try:
        others = _all(file.platform(library, content))
    except InputError:
        return None
    return frozenset(name for name, value in facts.items() if others.get(name) != value)


def _all(platform: Platform) -> dict[str, Value]:
    return {name: fact.value for name, fact in stated(platform).items()} | numbers(platform)


def _leaves(node: Any, path: Path) -> Iterator[Path]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            if path or key not in SILENT:
                yield from _leaves(value, (*path, key))
    elif path and not (path[0] == "assume" and "others" in path) and path[0] != "handoffs":
        yield path


def _without(node: Any, path: Path) -> Any:
    first, *rest = path
    if not rest:
        return {key: value for key, value in node.items() if key != first}
    return {key: _without(value, tuple(rest)) if key == first else value for key, value in node.items()}


def _with(node: Any, path: Path, value: object) -> Any:
    if not path:
        return value
    first, *rest = path
    inner = (node or {}).get(first)
    return {**(node or {}), first: _with(inner, tuple(rest), value)}


def _place(span: Span) -> Place:
    return Place(span.path, span.line, span.column)
