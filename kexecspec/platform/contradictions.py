"""Facts that cannot hold together. A proof from them would be about nothing, so they end the check, and each conflict
names the fewest facts that make it one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from kexecspec.library import Library
from kexecspec.platform.complaints import Complaints
from kexecspec.platform.impossible import Conflict, conflicts
from kexecspec.tree import Path

MOST = 20
"""No more conflicts than this are told of one file."""

LARGE = 3000
"""In a file with more facts than this nobody looks for the fewest that make a conflict."""


def check(content: Mapping[str, Any], library: Library, wrong: Complaints) -> None:
    """Adds the conflicts of a platform file to `wrong`, each at its place, with the lines of all facts in it: without
    any one of them it would be none."""
    small = _size(content) <= LARGE
    for conflict in islice(conflicts(content, library), MOST):
        there = partial(_has, library, conflict.name)
        needed = minimal(content, there) if small else ()
        wrong.say("KX010", conflict.says + _lines(conflict, needed, wrong), conflict.place, key=True)


def minimal(content: Mapping[str, Any], holds: Callable[[Mapping[str, Any]], bool]) -> tuple[Path, ...]:
    """The facts of `content` without any one of which `holds` is false of what is left; all others are left out.

    A table or list is named as a whole where no single part of it is needed.
    """
    return tuple(_needed(content, [(key,) for key in content], holds)[1])


def without(content: Any, path: Path) -> Any:
    """`content` without the fact at `path`; an item of a list leaves a gap, so that the others keep their numbers."""
    first, *rest = path
    if isinstance(content, list):
        return [(without(x, tuple(rest)) if rest else None) if n == first else x for n, x in enumerate(content)]
    if rest:
        return {key: without(value, tuple(rest)) if key == first else value for key, value in content.items()}
    return {key: value for key, value in content.items() if key != first}


def _needed(
    content: Mapping[str, Any], paths: Sequence[Path], holds: Callable[[Mapping[str, Any]], bool]
) -> tuple[Mapping[str, Any], list[Path]]:
    """What of `content` is left when all of `paths` that are not needed are gone, and those that are."""
    trial = content
    for path in paths:
        trial = without(trial, path)
    if holds(trial):
        return trial, []
    if len(paths) == 1:
        parts = _below(content, paths[0])
        content, inside = _needed(content, parts, holds) if parts else (content, [])
        return content, inside or [paths[0]]
    half = len(paths) // 2
    content, second = _needed(content, paths[half:], holds)
    content, first = _needed(content, paths[:half], holds)
    return content, [*first, *second]


def _below(content: Any, path: Path) -> list[Path]:
    for step in path:
        content = content[step]
    if isinstance(content, dict):
        return [(*path, key) for key in content]
    return [(*path, number) for number, _ in enumerate(content)] if isinstance(content, list) else []


def _size(content: Any) -> int:
    inside = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return 1 + sum(_size(part) for part in inside)


def _has(library: Library, name: Path, content: Mapping[str, Any]) -> bool:
    return any(conflict.name == name for conflict in conflicts(content, library))


def _lines(conflict: Conflict, needed: Iterable[Path], wrong: Complaints) -> str:
    own = wrong.key_span(*conflict.place)
    others = [(wrong.key_span(*path), path) for path in needed if path[: len(conflict.place)] != conflict.place]
    if not others:
        return ""
    said = [
        f"{span.line if span.path == own.path else f'{span.path}:{span.line}'} ({'.'.join(map(str, path))})"
        for span, path in sorted(others, key=lambda other: (other[0].path != own.path, other[0].line))
    ]
    return f"; the minimal conflict is this and line{'s' if len(said) > 1 else ''} {', '.join(said)}"
