"""A new import over a file that was imported before and changed by hand since: what was changed stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kexecspec.importers.compose.answers import NAMED
from kexecspec.importers.compose.marks import Leaf, leaves, mark

BY_HAND = "by hand"
BESIDE = ("from", "confidence")


@dataclass(frozen=True, slots=True)
class Kept:
    """A fact that somebody changed, and stays so: what it is there, and what the import says (None: nothing)."""

    fact: str
    there: Any
    imported: Any


def updated(
    old: Mapping[str, Any], marks: frozenset[bytes], new: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Kept, ...]]:
    """`new` with what differs in `old` by hand, and those facts. `marks` are the sums of what `old` was imported as:
    a fact that has one is as it was imported, and gives way; one that is gone although it was imported stays away."""
    before, after = dict(leaves(old)), dict(leaves(new))
    facts: dict[Leaf, Any] = {}
    kept: list[Kept] = []
    for leaf in (*after, *(leaf for leaf in before if leaf not in after)):
        theirs, ours = leaf in before, leaf in after
        if theirs and ours and before[leaf] == after[leaf]:
            facts[leaf] = after[leaf]
        elif theirs and mark(leaf, before[leaf]) not in marks:
            facts[leaf] = before[leaf]
            kept.append(Kept(".".join(leaf), before[leaf], after.get(leaf)))
        elif not theirs and mark(leaf, after[leaf]) in marks:
            kept.append(Kept(".".join(leaf), None, after[leaf]))
        elif ours:
            facts[leaf] = after[leaf]
    told = tuple(one for one in kept if not set(BESIDE) & set(one.fact.split(".")))
    return _with_origins(_nested(facts), [leaf for leaf in facts if _changed(leaf, facts, after)]), told


def _changed(leaf: Leaf, facts: Mapping[Leaf, Any], after: Mapping[Leaf, Any]) -> bool:
    return facts[leaf] != after.get(leaf) and _part_of(leaf) is not None


def _part_of(leaf: Leaf) -> tuple[Leaf, str] | None:
    """The keys of the part that a fact is of, and its name there; None for what has no `from`."""
    depth = 2 if leaf[0] in NAMED else 1 if leaf[0] in ("memory", "secure_world") else 0
    rest = leaf[depth:]
    return (leaf[:depth], ".".join(rest)) if depth and rest and rest[0] not in BESIDE else None


def _with_origins(content: dict[str, Any], changed: Iterable[Leaf]) -> dict[str, Any]:
    """`content` with `from` of what was changed by hand saying so, and nothing assumed or unknown about it."""
    for leaf in changed:
        found = _part_of(leaf)
        if found is None:
            continue
        part: Any = content
        for key in found[0]:
            part = part[key]
        part.setdefault("from", {})[found[1]] = BY_HAND
        doubts = part.get("confidence", {})
        doubts.pop(found[1], None)
        if not doubts:
            part.pop("confidence", None)
    return content


def _nested(facts: Mapping[Leaf, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for leaf, value in facts.items():
        at = made
        for key in leaf[:-1]:
            below = at.setdefault(key, {})
            if not isinstance(below, dict):
                below = at[key] = {}
            at = below
        if not (isinstance(at.get(leaf[-1]), dict) and at[leaf[-1]]):
            at[leaf[-1]] = value
    return made
