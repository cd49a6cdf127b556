"""When two combinations are the same: by what they say, and by the system that they come to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from kexecspec import hashes
from kexecspec.diagnostics import InputError, Span
from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.sweep.matrix import Combination, Names
from kexecspec.tree import plain

_UNHEARD = ("about", "schema")
"""What a platform file says to people only."""
_UNRESOLVED = (*_UNHEARD, "platform", "kernels", "expect", "waivers")
"""What the resolved facts say better, or what nothing but a heading is made from."""


@dataclass(frozen=True)
class Made:
    """What results are made with: sums of the specifications and of the tool, the solver, and the options that bear on
    a verdict."""

    specs: str
    tool: str
    z3: str
    only: tuple[str, ...]
    rlimit: int


def made_with(library: Library, only: tuple[str, ...], rlimit: int) -> Made:
    """What this installation makes results with."""
    return Made(*hashes.of_installation(library), only, rlimit)


def combination_id(combination: Combination, made: Made) -> str:
    """The sum of what a combination says and of what it is judged with: the same, the same result."""
    try:
        content = plain(combination.tree())
    except InputError as error:
        content = str(error)
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key not in _UNHEARD}
    return _sum([_plain(made), content])


def matrix_sum(identified: Iterable[tuple[Names, str]]) -> str:
    """The sum of a whole matrix: its combinations, in order, and what each says."""
    return _sum([[names, one] for names, one in identified])


def system_id(ways: Iterable[tuple[object, Platform]], made: Made) -> str:
    """The sum of the facts of a platform: whatever its name, file, and kernels' versions, the same system comes of
    them, and the same result."""
    return _sum([_plain(made), [[_plain(facts), _plain(_facts(platform))] for facts, platform in ways]])


def _facts(platform: Platform) -> dict[str, Any]:
    found = {field.name: getattr(platform, field.name) for field in fields(platform)}
    said = dict(platform.plain)
    kernels = said.get("kernels", {})
    if isinstance(kernels, Mapping):
        said["kernels"] = {
            name: {key: value for key, value in (kernel or {}).items() if key not in ("version", "features")}
            for name, kernel in kernels.items()
        }
    kept = {key: value for key, value in said.items() if key == "kernels" or key not in _UNRESOLVED}
    return found | {"name": "", "path": "", "expectations": (), "plain": kept}


def _plain(value: Any) -> Any:
    """`value` as lists, tables and texts, without places in files, and in one order where it has none; tables keep
    theirs. A kernel's version is in its features."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, Mapping):
        return [[str(key), _plain(one)] for key, one in value.items()]
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, Span):
        return None
    if is_dataclass(value):
        kind = type(value).__name__
        names = [field.name for field in fields(value) if (kind, field.name) != ("Kernel", "version")]
        return [kind, *(_plain(getattr(value, name)) for name in names)]
    return [_plain(one) for one in value]


def _sum(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
