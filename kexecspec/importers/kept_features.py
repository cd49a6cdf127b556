"""The features of a kernel tree, kept from the last look at it for as long as the files that were looked at stay the
same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kexecspec.files import write_whole
from kexecspec.importers.facts import Fact, Place
from kexecspec.importers.features.recognise import features_of
from kexecspec.importers.features.tree import Tree
from kexecspec.library import Library

LARGEST = 4 << 20
Features = Mapping[str, Fact[bool]]


def kept_features(tree: Tree, library: Library, folder: Path | None) -> Features:
    """What `features_of` says of the tree: as it said last, if nothing has changed that it looked at, and kept in
    `folder` otherwise. Nothing is kept without one, or where it cannot be written."""
    if folder is None:
        return features_of(tree, library)
    root = os.path.realpath(tree.root)
    file = folder / f"features-{hashlib.sha256(os.fsencode(root)).hexdigest()[:20]}.json"
    key = _key(tree, library)
    found = _read(file, key, tree.root)
    if found is None:
        found = features_of(tree, library)
        _write(file, key, tree, found)
    return found


def _key(tree: Tree, library: Library) -> str:
    """A sum of what decides what is looked at, and how: this code, the features described, and the configuration."""
    made = hashlib.sha256(json.dumps([tree.config, library.features], sort_keys=True, default=str).encode())
    for source in sorted(Path(__file__).parent.glob("features/*.py")):
        made.update(source.read_bytes())
    return made.hexdigest()


def _read(file: Path, key: str, root: Path) -> Features | None:
    try:
        with open(file, "rb") as opened:
            said = json.loads(opened.read(LARGEST))
        same = said["key"] == key and all(_signature(root / path) == sign for path, sign in said["files"].items())
        return {name: _fact(*fact) for name, fact in said["features"].items()} if same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _fact(value: Any, places: Any, confidence: Any, note: Any) -> Fact[bool]:
    if (
        value not in (True, False, None)
        or confidence not in ("read", "assumed", "unknown")
        or not isinstance(note, str)
    ):
        raise ValueError("no fact")
    return Fact(value, tuple(Place(str(f), int(line), str(node)) for f, line, node in places), confidence, note)


def _write(file: Path, key: str, tree: Tree, found: Features) -> None:
    features = {name: (fact.value, list(_places(fact)), fact.confidence, fact.note) for name, fact in found.items()}
    files = {path: _signature(tree.root / path) for path in tree.looked_at}
    try:
        write_whole(file, json.dumps({"key": key, "files": files, "features": features}))
    except OSError:
        return


def _places(fact: Fact[bool]) -> Iterator[tuple[str, int, str]]:
    return ((place.file, place.line, place.node) for place in fact.places)


def _signature(path: Path) -> list[int] | None:
    """By what a file is known again without reading it; None where it is not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]
