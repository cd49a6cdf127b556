"""Edits of a specification's contents: one value replaced, dropped or swapped with its neighbour."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from kexecspec.source import plain, read
from tests.mutants.mutant import Mutant

Place = tuple[str | int, ...]
Edit = tuple[str, Any]


def contents(path: Path) -> Any:
    """The specification in `path` as plain values."""
    return plain(read(str(path)))


def rewritten(path: Path, content: Any) -> str:
    """The text of `path` with other contents: its first line, then JSON, which is YAML with every text in quotes."""
    return path.read_text(encoding="utf-8").splitlines()[0] + "\n" + json.dumps(content) + "\n"


def mutants_of(part: str, root: Path, path: Path, edits: Iterator[Edit]) -> Iterator[Mutant]:
    """A mutant of the specification `path` for each of `edits`."""
    file = path.relative_to(root).as_posix()
    for what, content in edits:
        yield Mutant(part, f"{file}: {what}", file, rewritten(path, content))


def at(content: Any, place: Place) -> Any:
    """What stands at `place`."""
    for key in place:
        content = content[key]
    return content


def put(content: Any, place: Place, value: Any) -> Any:
    """`content` with `value` at `place`."""
    made = deepcopy(content)
    at(made, place[:-1])[place[-1]] = value
    return made


def dropped(content: Any, place: Place) -> Any:
    """`content` without what stands at `place`."""
    made = deepcopy(content)
    del at(made, place[:-1])[place[-1]]
    return made


def swapped(content: Any, place: Place) -> Any:
    """`content` with the item at `place` behind the one after it."""
    made = deepcopy(content)
    items, number = at(made, place[:-1]), int(place[-1])
    items[number], items[number + 1] = items[number + 1], items[number]
    return made


def leaves(content: Any, prose: frozenset[str], place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that is neither table nor list, with its place; keys in `prose` are passed over."""
    if isinstance(content, dict):
        for key, inner in content.items():
            if key not in prose:
                yield from leaves(inner, prose, (*place, key))
    elif isinstance(content, list):
        for number, inner in enumerate(content):
            yield from leaves(inner, prose, (*place, number))
    else:
        yield place, content


def shifted(version: str, by: int) -> str:
    """`version` one step later or earlier in its last number that is not zero."""
    numbers = list(re.finditer(r"\d+", version))
    last = next((n for n in reversed(numbers) if int(n[0]) + by >= 0 and (int(n[0]) or by > 0)), numbers[-1])
    return version[: last.start()] + str(int(last[0]) + by) + version[last.end() :]


def spelled(place: Place) -> str:
    """`place` in words: hooks.probe[2].when."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
