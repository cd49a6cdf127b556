"""What a verdict was made from, as SHA-256 sums: a trace made from anything else is refused."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from kexecspec.findings import Hashes
from kexecspec.library import Library
from kexecspec.platform.facts import Platform

PACKAGE = Path(__file__).resolve().parent


def of(platform: Platform, library: Library) -> Hashes:
    """The sums of a platform's content (after `extends`), of all specifications and of the tool's own code."""
    return Hashes(of_platform(platform), *of_installation(library))


def of_installation(library: Library) -> tuple[str, str, str]:
    """The sums of all specifications and of the tool's own code, and the solver's version."""
    return _specs(library), of_tree(PACKAGE, "*.py"), _solver()


def _specs(library: Library) -> str:
    """The sum of the library's files alone where nothing is laid over them, so that it is the same for everybody."""
    own = of_tree(library.root, "*.yaml")
    if not library.over and not library.policy:
        return own
    others = [of_tree(root, "*.yaml") for root in library.over]
    policy = [[entry.code, entry.handoff, entry.severity] for entry in library.policy]
    return hashlib.sha256(json.dumps([own, others, policy]).encode()).hexdigest()


def of_platform(platform: Platform) -> str:
    """The sum of what the platform file says, independent of its layout; `about`, `expect`, `waivers` do not count."""
    silent = ("about", "expect", "waivers", "schema")
    content = {key: value for key, value in platform.plain.items() if key not in silent}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def of_tree(root: Path, pattern: str) -> str:
    """The sum of all files under `root` that fit `pattern`, with their names."""
    total = hashlib.sha256()
    for file in sorted(root.rglob(pattern)):
        total.update(file.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _solver() -> str:
    """The version of z3 that is installed, as the name of the folder of its metadata says it; importlib.metadata, which
    takes longer to load than a small part to be judged, is asked where there is no such folder, or several."""
    found = find_spec("z3")
    beside = Path(found.origin).parent.parent if found is not None and found.origin else None
    names = [] if beside is None else [folder.name for folder in beside.glob("z3_solver-*.dist-info")]
    if len(names) == 1:
        return names[0].removeprefix("z3_solver-").removesuffix(".dist-info")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("z3-solver")
    except PackageNotFoundError:
        return "unknown"
