"""Mutants of the facts: drivers, kernel features, SMMU variants and trusted OSes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.mutants.edits import (
    Edit,
    Place,
    at,
    contents,
    dropped,
    leaves,
    mutants_of,
    put,
    shifted,
    spelled,
    swapped,
)  # fmt: skip
from tests.mutants.mutant import Mutant

PROSE = frozenset(
    (
        "says", "note", "notes", "title", "sources", "source", "ref", "log", "why", "about", "brings", "how",
        "recognise", "commit", "compatible", "aliases", "confidence", "schema", "driver", "smmu",
        "variant", "tee", "bus", "needs",
        "provides", "config", "examples", "name", "status", "caller",
    )
)  # fmt: skip
OPERATIONS = ("probe", "shutdown", "remove")


def facts(root: Path) -> Iterator[Mutant]:
    """Every mutant of the facts under `root`/specs."""
    for folder, edits in (("drivers", _driver), ("kernels", _features), ("smmu", _values), ("tee", _values)):
        for path in sorted((root / "specs" / folder).glob("*.yaml")):
            yield from mutants_of("facts", root, path, edits(contents(path)))


def _driver(content: Any) -> Iterator[Edit]:
    for hook in OPERATIONS:
        items = content["hooks"].get(hook, [])
        for number, item in enumerate(items):
            place: Place = ("hooks", hook, number)
            named = f"{hook}[{number}] {item if isinstance(item, str) else item['do']}"
            yield f"without {named}", dropped(content, place)
            for gate in ("when", "unless"):
                if isinstance(item, dict) and gate in item:
                    yield f"{named} without {gate}", dropped(content, (*place, gate))
            for field in ("size", "on"):
                if isinstance(item, dict) and field in item:
                    yield f"{named} without {field}", dropped(content, (*place, field))
            yield from _listed(content, (*place, "flags"), named) if "flags" in item else ()
            if hook == "shutdown" and number + 1 < len(items):
                yield f"{named} one later", swapped(content, place)
    yield from _values({k: v for k, v in content.items() if k != "hooks"}, content)


def _features(content: Any) -> Iterator[Edit]:
    for name, entry in content["features"].items():
        place: Place = ("features", name)
        for key in ("since", "until"):
            if entry.get(key, "never") != "never":
                for by in (-1, 1):
                    moved = shifted(entry[key], by)
                    yield f"{name} {key} {moved}", put(content, (*place, key), moved)
        for table in ("backports", "backports_until"):
            for series, release in entry.get(table, {}).items():
                yield f"{name} {table} without {series}", dropped(content, (*place, table, series))
                moved = shifted(release, 1)
                yield f"{name} {table} {moved}", put(content, (*place, table, series), moved)


def _values(part: Any, whole: Any = None) -> Iterator[Edit]:
    """Flags flipped, numbers off by one, versions one step later, words replaced by another of the same place."""
    whole = part if whole is None else whole
    for place, value in leaves(part, PROSE):
        for other in _others(place, value):
            yield f"{spelled(place)} {_word(other)}", put(whole, place, other)
    yield from _listed(whole, ("service", "ta_flags"), "service") if "ta_flags" in part.get("service", {}) else ()
    for place in _gates(part, ()):
        yield f"without {spelled(place)}", dropped(whole, place)


def _listed(content: Any, place: Place, named: str) -> Iterator[Edit]:
    for number, word in enumerate(at(content, place)):
        yield f"{named} without {word}", dropped(content, (*place, number))


def _others(place: Place, value: Any) -> Iterator[Any]:
    key = next((k for k in reversed(place) if isinstance(k, str)), "")
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str) and key in ("since", "until", "version", "not_in"):
        yield shifted(value, 1)
    elif isinstance(value, str) and key in WORDS:
        words = WORDS[key]
        if value in words:
            yield words[(words.index(value) + 1) % len(words)]


WORDS: dict[str, tuple[str, ...]] = {
    key: tuple(words.split())
    for key, words in {
        "translation": "bypass abort gbpa old-tables",
        "fault_interrupts": "off kept",
        "tables": "idle walked",
        "entries": "kept fault cleared",
        "gbpa": "bypass abort",
        "architecture": "v2 v3",
        "matching": "stream-match stream-table",
        "overlap": "accepted rejected",
        "by": "nothing shutdown bus",
        "kexec": "nothing shutdown",
        "reboot": "nothing shutdown",
        "calls": "none user kernel",
        "kind": "ring one-shot none",
        "requests_by": "outside kernel user",
        "private_memory": "registered mapped",
    }.items()
}


def _gates(content: Any, place: Place) -> Iterator[Place]:
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inner:
        if key in ("when", "unless") and not isinstance(at(content, (key,)), dict):
            yield (*place, key)
        elif key not in PROSE and key not in ("unmatched", "hooks"):
            yield from _gates(value, (*place, key))


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
