"""Trees of one platform file that come to the same system, told before they are resolved and before they are ground."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kexecspec.library import Library
from kexecspec.platform.facts import Platform
from kexecspec.review.features import Has, has
from kexecspec.tree import Node, find, plain

_MEASURED = frozenset(("config", "adopts"))
"""What a kernel's entry is refused for by what is stated of its features by hand, and not by its version."""


def said(tree: Node, library: Library) -> str:
    """What a tree says, as a text: the same, the same platform. What a kernel is given by hand and has by its version
    is not said twice."""
    content: Any = plain(tree)
    if not isinstance(content, dict) or not isinstance(content.get("kernels"), dict):
        return repr(content)
    kernels = dict(content["kernels"])
    for name, kernel in kernels.items():
        features = has(find(tree, ("kernels", name)), library)
        if features is not None and _MEASURED.isdisjoint(kernel) and _is_plain(kernel.get("features", {}), features):
            kernels[name] = {**kernel, "features": [one for one in features.items() if one[1] is not False]}
    return repr({**content, "kernels": kernels})


def _is_plain(stated: object, known: Has) -> bool:
    """Whether what is stated by hand of a kernel's features says nothing but which it has."""
    return isinstance(stated, dict) and all(
        name in known and (isinstance(value, bool) or value == "unknown") for name, value in stated.items()
    )


def ground_from(ways: Iterable[tuple[Any, Platform]], library: Library) -> list[tuple[Any, Platform]]:
    """Of the ways of a platform what rules are made from: where it is the same, they are. Of a kernel's features those
    count that a rule looks at; those that bear on a driver's operations are in these."""
    looked_at = library.features_in_rules
    return [
        (
            facts,
            replace(
                platform,
                kernels={
                    name: replace(kernel, features=kernel.features & looked_at)
                    for name, kernel in platform.kernels.items()
                },
                assumptions=(),
                reliances=(),
                expectations=(),
                plain={},
            ),
        )
        for facts, platform in ways
    ]

