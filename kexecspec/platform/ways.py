"""A platform file read: one platform, or one for each way in which unknown facts may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kexecspec.diagnostics import InputError
from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.platform.fit import unfit
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import Assignment, variants
from kexecspec.source import Node, load, plain

Ways = Sequence[tuple[Assignment, Platform]]
"""The ways in which unknown facts that change a platform's shape may be, and the platform of each."""


def read_platforms(path: str, specs: Library) -> tuple[tuple[Assignment, Platform], ...]:
    """The platforms that the file `path` describes: one, or one for each way in which the unknown facts that
    change its shape may be. Raises InputError with everything that is wrong."""
    return platforms_in(load(path), path, specs)


def platforms_in(root: Node, path: str, specs: Library) -> tuple[tuple[Assignment, Platform], ...]:
    """As `read_platforms`, from the tree `root` of the file `path`."""
    wrong = unfit(root)
    if wrong:
        raise InputError(wrong)
    return platforms_of(root, path, specs)


def platforms_of(root: Node, path: str, specs: Library) -> tuple[tuple[Assignment, Platform], ...]:
    """As `platforms_in`, of a tree that is known to be fit."""
    content: dict[str, Any] = plain(root)  # type: ignore[assignment]
    return tuple((facts, resolve(root, path, specs, filled)) for facts, filled in variants(content, root))
