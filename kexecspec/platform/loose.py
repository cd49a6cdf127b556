"""Reading a platform file's content in any state: what is missing or malformed is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kexecspec.quantities import parse_range, parse_size


def table(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table under `key`; an empty one where there is none."""
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def tables(content: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The named tables under `key`; one that says nothing is empty."""
    for name, entry in table(content, key).items():
        yield name, entry if isinstance(entry, dict) else {}


def size(given: object) -> int | None:
    """A size in bytes, if it is one."""
    try:
        return None if given is None else parse_size(given)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None


def spans(given: object) -> list[tuple[int, int]]:
    """The ranges among one or several, as (start, size)."""
    found = []
    for text in given if isinstance(given, list) else [given]:
        try:
            found.append(parse_range(str(text)))
        except ValueError:
            continue
    return found
